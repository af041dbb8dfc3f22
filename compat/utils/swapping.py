"""Two tensors that change places under the names that refer to them."""

from __future__ import annotations

import weakref
from typing import Any

_FIELDS = ("_storage", "_meta", "_offset", "_tape", "__dict__", "__class__")


def swap_tensors(t1: Any, t2: Any) -> None:
    """Makes each tensor object all that the other was: elements, type, gradient, class, attributes.

    RuntimeError when somebody holds a weak reference to one of them.

    >>> a, b = compat.ones(2), compat.zeros(3)
    >>> compat.utils.swap_tensors(a, b)
    >>> a
    tensor([0., 0., 0.])
    """
    tensors = {"t1": t1, "t2": t2}
    for name, tensor in tensors.items():
        if any(one is not _owner(tensor) for one in weakref.getweakrefs(tensor)):
            raise RuntimeError(f"Cannot swap {name} because it has weakref associated with it")
    for field in _FIELDS:
        first, second = getattr(t1, field), getattr(t2, field)
        setattr(t1, field, second)
        setattr(t2, field, first)
    for tensor in tensors.values():  # hooks that run after accumulation are given the leaf itself
        if _owner(tensor) is not None:
            tensor._tape.extra.owner = weakref.ref(tensor)


def _owner(tensor: Any) -> Any:
    """The reference from the tensor's part in the graph back to it."""
    tape = tensor._tape
    return None if tape is None or tape.extra is None else tape.extra.owner
