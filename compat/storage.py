"""`Tensor.storage()`: the memory under a tensor, as a flat sequence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from compat.core import dtype as d
from compat.core.device import device as place
from compat.core.dtype import dtype as DType
from compat.engine.storage import AliasStorage
from compat.engine.value import meta
from compat.front.base import TensorBase, alias
from compat.front.create import constant, from_numpy, tensor
from compat.front.looking import storage_size
from compat.front.views import view_dtype


class TypedStorage:
    """All elements of a tensor's storage, seen by every tensor that shares it.

    `storage[i]` and `storage[i] = v` read and write; `len`, `size`, `data_ptr`, `tolist`, `copy_`,
    `fill_`, `resize_` do what their names say.
    """

    def __init__(self, *args: Any, wrap_storage: Any = None, dtype: DType | None = None) -> None:
        kind = dtype or type(self).dtype_of_class
        if wrap_storage is not None:
            self._flat = wrap_storage._viewed(kind)
        elif len(args) == 1 and not isinstance(args[0], int):
            self._flat = tensor(list(args[0]), dtype=kind)
        else:
            self._flat = constant((args[0] if args else 0,), 0, kind, place("cpu"))

    dtype_of_class: DType = d.float32

    @classmethod
    def _over(cls, flat: Any) -> TypedStorage:
        made = object.__new__(class_of(flat.dtype) or cls)
        made._flat = flat
        return made

    def _tensor(self) -> Any:
        return self._flat

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._flat.dtype

    @property
    def device(self) -> Any:
        """Where the elements are."""
        return self._flat.device

    @property
    def is_cuda(self) -> bool:
        return self._flat.is_cuda

    def __len__(self) -> int:
        return self._flat.numel()

    size = __len__

    def nbytes(self) -> int:
        """How many bytes it takes."""
        return self._flat.nbytes

    def element_size(self) -> int:
        """Bytes an element takes."""
        return self._flat.element_size()

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._flat.data_ptr()

    def __getitem__(self, at: Any) -> Any:
        found = self._flat[at]
        return TypedStorage._over(found) if isinstance(at, slice) else found.item()

    def __setitem__(self, at: Any, value: Any) -> None:
        self._flat[at] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        return self._flat.tolist()

    def fill_(self, value: Any) -> TypedStorage:
        """Every element becomes value."""
        self._flat.fill_(value)
        return self

    def copy_(self, source: Any, non_blocking: bool = False) -> TypedStorage:
        """Overwrites the elements with those of another storage."""
        self._flat.copy_(source._tensor())
        return self

    def clone(self) -> TypedStorage:
        """A copy of its own."""
        return TypedStorage._over(self._flat.clone())

    def resize_(self, size: int) -> None:
        """Changes the number of elements; the first ones stay."""
        self._flat.resize_(size)

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return UntypedStorage._over(self._flat)

    is_sparse = False

    def type(self, dtype: Any = None, non_blocking: bool = False, *, new_type: Any = None) -> Any:
        """Its class's name; with a type (a class, a name, a dtype) itself or a converted copy."""
        wanted = new_type if dtype is None else dtype
        if wanted is None:
            return f"torch.{type(self).__name__}"
        if isinstance(wanted, str):
            wanted = CLASSES[wanted.rpartition(".")[2]]
        kind = wanted if isinstance(wanted, DType) else wanted.dtype_of_class
        return self if kind is self.dtype else TypedStorage._over(self._flat.to(kind))

    def new(self, *args: Any) -> TypedStorage:
        """Another storage of this type."""
        return type(self)(*args)

    def cpu(self) -> TypedStorage:
        """Itself when it is on the host, else a copy there."""
        return self if self.device.type == "cpu" else TypedStorage._over(self._flat.cpu())

    def cuda(self, device: Any = None, non_blocking: bool = False) -> TypedStorage:
        """A copy on a GPU."""
        return TypedStorage._over(self._flat.cuda(device))

    def is_pinned(self, device: Any = "cuda") -> bool:
        """False: JAX transfers need no page-locked memory."""
        return False

    def pin_memory(self, device: Any = "cuda") -> TypedStorage:
        """Itself."""
        return self

    def is_shared(self) -> bool:
        """Whether forked processes share it."""
        return self._flat.is_shared()

    def share_memory_(self) -> TypedStorage:
        """Moves the elements to memory that forked processes share, and stays itself."""
        self._flat.share_memory_()
        return self

    @classmethod
    def from_buffer(cls, buffer: Any, byte_order: str = "native", count: int = -1,
                    offset: int = 0) -> TypedStorage:  # fmt: skip
        """A copy of the elements in a bytes-like object, "native", "big" or "little" endian."""
        orders = {"native": "=", "big": ">", "little": "<"}
        kind = np.dtype(cls.dtype_of_class.numpy).newbyteorder(orders[byte_order])  # type: ignore[arg-type]
        found = np.frombuffer(buffer, kind, count, offset).astype(cls.dtype_of_class.numpy)
        return TypedStorage._over(from_numpy(found))

    @classmethod
    def from_file(cls, filename: str, shared: bool = False, size: int = 0) -> TypedStorage:
        """The elements of a file, mapped into memory; writes reach the file when shared."""
        return TypedStorage._over(_mapped(filename, shared, size, cls.dtype_of_class.numpy))

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, TypedStorage) and _cell(self._flat) is _cell(other._flat)

    def __hash__(self) -> int:
        return id(_cell(self._flat))

    def __repr__(self) -> str:
        lines = "\n ".join(str(one) for one in self.tolist())
        return (
            f" {lines}\n[torch.storage.{type(self).__name__}(dtype={self.dtype}, "
            f"device={self.device}) of size {len(self)}]"
        )


