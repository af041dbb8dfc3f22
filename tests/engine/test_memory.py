"""Too little memory, in PyTorch's type; what importing does to the collector."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import compat

TOO_MUCH = 10**7  # squared


@pytest.mark.parametrize(
    "ask",
    [
        lambda: (compat.ones(TOO_MUCH, 1) @ compat.ones(1, TOO_MUCH))[0, 0].item(),
        lambda: (compat.ones(TOO_MUCH, 1) @ compat.ones(1, TOO_MUCH)).numpy(),
        lambda: compat.randn(TOO_MUCH, TOO_MUCH),
    ],
)
def test_what_does_not_fit(ask: Callable[[], Any]) -> None:
    with pytest.raises(compat.OutOfMemoryError):
        ask()
    assert compat.OutOfMemoryError is compat.cuda.OutOfMemoryError
    assert issubclass(compat.OutOfMemoryError, RuntimeError)
    assert compat.ones(2).sum().item() == 2


def test_other_errors_keep_their_type() -> None:
    from compat.engine.memory import raise_as_torch

    with pytest.raises(RuntimeError, match="other") as raised:
        raise_as_torch(RuntimeError("other"))
    assert type(raised.value) is RuntimeError


@pytest.mark.parametrize("setting", ["0", "1"])
@pytest.mark.parametrize("was_on", [True, False])
def test_importing_leaves_the_collector_as_it_was(setting, was_on):
    script = f"""
import gc
if not {was_on}:
    gc.disable()
import compat
print(gc.isenabled(), gc.get_freeze_count() > 0)
"""
    environment = {**os.environ, "COMPAT_MALLOPT": setting}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(was_on), str(setting == "1")], done.stderr
