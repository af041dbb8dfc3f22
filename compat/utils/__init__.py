"""Tools around tensors: data loading, hooks, checkpoints."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any


def __getattr__(name: str) -> Any:
    """Opens a module of this folder at its first use, as `import torch` does for PyTorch's."""
    if name == "swap_tensors":
        return importlib.import_module(f"{__name__}.swapping").swap_tensors
    path = f"{__name__}.{name}"
    if not name.startswith("_") and importlib.util.find_spec(path):
        return importlib.import_module(path)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
