"""What classes and functions are called in files: PyTorch's names for ours, and back."""

from __future__ import annotations

import importlib
import sys
from typing import Any

# Our module, or the beginning of its name, and PyTorch's; the first that fits counts.
_MODULES = (
    ("compat.serialization.rebuild", "torch._utils"),
    ("compat_nn", "torch.nn"),
    ("compat.vision", "torchvision"),
    ("compat", "torch"),
)


def torch_name(thing: Any) -> tuple[str, str] | None:
    """Module and name under which a class or function of ours is written; None for others'."""
    module, name = getattr(thing, "__module__", None) or "", getattr(thing, "__qualname__", "")
    if module.partition(".")[0] not in ("compat", "compat_nn"):
        return None
    if getattr(sys.modules.get("compat"), name, None) is thing:
        return "torch", name
    for ours, theirs in _MODULES:
        if module == ours or module.startswith(ours + "."):
            return theirs + module[len(ours) :], name
    raise AssertionError(module)


def full_name(thing: Any) -> str:
    """The dotted name under which a file asks for a class or function."""
    module, name = torch_name(thing) or (thing.__module__, thing.__qualname__)
    return name if module == "builtins" else f"{module}.{name}"


def our_module(module: str) -> str:
    """Where we keep what a PyTorch module holds."""
    for ours, theirs in _MODULES:
        if module == theirs or module.startswith(theirs + "."):
            return ours + module[len(theirs) :]
    return module


def resolve(module: str, name: str) -> Any:
    """The class or function of ours behind a name in a file; imports what it needs."""
    found: Any = importlib.import_module(our_module(module))
    for part in name.split("."):
        found = getattr(found, part)
    return found
