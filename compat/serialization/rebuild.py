"""Between tensors and the bytes of their storages; the functions here are named in files."""

from __future__ import annotations

import operator
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from compat.core import dtype as types
from compat.core.device import device as Device
from compat.core.size import LAYOUTS, Layout, sparse_coo
from compat.engine.value import concrete, meta
from compat.front import base
from compat.front.looking import flat_storage

from .names import resolve


class StoragePart:
    """The storage of a tensor on its way into a file."""

    def __init__(self, tensor: Any) -> None:
        self.dtype: types.dtype = tensor.dtype
        self.device: Device = tensor.device
        self.elements, self.identity = flat_storage(tensor)
        if self.elements.dtype != self.dtype.numpy:
            self.elements = self.elements.view(self.dtype.numpy)

    def bytes(self) -> memoryview:
        """The elements as a file holds them: little endian."""
        elements = np.ascontiguousarray(self.elements)
        if sys.byteorder == "big":
            elements = elements.byteswap()
        return memoryview(elements.view(np.uint8).reshape(-1))  # type: ignore[arg-type]


class StorageType:
    """A storage class as files name it: torch.FloatStorage is StorageType(float32)."""

    def __init__(self, dtype: types.dtype | None) -> None:
        self.dtype = dtype  # None: bytes, whose type the tensor tells


class LoadedStorage:
    """A storage out of a file, and what a callable `map_location` is given."""

    def __init__(self, data: np.ndarray, dtype: types.dtype | None, device: Device) -> None:
        self.data = data  # bytes
        self.dtype = dtype
        self.device = device
        self._first: Any = None

    def nbytes(self) -> int:
        return self.data.nbytes

    def to(self, device: Any) -> LoadedStorage:
        """The same bytes for another device."""
        return LoadedStorage(self.data, self.dtype, Device(device))

    def cpu(self) -> LoadedStorage:
        return self.to("cpu")

    def cuda(self, device: int | None = None) -> LoadedStorage:
        return self.to(Device("cuda", device or 0))

    def tensor(
        self, dtype: types.dtype, offset: int, size: Sequence[int], stride: Sequence[int]
    ) -> Any:
        """A tensor over this storage; those that are made from one storage share it."""
        offset, size, stride = _checked(offset, size, stride, self.data.nbytes // dtype.itemsize)
        one = meta(size, dtype, stride, self.device)
        if self._first is None:
            fits = one.contiguous and one.numel * dtype.itemsize == self.data.nbytes
            self._first = self._whole(dtype, size if fits and not offset else None)
        return base.alias(self._first, one, offset)

    def _whole(self, dtype: types.dtype, size: Sequence[int] | None) -> Any:
        count = self.data.nbytes // dtype.itemsize
        one = meta(size if size is not None else (count,), dtype, None, self.device)
        if self.device.type == "meta":
            return base.wrap(concrete(one, None))
        elements = self.data.view(dtype.numpy).reshape(one.shape)
        if dtype is types.bool_:  # any byte but 0 is true, and NumPy knows 1 only
            elements = elements.view(np.uint8) != 0
        return base.wrap(concrete(one, base.on_device(elements, one)))


def _checked(
    offset: Any, size: Any, stride: Any, available: int
) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """The geometry as plain ints; RuntimeError when it reaches outside the storage."""
    offset = operator.index(offset)
    size, stride = tuple(map(operator.index, size)), tuple(map(operator.index, stride))
    if len(size) != len(stride) or min((*size, *stride, offset, 0)) < 0:
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(size)} and "
            f"strides={list(stride)}"
        )
    if max((*size, *stride, offset, 0)) >= 2**63:
        raise RuntimeError("numel: integer multiplication overflow")
    reach = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) + 1
    if 0 not in size and reach > available:
        raise RuntimeError(
            f"Trying to resize storage that is not resizable: a tensor of size {list(size)} and "
            f"stride {list(stride)} at offset {offset} needs {reach} elements of {available}"
        )
    return offset, size, stride


# The functions that files call, with PyTorch's names and parameters.


def _rebuild_tensor(storage: LoadedStorage, storage_offset: int, size: Any, stride: Any) -> Any:
    if storage.dtype is None:
        raise RuntimeError("the type of an untyped storage's tensor is not told")
    return storage.tensor(storage.dtype, storage_offset, size, stride)


def _rebuild_tensor_v2(
    storage: LoadedStorage,
    storage_offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any,
    metadata: dict[str, bool] | None = None,
) -> Any:
    tensor = _rebuild_tensor(storage, storage_offset, size, stride)
    return _finished(tensor, requires_grad, metadata)


def _rebuild_tensor_v3(
    storage: LoadedStorage,
    storage_offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any,
    dtype: types.dtype,
    metadata: dict[str, bool] | None = None,
) -> Any:
    tensor = storage.tensor(dtype, storage_offset, size, stride)
    return _finished(tensor, requires_grad, metadata)


def _finished(tensor: Any, requires_grad: bool, metadata: dict[str, bool] | None) -> Any:
    """Carries out what the bytes leave to be done when they are read: conjugate, negate."""
    for pending, flag in (metadata or {}).items():
        if flag and pending not in ("conj", "neg"):
            raise NotImplementedError(f"torch.load: tensors with metadata '{pending}'")
        if flag:
            tensor = tensor.conj() if pending == "conj" else tensor.neg()
    return tensor.requires_grad_(True) if requires_grad else tensor


def _rebuild_meta_tensor_no_storage(
    dtype: types.dtype, size: Any, stride: Any, requires_grad: bool
) -> Any:
    _, size, stride = _checked(0, size, stride, 2**63)
    one = meta(size, dtype, stride, Device("meta"))
    return _finished(base.wrap(concrete(one, None)), requires_grad, None)


def _rebuild_parameter(data: Any, requires_grad: bool, backward_hooks: Any) -> Any:
    return resolve("torch.nn.parameter", "Parameter")(data, requires_grad)


def _rebuild_parameter_with_state(
    data: Any, requires_grad: bool, backward_hooks: Any, state: dict[str, Any]
) -> Any:
    return _with_state(_rebuild_parameter(data, requires_grad, backward_hooks), state)


def _rebuild_from_type_v2(func: Any, new_type: type, args: Any, state: Any) -> Any:
    tensor = func(*args)
    if type(tensor) is not new_type:
        tensor = tensor.as_subclass(new_type)
    set_state = getattr(new_type, "__setstate__", None)
    if set_state is not None:
        set_state(tensor, state)
        return tensor
    return _with_state(tensor, state)


def _with_state(tensor: Any, state: Any) -> Any:
    attributes, slots = state if isinstance(state, tuple) else (state, {})
    tensor.__dict__.update(attributes or {})
    if slots:
        raise NotImplementedError("torch.load: tensor subclasses with __slots__")
    return tensor


def _get_layout(name: str) -> Layout:
    if name not in LAYOUTS:
        raise NotImplementedError(f"torch.load: the layout {name}")
    return LAYOUTS[name]


def _rebuild_sparse_tensor(layout: Layout, data: Sequence[Any]) -> Any:
    if layout is sparse_coo:
        return resolve("torch.sparse.create", "from_file")(*data)
    return resolve("torch.sparse.compressed", "from_file")(layout, *data)


def _not_there(name: str) -> Any:
    def refuse(*args: Any) -> NoReturn:
        raise NotImplementedError(f"torch.load: {name} is not implemented")

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


_rebuild_qtensor = _not_there("_rebuild_qtensor")
_rebuild_nested_tensor = _not_there("_rebuild_nested_tensor")
