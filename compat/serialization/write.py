"""Objects to bytes: a pickle that speaks of torch, with the storages of its tensors beside it."""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections import OrderedDict
from types import FunctionType
from typing import IO, Any

from compat.core import dtype as types
from compat.core.device import device as Device
from compat.core.size import Layout, Size
from compat.front.base import TensorBase
from compat.front.tensor import Tensor

from .archive import ArchiveWriter, opened
from .names import torch_name
from .places import tag_of
from .rebuild import StoragePart

PROTOCOL = 2
# The types that had a storage class when the format was made; others are written as bytes.
_WITH_STORAGE_CLASS = {
    types.bool_, types.uint8, types.int8, types.int16, types.int32, types.int64, types.float16,
    types.bfloat16, types.float32, types.float64, types.complex64, types.complex128,
}  # fmt: skip


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Writes an object with its tensors to a file that PyTorch, too, can load.

    f   a path, or a file object open for writing bytes

    A file at the path is replaced when the new one is complete, and not before.

    >>> torch.save(model.state_dict(), "model.pt")
    """
    if pickle_module is not pickle:
        raise NotImplementedError("torch.save with a pickle_module other than pickle")
    if not _use_new_zipfile_serialization:
        raise NotImplementedError("torch.save with _use_new_zipfile_serialization=False")
    with opened(f, "w") as file:
        write_archive(obj, file, _folder(f), pickle_protocol)


def write_archive(obj: Any, file: IO[bytes], folder: str, protocol: int = PROTOCOL) -> None:
    """Writes the object as a zip archive into an open file."""
    pickled = io.BytesIO()
    pickler = TorchPickler(pickled, protocol)
    pickler.dump(obj)
    archive = ArchiveWriter(file, folder)
    archive.add("data.pkl", pickled.getvalue())
    archive.add(".format_version", b"1")
    archive.add(".storage_alignment", b"64")
    archive.add("byteorder", b"little")
    for key, part in enumerate(pickler.storages):
        archive.add(f"data/{key}", part.bytes())
    archive.add("version", b"3\n")
    archive.close()


def _folder(f: Any) -> str:
    name = os.path.splitext(os.path.basename(os.fspath(f)))[0] if not hasattr(f, "write") else ""
    return name if name and name.isascii() else "archive"


class Global:
    """A class or function as a pickle names it."""

    made: dict[str, Global] = {}

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self, *args: Any) -> Any:
        raise TypeError(f"{self.module}.{self.name} is a name only")


def named(module: str, name: str) -> Global:
    """The one Global of this name, so that a pickle spells it out once."""
    key = f"{module} {name}"
    return Global.made.setdefault(key, Global(module, name))


class TorchPickler(pickle._Pickler):  # type: ignore[name-defined]
    """Pickles with PyTorch's names for our classes, and puts storages aside.

    It is the standard library's pickler in Python: the one in C insists on importing what it
    names, and there is no torch to import.
    """

    def __init__(self, file: IO[bytes], protocol: int = PROTOCOL) -> None:
        super().__init__(file, protocol)
        self.storages: list[StoragePart] = []
        self._keys: dict[int, int] = {}
        self._tensors: list[Any] = []  # kept alive: a storage is known by its id

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, StoragePart):
            return None
        key = self._keys.get(obj.identity)
        if key is None:
            key = self._keys[obj.identity] = len(self.storages)
            self.storages.append(obj)
        elif self.storages[key].dtype is not obj.dtype:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different "
                "types"
            )
        if obj.dtype in _WITH_STORAGE_CLASS:
            kind = named("torch", f"{types.TYPE_NAMES[obj.dtype]}Storage")
            size = obj.elements.size
        else:
            kind, size = named("torch.storage", "UntypedStorage"), obj.elements.nbytes
        return "storage", kind, str(key), sys.intern(tag_of(obj)), size

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, TensorBase):
            return self._reduce_tensor(obj)
        if isinstance(obj, Global | types.dtype):
            return obj.name  # save_global writes it
        if isinstance(obj, type | FunctionType) and torch_name(obj) is not None:
            return obj.__qualname__
        if isinstance(obj, Size):
            return named("torch", "Size"), (tuple(obj),)
        if isinstance(obj, Device):
            where = (obj.type,) if obj.index is None else (obj.type, obj.index)
            return named("torch", "device"), where
        if isinstance(obj, Layout):
            return named("torch.serialization", "_get_layout"), (repr(obj),)
        return NotImplemented

    def _reduce_tensor(self, tensor: Any) -> Any:
        if tensor._answer is not None:
            return named("torch._utils", "_rebuild_sparse_tensor"), tensor._for_file()
        if type(tensor).__reduce_ex__ is not Tensor.__reduce_ex__:
            return NotImplemented  # a subclass, as Parameter, that has its own way
        rebuild = self._plain(tensor)
        kind = type(tensor)
        if kind is Tensor and not tensor.__dict__:
            return rebuild
        told = (*rebuild[:1], kind, *rebuild[1:], dict(tensor.__dict__))
        return named("torch._tensor", "_rebuild_from_type_v2"), told

    def _plain(self, tensor: Any) -> tuple[Global, tuple[Any, ...]]:
        size, stride = tuple(tensor.shape), tuple(tensor.stride())
        if tensor.device.type == "meta":
            told = (tensor.dtype, size, stride, tensor.requires_grad)
            return named("torch._utils", "_rebuild_meta_tensor_no_storage"), told
        part = StoragePart(tensor)
        self._tensors.append(tensor)
        told = (part, tensor.storage_offset(), size, stride, tensor.requires_grad, OrderedDict())
        if tensor.dtype in _WITH_STORAGE_CLASS:
            return named("torch._utils", "_rebuild_tensor_v2"), told
        return named("torch._utils", "_rebuild_tensor_v3"), (*told, tensor.dtype)

    def save_global(self, obj: Any, name: str | None = None) -> None:
        if isinstance(obj, Global):
            place: tuple[str, str] | None = (obj.module, obj.name)
        elif isinstance(obj, types.dtype):
            place = ("torch", obj.name)
        else:
            place = torch_name(obj)
        if place is None or "<locals>" in place[1]:
            super().save_global(obj, name)
            return
        self.write(pickle.GLOBAL + f"{place[0]}\n{place[1]}\n".encode())
        self.memoize(obj)
