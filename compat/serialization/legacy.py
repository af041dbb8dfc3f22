"""The format before the zip archives: pickles one after the other, then the storages' bytes."""

from __future__ import annotations

import copy
import os
import pickle
import struct
import sys
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from compat.core.device import device as Device

from .rebuild import LoadedStorage, StorageType
from .restricted import RestrictedUnpickler, find

Place = Callable[[LoadedStorage, str], LoadedStorage]
Unpickle = Callable[[IO[bytes], Callable[[Any], LoadedStorage]], Any]

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


def storage_identity(identity: Any) -> tuple[StorageType, str, str, int]:
    """Type, key, place and number of elements of a storage, out of the pickle's reference to it."""
    if not (isinstance(identity, tuple) and len(identity) in (5, 6) and identity[0] == "storage"):
        raise pickle.UnpicklingError(
            f"Only persistent_load of storage is allowed, but got {str(identity)[:80]}"
        )
    _, kind, key, location, count = identity[:5]
    plain = (isinstance(kind, StorageType), isinstance(key, str), isinstance(location, str))
    if identity[5:] not in ((), (None,)):
        raise NotImplementedError("torch.load: storages that are views of other storages")
    if not all(plain) or type(count) is not int or count < 0:
        raise pickle.UnpicklingError(f"not a storage: {str(identity)[:80]}")
    return kind, key, location, count


def swapped(data: np.ndarray, kind: StorageType) -> np.ndarray:
    """The bytes of elements in this machine's order, when they are in the other."""
    if kind.dtype is None:
        raise NotImplementedError("torch.load: untyped storages of the other byte order")
    width = kind.dtype.itemsize // (2 if kind.dtype.is_complex else 1)
    return data.reshape(-1, width)[:, ::-1].reshape(-1).copy()


def read(file: IO[bytes], unpickle: Unpickle, place: Place) -> Any:
    """The object in a stream: four pickles, then each storage with its length.

    The object's pickle comes before the bytes of its storages, and a tensor is made when its bytes
    are there. So the pickle is read twice: at first for its storages only.
    """
    start = file.tell()
    length = file.seek(0, os.SEEK_END) - start
    file.seek(start)
    if _plain(file) != _MAGIC:
        raise RuntimeError("Invalid magic number; corrupt file?")
    version = _plain(file)
    if version != _PROTOCOL:
        raise RuntimeError(f"Invalid protocol version: {version}")
    system = _plain(file)
    little = not isinstance(system, dict) or system.get("little_endian", True)
    main = file.tell()
    references = _References(file)
    references.load()
    loaded: dict[str, LoadedStorage] = {}
    for key in _plain(file):
        if key not in references.found or key in loaded:
            raise RuntimeError(f"the file is damaged: its storages are {str(key)[:40]}, ...")
        kind, location, count = references.found[key]
        data = read_storage(file, kind, count, length)
        if little != (sys.byteorder == "little"):
            data = swapped(data, kind)
        loaded[key] = place(LoadedStorage(data, kind.dtype, Device("cpu")), location)
    end = file.tell()

    def persistent_load(identity: Any) -> LoadedStorage:
        key = storage_identity(identity)[1]
        if key not in loaded:
            raise RuntimeError(f"the storage {key[:40]} is missing: the file is damaged")
        return loaded[key]

    file.seek(main)
    found = unpickle(file, persistent_load)
    file.seek(end)
    return found


def _plain(file: IO[bytes]) -> Any:
    def no_storages(identity: Any) -> LoadedStorage:
        raise pickle.UnpicklingError("a storage where none can be")

    return RestrictedUnpickler(file, no_storages).load()


def read_storage(file: IO[bytes], kind: StorageType, count: int, length: int) -> np.ndarray:
    """The bytes of so many elements, behind their count."""
    size = count * (kind.dtype.itemsize if kind.dtype else 1)
    head = file.read(8)
    if len(head) != 8 or struct.unpack("<q", head)[0] not in (count, size):
        raise RuntimeError("unexpected EOF or a wrong length. The file might be corrupted.")
    data = file.read(size) if size <= length else b""
    if len(data) != size:
        raise RuntimeError(
            f"unexpected EOF, expected {size - len(data)} more bytes. The file might be corrupted."
        )
    return np.frombuffer(data, np.uint8)


class _Nothing:
    """Stands for whatever a pickle would build."""

    def append(self, item: Any) -> None: ...

    def extend(self, items: Any) -> None: ...

    def add(self, item: Any) -> None: ...

    def __setitem__(self, key: Any, value: Any) -> None: ...


class _References(RestrictedUnpickler):
    """Goes through a pickle without building anything, and notes the storages it refers to."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, self._note)
        self.found: dict[str, tuple[StorageType, str, int]] = {}

    def _note(self, identity: Any) -> Any:
        kind, key, location, count = storage_identity(identity)
        self.found[key] = kind, location, count
        return _Nothing()

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "torch" and name.endswith("Storage"):
            return find(module, name)
        return _Nothing()

    def load_reduce(self) -> None:
        del self.stack[-2:]
        self.append(_Nothing())

    def load_build(self) -> None:
        self.stack.pop()


_References.dispatch = copy.copy(RestrictedUnpickler.dispatch)
_References.dispatch[pickle.REDUCE[0]] = _References.load_reduce
_References.dispatch[pickle.NEWOBJ[0]] = _References.load_reduce
_References.dispatch[pickle.BUILD[0]] = _References.load_build