class UntypedStorage:
    """A tensor's storage as bytes."""

    def __init__(self, size: int = 0, *, device: Any = "cpu") -> None:
        self._flat = constant((size,), 0, d.uint8, place(device))

    @classmethod
    def _over(cls, flat: Any) -> UntypedStorage:
        made = object.__new__(cls)
        made._flat = flat
        return made

    def _tensor(self) -> Any:
        return self._viewed(d.uint8)

    def _viewed(self, kind: DType) -> Any:
        return self._flat if self._flat.dtype is kind else view_dtype(self._flat, kind)

    @property
    def device(self) -> Any:
        """Where the bytes are."""
        return self._flat.device

    def nbytes(self) -> int:
        """How many bytes it takes."""
        return self._flat.nbytes

    size = __len__ = nbytes

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return self._flat.data_ptr()

    def tolist(self) -> list[int]:
        """The bytes as numbers."""
        return self._tensor().tolist()

    def resize_(self, size: int) -> None:
        """Changes the number of bytes; the first ones stay."""
        self._flat.resize_(size // self._flat.element_size())

    @classmethod
    def from_file(cls, filename: str, shared: bool = False, nbytes: int = 0) -> UntypedStorage:
        """The bytes of a file, mapped into memory; writes reach the file when shared."""
        return cls._over(_mapped(filename, shared, nbytes, np.uint8))

    def __getitem__(self, at: Any) -> Any:
        found = self._tensor()[at]
        return UntypedStorage._over(found) if isinstance(at, slice) else found.item()

    def untyped(self) -> UntypedStorage:
        """Itself."""
        return self

    _untyped = untyped

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """The bytes; `torch.asarray` of a storage shares its memory this way."""
        found = self._tensor().numpy()
        return np.array(found, dtype) if copy or dtype not in (None, np.uint8) else found

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, UntypedStorage) and _cell(self._flat) is _cell(other._flat)

    def __hash__(self) -> int:
        return id(_cell(self._flat))


def _mapped(filename: str, shared: bool, size: int, numpy_type: Any) -> Any:
    """So many elements of a file, mapped into memory."""
    kind = np.dtype(numpy_type)
    if shared:
        with open(filename, "ab") as file:
            file.truncate(max(file.tell(), size * kind.itemsize))
    mapped = np.memmap(filename, kind, "r+" if shared else "c", shape=(size,))
    made = from_numpy(mapped)
    _files[made._storage] = mapped  # as long as the storage lives, so that writes reach the file
    return made


