"""torch._logging.set_logs: what it takes as PyTorch's does, and what it turns on."""

from __future__ import annotations

import inspect
import logging
import subprocess
import sys
import warnings

import pytest

import compat
from compat import _logging
from compat.engine import report
from tests.support.both import both


@both
def test_what_is_taken(torch, note):
    def quietly(**given):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch._logging.set_logs(**given)

    note(lambda: quietly())
    note(lambda: torch._logging.set_logs(logging.INFO))
    for given in (
        {"nosuch": True}, {"dynamo": True}, {"dynamo": 25}, {"dynamo": None}, {"all": True},
        {"all": logging.ERROR}, {"inductor": "x"}, {"perf_hints": 3.5}, {"graph_breaks": 1},
        {"graph_breaks": False}, {"guards": True}, {"modules": {"nosuchmodule.inner": 10}},
        {"modules": {"unregistered": True}}, {"modules": {"math": logging.DEBUG}},
        {"modules": {"guards": True}}, {"modules": None},
    ):  # fmt: skip
        note(lambda: quietly(**given))
    note(lambda: quietly())


def test_all_names_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    theirs = set(inspect.signature(torch._logging.set_logs).parameters)
    assert {*_logging.LOGS, *_logging.SWITCHES, "modules"} == theirs


def test_what_is_not_there_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_logging, "_warned", False)
    with pytest.warns(UserWarning, match="does not write PyTorch's logs .*guards"):
        compat._logging.set_logs(guards=True, dynamo=logging.ERROR, recompiles=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compat._logging.set_logs(guards=True)
        compat._logging.set_logs()


def test_breaks_are_told_at_the_end() -> None:
    program = (
        "import compat as torch\n"
        "torch._logging.set_logs(graph_breaks=True, recompiles=True)\n"
        "(torch.rand(3) * 2).sum().item()\n"
    )
    run = [sys.executable, "-c", program]
    told = subprocess.run(run, capture_output=True, text=True, check=True).stderr
    assert "looked at values" in told and "<string>:3" in told
    run[-1] = program.replace("(torch.rand", "torch._logging.set_logs()\n(torch.rand")
    assert "looked" not in subprocess.run(run, capture_output=True, text=True, check=True).stderr
    assert report.looks is None
