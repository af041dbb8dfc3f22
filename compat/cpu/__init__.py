"""torch.cpu: the host as a device."""

from __future__ import annotations

from compat.cpu import amp as amp


def is_available() -> bool:
    """There always is a host."""
    return True


def device_count() -> int:
    """One."""
    return 1


def current_device() -> str:
    """The name of the host."""
    return "cpu"


def synchronize(device: object = None) -> None:
    """Operations on the host are waited for where they are looked at."""
