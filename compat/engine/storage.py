"""The mutable cell: the only thing in the library that changes."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from compat.engine.value import Value


class Storage:
    """A cell that names its current value and counts the writes to it.

    The value holds every element of the storage, in a dense layout.
    """

    __slots__ = ("value", "version", "host", "owners", "__weakref__")

    value: Value
    version: int
    host: np.ndarray[Any, Any]
    owners: tuple[Any, ...]

    def __init__(self, value: Value) -> None:
        self.value = value
        self.version = 0


class _NotDense:
    """Stands for a host storage's value in the comparison `value.meta is tensor._meta`."""

    meta = None


_NOT_DENSE = _NotDense()


class HostStorage(Storage):
    """A storage whose master is a NumPy buffer, seen by NumPy arrays that may write to it.

    Readers meet a stand-in whose meta fits no tensor, and so take the long way round, which
    snapshots the part they need of the buffer as it is at that moment. A storage becomes one
    by assignment of its class, so that every tensor that shares it follows.
    """

    __slots__ = ()

    @property
    def value(self) -> Any:  # type: ignore[override]
        return _NOT_DENSE

    @property
    def is_still_shared(self) -> bool:
        """Whether a NumPy array outside still refers to the buffer's memory."""
        for owner in self.owners:
            if sys.getrefcount(owner) > _OURS:
                return True
        return False


# What `getrefcount` gives, in the loop above, for an owner that only we refer to: `host` or the
# array it is a view of, the tuple, the variable, the argument.
_OURS = 4


def share(storage: Storage, host: np.ndarray[Any, Any], owners: tuple[Any, ...]) -> None:
    """Makes a flat NumPy buffer the master of the storage.

    owners   the arrays that every other NumPy view of the memory refers to
    """
    storage.host, storage.owners = host, owners
    storage.__class__ = HostStorage


def unshare(storage: Storage, value: Value) -> None:
    """Makes the value, a snapshot of the buffer that nobody else sees any more, the master."""
    storage.__class__ = Storage
    storage.value = value
    del storage.host, storage.owners


class AliasStorage(Storage):
    """What `.data` gives: the same cell with a version counter of its own.

    Writes through it are seen by everybody and counted by nobody, as in PyTorch.
    """

    __slots__ = ("target",)

    def __init__(self, target: Storage) -> None:
        self.target = target
        self.version = 0

    @property
    def value(self) -> Any:  # type: ignore[override]
        return self.target.value

    @value.setter
    def value(self, new: Value) -> None:
        self.target.value = new