_files: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def from_file(filename: str, shared: bool | None = None, size: int | None = 0, *,
              dtype: DType | None = None, layout: Any = None, device: Any = None,
              requires_grad: bool = False, pin_memory: bool = False) -> Any:  # fmt: skip
    """A vector over `size` elements of a file, mapped into memory; shared: writes reach it."""
    kind = d.get_default_dtype() if dtype is None else dtype
    made = _mapped(filename, bool(shared), int(size or 0), kind.numpy)
    return made.requires_grad_() if requires_grad else made


def frombuffer(
    buffer: Any, *, dtype: DType, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Any:
    """A vector over the memory of a bytes-like object, which is shared.

    count   elements to take, by default all behind `offset` bytes

    ValueError when the buffer is too short or no whole number of elements.
    """
    try:
        length = memoryview(buffer).nbytes
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
    size = dtype.itemsize
    if length == 0 or count == 0:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({length} bytes) minus 1"
        )
    if count < 0:
        if (length - offset) % size:
            raise ValueError(
                f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a "
                f"multiple of element size ({size})"
            )
        count = (length - offset) // size
    if offset + count * size > length:
        raise ValueError(
            f"requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must "
            f"not be greater than actual buffer length ({length} bytes)"
        )
    taken = np.frombuffer(buffer, np.uint8, count * size, offset)
    kind = dtype.numpy
    if kind.kind in "biufc":
        made = from_numpy(taken.view(kind))
    else:  # types that NumPy has not of its own
        made = view_dtype(from_numpy(taken), dtype)
    return made.requires_grad_() if requires_grad else made


def _cell(tensor: TensorBase) -> Any:
    storage = tensor._storage
    return storage.target if isinstance(storage, AliasStorage) else storage


def flat(tensor: Any) -> Any:
    """All of a tensor's storage as a vector over the same memory."""
    one = tensor._meta
    return alias(tensor, meta((storage_size(tensor),), one.dtype, None, one.device), 0)


def storage(self: Any) -> TypedStorage:
    """The memory under the tensor, of the tensor's type."""
    return TypedStorage._over(flat(self))


def untyped_storage(self: Any) -> UntypedStorage:
    """The memory under the tensor, as bytes."""
    return UntypedStorage._over(flat(self))


def is_storage(obj: Any) -> bool:
    """Whether obj is a storage."""
    return isinstance(obj, TypedStorage | UntypedStorage)


_KINDS = (d.float32, d.float64, d.float16, d.bfloat16, d.uint8, d.int8, d.int16, d.int32, d.int64,
          d.bool_, d.complex64, d.complex128)  # fmt: skip
CLASSES: dict[str, type[TypedStorage]] = {
    f"{d.TYPE_NAMES[kind]}Storage": type(
        f"{d.TYPE_NAMES[kind]}Storage", (TypedStorage,),
        {"dtype_of_class": kind, "__module__": "torch", "__doc__": f"A storage of {kind.name}."},
    )
    for kind in _KINDS
}  # fmt: skip


def _converter(kind: DType) -> Any:
    def convert(self: TypedStorage) -> TypedStorage:
        return self.type(kind)

    convert.__doc__ = f"Itself as {kind.name}, or a copy that is."
    return convert


for _name in ("byte", "char", "double", "float", "half", "int", "long", "short", "bool"):
    setattr(TypedStorage, _name, _converter(CLASSES[f"{_name.capitalize()}Storage"].dtype_of_class))


def class_of(kind: DType) -> type[TypedStorage] | None:
    """`torch.FloatStorage` of float32, and so on; None where there is none."""
    return CLASSES.get(f"{d.TYPE_NAMES[kind]}Storage")


def __getattr__(name: str) -> Any:
    if name == "Storage":  # PyTorch's older name of the most used one
        return CLASSES["FloatStorage"]
    if name in CLASSES:
        return CLASSES[name]
    raise AttributeError(f"module 'torch.storage' has no attribute '{name}'")
