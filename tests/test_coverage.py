"""The table of what is there: its lists, how names are looked up, and what it prints."""

from __future__ import annotations

import re

import pytest

from compat import coverage
from compat.__main__ import main


@pytest.mark.parametrize("listed", coverage.LISTS)
def test_lists_hold_names_once(listed: str) -> None:
    for title, names in coverage.chapters(listed).items():
        assert names and len(set(names)) == len(names), title
        assert all(re.match(r"torch(vision)?(\.\w+)*$", name) for name in names), title


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("torch.add", True), ("torch.Tensor.add_", True), ("torch.nn.functional.relu", True),
        ("torch.autograd.Variable.grad_fn", True), ("torch.utils.data.DataLoader", True),
        ("torch.optim.Optimizer.param_groups", True),  # only its instances have it
        ("torch.optim.Optimizer.no_such_thing", False), ("torch.no_such_thing", False),
        ("elsewhere.add", False),
    ],
)  # fmt: skip
def test_looking_up(name: str, there: bool) -> None:
    assert coverage.is_there(name) is there


def test_what_passes_is_read_from_the_last_run() -> None:
    found = coverage.results()
    assert found["torch.add"] and found["torch.Tensor.add_"] and found["torch.nn.ReLU"]
    row = list(coverage.rows("names_2_13", {"torch.add": True, "torch.linalg.qr": False}))[-1]
    assert row.measured == ["torch.add", "torch.linalg.qr"] and row.passing == ["torch.add"]
    assert row.present > 0.8 * len(row.names)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "--table", "--missing"]) == 0
    told = capsys.readouterr().out
    assert "| **PyTorch 2.13** |" in told and "torch.nn.functional, missing:" in told
