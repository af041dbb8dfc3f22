"""torch.accelerator: the one accelerator of the process, whatever its kind."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import compat as torch
from compat.core.device import platform_devices
from compat.front.update import run_pending

_current = 0


def _kind() -> str | None:
    return next((kind for kind in ("cuda", "tpu") if platform_devices(kind)), None)


def is_available() -> bool:
    """Whether there is a GPU or a TPU."""
    return _kind() is not None


def device_count() -> int:
    """How many of them there are."""
    kind = _kind()
    return len(platform_devices(kind)) if kind else 0


def current_accelerator(check_available: bool = False) -> torch.device | None:
    """The device type of the accelerator as a device without an index, None without one."""
    kind = _kind()
    return torch.device(kind) if kind else None


def current_device_index() -> int:
    """The index of the accelerator in use; RuntimeError without one."""
    _need()
    return _current


def set_device_index(device: Any, /) -> None:
    """Chooses the accelerator that `current_device_index` gives."""
    global _current
    _need()
    index = device if isinstance(device, int) else torch.device(device).index or 0
    if index >= device_count():
        raise RuntimeError("invalid device ordinal")
    if index >= 0:
        _current = index


class device_index:
    """Chooses an accelerator within a `with`."""

    def __init__(self, device: int | None, /) -> None:
        self.index = device

    def __enter__(self) -> None:
        self.before = _current
        if self.index is not None:
            set_device_index(self.index)

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.index is not None:
            set_device_index(self.before)


def synchronize(device: Any = None, /) -> None:
    """Runs what is pending and waits for it."""
    _need()
    run_pending()


def empty_cache() -> None:
    """Nothing is kept that could be given back."""


def _need() -> None:
    if not is_available():
        raise RuntimeError("Cannot access accelerator device when none is available.")


current_device_idx = current_device_index
set_device_idx = set_device_index
