"""One script, run with compat and with PyTorch: what it notes must agree.

A script is a test function `script(torch, note)`, decorated by `both`. `note(step)` calls the step
and keeps the text of its result, or the type and message of its error, and its warnings. Texts
agree when they are equal but for numbers, and the numbers are equal to rounding.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest

_NUMBER = re.compile(r"(-?\d+\.\d*(?:e[-+]?\d+)?|-?\d+e[-+]?\d+)")
_PATHS = [
    (re.compile(r"\bcompat_nn\b"), "torch.nn"),
    (re.compile(r"\bcompat\b"), "torch"),
    (re.compile(r" at 0x[0-9a-f]+"), ""),
    (re.compile(r"torch\.[\w.]*?(\w+)(?=[ '>])"), r"torch.\1"),  # where a class lives
]


# Warnings that depend on what ran before: JAX's of donation, PyTorch's of its own first uses.
_NOISE = ("donated buffers", "`torch.jit.script` is deprecated")


class Notes(list[str]):
    """What a script has noted."""

    def __call__(self, step: Callable[[], Any]) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                told = repr(step())
            except Exception as error:
                told = f"{type(error).__name__}: {error}"
        seen = dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught)
        shown = [one for one in seen if not any(known in one for known in _NOISE)]
        self.append("\n".join([told, *shown]))


def _plain(text: str) -> str:
    for pattern, replacement in _PATHS:
        text = pattern.sub(replacement, text)
    return text


def agree(ours: str, theirs: str, rtol: float = 2e-4, atol: float = 2e-5) -> bool:
    """Whether two texts are equal but for rounding in their numbers."""
    mine, yours = _NUMBER.split(_plain(ours)), _NUMBER.split(_plain(theirs))
    return len(mine) == len(yours) and all(
        a == b or (at % 2 and math.isclose(float(a), float(b), rel_tol=rtol, abs_tol=atol))
        for at, (a, b) in enumerate(zip(mine, yours, strict=True))
    )


def both(script: Callable[..., None]) -> Callable[..., None]:
    """Makes a test of a script that must note the same with both libraries."""
    parameters = list(inspect.signature(script).parameters.values())[2:]

    @pytest.mark.oracle
    @functools.wraps(script)
    def test(**cases: Any) -> None:
        oracle = pytest.importorskip("torch")
        import compat

        ours, theirs = Notes(), Notes()
        script(compat, ours, **cases)
        script(oracle, theirs, **cases)
        assert len(ours) == len(theirs)
        for at, (mine, yours) in enumerate(zip(ours, theirs, strict=True)):
            assert agree(mine, yours), f"note {at}:\n--- compat\n{mine}\n--- torch\n{yours}"

    test.__signature__ = inspect.Signature(parameters)
    del test.__wrapped__  # else pytest asks for the script's own parameters
    return test
