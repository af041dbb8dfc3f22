"""torchvision: datasets, transforms, models and tools for images, over the public torch API."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.28.0+compat"
_MODULES = ("transforms", "datasets", "models", "utils", "ops", "io", "tv_tensors")
_backend = "PIL"


def set_image_backend(backend: str) -> None:
    """Chooses how images are read: "PIL", or "accimage", which is the same here."""
    global _backend
    if backend not in ("PIL", "accimage"):
        raise ValueError(f"Invalid backend '{backend}'. Options are 'PIL' and 'accimage'")
    _backend = backend


def get_image_backend() -> str:
    """How images are read."""
    return _backend


def _is_tracing() -> bool:
    """Whether a graph is being traced: there never is one."""
    return False


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"compat.vision.{name}")
    raise AttributeError(
        f"module 'torchvision' has no attribute '{name}' (compat does not have it yet)"
    )
