"""Where recording ends: everything that shows a tensor's elements to Python."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.engine import storage as storages
from compat.engine.storage import AliasStorage, HostStorage
from compat.engine.value import meta
from compat.front.base import TensorBase, elements, host_view, look, one_element, value_of

_DETACH = (
    "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
)


def item(self: Any) -> Any:
    """The one element as a Python number."""
    if self._meta.numel != 1:
        raise RuntimeError(
            f"a Tensor with {self._meta.numel} elements cannot be converted to Scalar"
        )
    if self._meta.device.depth:
        raise RuntimeError(
            "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over "
            "calling .item() on a Tensor, please try to rewrite what you're doing with other "
            "operations. If error is occurring somewhere inside PyTorch internals, please file a "
            "bug report."
        )
    return one_element(self)


def tolist(self: Any) -> Any:
    """The elements as nested lists of Python numbers."""
    return elements(self).tolist()


def numpy(self: Any, *, force: bool = False) -> np.ndarray[Any, Any]:
    """The elements as a NumPy array that shares memory with the tensor: each sees the other's
    writes. force detaches and copies to the host as needed."""
    if force:
        self = self.detach().cpu()
    if self._meta.device.type != "cpu":
        raise TypeError(
            f"can't convert {self._meta.device} device type tensor to numpy. Use Tensor.cpu() to "
            "copy the tensor to host memory first."
        )
    if self.requires_grad:
        raise RuntimeError(_DETACH)
    if self._meta.dtype is d.bfloat16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    return shared_array(self)


def shared_array(self: TensorBase) -> np.ndarray[Any, Any]:
    """A NumPy view of the storage, which from now on lives on the host."""
    storage = self._storage
    if isinstance(storage, AliasStorage):
        storage = storage.target
    if not isinstance(storage, HostStorage):
        value = storage.value
        array = look(value)
        flat = _memory_order(array, value.meta)
        storages.share(storage, flat, (flat,))
    return host_view(storage.host, self._meta, self._offset)


def share_between_processes(self: TensorBase) -> None:
    """Moves the storage to memory that processes forked from this one see too."""
    if is_shared(self):
        return
    flat, _ = flat_storage(self)
    memory = mmap.mmap(-1, max(flat.nbytes, 1))
    shared = np.frombuffer(memory, flat.dtype, flat.size)
    shared[...] = flat
    storage = self._storage
    if isinstance(storage, AliasStorage):
        storage = storage.target
    # Twice an owner: other processes are not counted, so it must never look as if nobody else
    # could write to the memory any more.
    storages.share(storage, shared, (shared, shared))


def is_shared(self: TensorBase) -> bool:
    """Whether the storage is in memory that forked processes see too."""
    storage = self._storage
    if isinstance(storage, AliasStorage):
        storage = storage.target
    if not isinstance(storage, HostStorage):
        return False
    owner = storage.host.base  # a memoryview, for what `frombuffer` made
    return isinstance(owner, memoryview) and isinstance(owner.obj, mmap.mmap)


def _memory_order(array: np.ndarray[Any, Any], one: Any) -> np.ndarray[Any, Any]:
    """A writable flat copy, in the order in which the strides say the elements lie."""
    order = sorted(range(len(one.shape)), key=lambda dim: (-one.strides[dim], dim))
    return array.transpose(order).flatten()


def array_protocol(self: Any, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
    """`np.asarray(tensor)`."""
    array = numpy(self)
    return array if dtype is None else array.astype(dtype, copy=False)


def as_bool(self: Any) -> bool:
    """The truth of a tensor of one element."""
    if self._meta.numel != 1:
        if self._meta.numel == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
    return bool(one_element(self))  # which refuses samples in words of its own


def as_index(self: Any) -> int:
    """The element as an index: whole numbers only."""
    if self._meta.numel != 1 or self._meta.dtype.category > d.INTEGER:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(item(self))


def as_float(self: Any) -> float:
    return float(item(self))


def as_int(self: Any) -> int:
    return int(item(self))


def as_complex(self: Any) -> complex:
    return complex(item(self))


def length(self: Any) -> int:
    """The size of the first dimension."""
    if not self._meta.shape:
        raise TypeError("len() of a 0-d tensor")
    return self._meta.shape[0]


def iterate(self: Any) -> Any:
    """The slices along the first dimension."""
    if not self._meta.shape:
        raise TypeError("iteration over a 0-d tensor")
    return iter(self.unbind(0))


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have the same size and elements."""
    if input._meta.shape != other._meta.shape:
        return False
    return bool(input.eq(other).all())


def fetch(tensor: Any) -> np.ndarray[Any, Any]:
    """The elements on the host, not shared: for printing and files."""
    return look(value_of(tensor))


def flat_storage(self: TensorBase) -> tuple[np.ndarray[Any, Any], int]:
    """The whole storage's elements in memory order, and an identity of the storage."""
    storage = self._storage
    if isinstance(storage, AliasStorage):
        storage = storage.target
    if isinstance(storage, HostStorage):
        return storage.host, id(storage)
    value = storage.value
    return _memory_order(look(value), value.meta), id(storage)


def storage_size(self: TensorBase) -> int:
    """How many elements of the tensor's type the storage holds."""
    storage = self._storage
    if isinstance(storage, AliasStorage):
        storage = storage.target
    if isinstance(storage, HostStorage):
        return storage.host.nbytes // self._meta.dtype.itemsize
    stored = storage.value.meta
    return stored.numel * stored.dtype.itemsize // self._meta.dtype.itemsize


__all__ = [name for name in dir() if not name.startswith("_")] + ["meta"]
