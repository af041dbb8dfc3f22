"""torch.cuda: what can be asked of GPUs, also where there is none."""

from __future__ import annotations

import importlib
from typing import Any

from compat.core.device import device as _device
from compat.core.device import platform_devices
from compat.engine.recorder import local


def device_count() -> int:
    """How many GPUs there are."""
    return len(platform_devices("cuda"))


def is_available() -> bool:
    """Whether there is a GPU."""
    return device_count() > 0


def is_initialized() -> bool:
    """Whether a GPU is in use."""
    return is_available()


def current_device() -> int:
    """The index of the current GPU."""
    _need()
    return 0


def get_device_name(device: Any = None) -> str:
    """The name of a GPU."""
    _need()
    index = 0 if device is None else getattr(_device(device), "index", 0) or 0
    return str(platform_devices("cuda")[index].device_kind)


def synchronize(device: Any = None) -> None:
    """Runs what is pending and waits for it."""
    _need()
    local.recorder.flush()


def manual_seed(seed: int) -> None:
    """Nothing to seed apart: every draw comes from the one default stream."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing is kept that could be given back."""


def __getattr__(name: str) -> Any:
    """Opens `torch.cuda.amp` at its first use."""
    if name == "amp":
        return importlib.import_module("compat.cuda.amp")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _need() -> None:
    if not is_available():
        raise AssertionError("Torch not compiled with CUDA enabled")
