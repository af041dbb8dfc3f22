"""torchvision's place. Its datasets, transforms and models come with a later release."""

from __future__ import annotations

from typing import Any

__version__ = "0.28.0+compat"


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"module 'torchvision' has no attribute '{name}' (compat does not have it yet)"
    )
