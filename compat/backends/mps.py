"""torch.backends.mps: Apple's GPUs, which JAX does not drive here."""

from __future__ import annotations


def is_available() -> bool:
    """Whether there is such a device."""
    return False


def is_built() -> bool:
    """Whether the library could use one."""
    return False
