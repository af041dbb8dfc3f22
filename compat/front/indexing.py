"""`x[...]` and `x[...] = v`: ints, slices, None and Ellipsis are a view; tensors then gather."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.core.device import cpu
from compat.core.size import broadcast_shapes
from compat.engine.storage import HostStorage
from compat.front.base import TensorBase, host_view, look, value_of
from compat.front.call import number_code
from compat.front.create import from_host
from compat.front.views import geometry_of, take
from compat.ops.declare import Geometry
from compat.ops.shape.views import sliced, unsqueeze

_TOO_MANY = "too many indices for tensor of dimension {}"


def getitem(self: Any, index: Any) -> Any:
    """`x[index]`."""
    if type(index) is int:
        return take(self, lambda x: _select_first(x, index), "SelectBackward0")
    items = _items(self, index)
    viewed, tensors = _basic(self, items)
    if not tensors:
        return viewed
    return gather(viewed, tensors)


def setitem(self: Any, index: Any, value: Any) -> None:
    """`x[index] = value`."""
    items = _items(self, index)
    target, tensors = _basic(self, items)
    if not isinstance(value, TensorBase):
        value = _as_value(self, value)
    if not tensors:
        shape = target._meta.shape
        if value._meta.shape != shape:
            value = _fitted(value, shape)
        target.copy_(value)
        return
    if value._meta.dtype is not self._meta.dtype:
        if value._meta.numel != 1 or value._meta.shape:
            raise RuntimeError(
                "Index put requires the source and destination dtypes match, got "
                f"{d.TYPE_NAMES[self._meta.dtype]} for the destination and "
                f"{d.TYPE_NAMES[value._meta.dtype]} for the source."
            )
        value = value.to(self._meta.dtype)
    scatter(target, tensors, value)


def _as_value(self: Any, value: Any) -> Any:
    import compat

    if number_code(value) is not None:
        return compat.scalar_tensor(value, dtype=self._meta.dtype, device=self._meta.device)
    return compat.tensor(value, dtype=self._meta.dtype, device=self._meta.device)


def _fitted(value: Any, shape: Sequence[int]) -> Any:
    """The value with leading dimensions of size 1 dropped, as assignment allows."""
    own = value._meta.shape
    lead = 0
    while len(own) - lead > len(shape) and own[lead] == 1:
        lead += 1
    if lead:
        value = value.reshape(own[lead:])
    own = value._meta.shape
    offset = len(shape) - len(own)
    if offset < 0 or any(n not in (1, shape[offset + dim]) for dim, n in enumerate(own)):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(own)} cannot be broadcast to indexing "
            f"result of shape {list(shape)}"
            if offset < 0
            else f"The expanded size of the tensor ({_clash(shape, own)[0]}) must match the "
            f"existing size ({_clash(shape, own)[1]}) at non-singleton dimension "
            f"{_clash(shape, own)[2]}.  Target sizes: {list(shape)}.  Tensor sizes: {list(own)}"
        )
    return value


def _clash(shape: Sequence[int], own: Sequence[int]) -> tuple[int, int, int]:
    offset = len(shape) - len(own)
    for dim, n in enumerate(own):
        if n not in (1, shape[offset + dim]):
            return shape[offset + dim], n, offset + dim
    raise AssertionError("shapes fit")


# What an index is made of.


def _items(self: Any, index: Any) -> list[Any]:
    """The index as a list, with an Ellipsis written out as full slices."""
    items = list(index) if isinstance(index, tuple) else [index]
    if isinstance(index, list) and _holds_slices(index):
        items = list(index)
    items = [_settled(self, item) for item in items]
    used = sum(_consumes(item) for item in items)
    rank = len(self._meta.shape)
    if used > rank:
        raise IndexError(_TOO_MANY.format(rank))
    dots = [at for at, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    at = dots[0] if dots else len(items)
    items[at : at + len(dots)] = [slice(None)] * (rank - used)
    return items


def _holds_slices(index: list[Any]) -> bool:
    return any(isinstance(item, slice) or item is None or item is Ellipsis for item in index)


def _consumes(item: Any) -> int:
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    if isinstance(item, TensorBase) and item._meta.dtype in (d.bool_, d.uint8):
        return len(item._meta.shape)
    return 1


def _settled(self: Any, item: Any) -> Any:
    """Sequences and arrays as tensors, 0-dim integer tensors as they are, numbers as ints."""
    if item is None or item is Ellipsis or isinstance(item, bool | slice | TensorBase):
        return item
    if isinstance(item, int | np.integer):
        return int(item)
    if isinstance(item, np.bool_):
        return bool(item)
    if isinstance(item, list | tuple | np.ndarray | range):
        import compat

        made = compat.tensor(item if not isinstance(item, range) else list(item))
        return made.long() if made._meta.numel == 0 else made
    if hasattr(item, "__index__"):
        return item.__index__()
    raise TypeError(
        f"only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
        f"valid indices (got {type(item).__name__})"
    )


def _select_first(x: Geometry, index: int) -> Geometry:
    if not x.shape:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
            "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
        )
    size = x.shape[0]
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for dimension 0 with size {size}")
    index += size if index < 0 else 0
    return Geometry(x.shape[1:], x.strides[1:], x.offset + index * x.strides[0])


def _basic(self: Any, items: list[Any]) -> tuple[Any, dict[int, Any]]:
    """The view that ints, slices and None make, and the index tensors left, by dimension."""
    tensors: dict[int, Any] = {}
    steps: list[tuple[str, Any]] = []
    at = 0  # the dimension of the result that the next item is about
    for item in items:
        if item is None:
            steps.append(("new", at))
        elif isinstance(item, bool):
            steps.append(("new", at))
            tensors[at] = item
        elif isinstance(item, slice):
            steps.append(("slice", (at, _bounds(item))))
        elif isinstance(item, int):
            steps.append(("int", (at, item)))
            continue
        elif not item._meta.shape and item._meta.dtype.category == d.INTEGER and (
            item._meta.dtype is not d.uint8
        ) and item._meta.numel == 1 and not _is_pending(item):
            steps.append(("int", (at, int(item.item()))))
            continue
        elif item._meta.dtype in (d.bool_, d.uint8):
            rank = len(item._meta.shape)
            if rank == 0:
                steps.append(("new", at))
                tensors[at] = item
            else:
                steps += [("mask", (at, item))]
                tensors[at] = item
                at += rank - 1
        else:
            if item._meta.dtype not in (d.int64, d.int32, d.int8, d.int16):
                raise IndexError(
                    "tensors used as indices must be long, int, byte or bool tensors"
                )
            tensors[at] = item
        at += 1
    if all(
        kind == "slice" and bounds == (None, None, None)
        for kind, (_, bounds) in (step for step in steps if step[0] != "mask" and step[0] != "new")
    ) and not any(kind == "new" for kind, _ in steps):
        if tensors:
            _check_masks(geometry_of(self), steps)
            return self, tensors
    viewed = take(self, lambda x: _walk(x, steps), _name(steps))
    return viewed, tensors


def _is_pending(item: Any) -> bool:
    """Whether reading the index would run the section: then it stays a gather."""
    value = item._storage.value
    return getattr(value, "meta", None) is not None and value.array is None


def _bounds(item: slice) -> tuple[Any, Any, Any]:
    def settled(bound: Any) -> Any:
        if isinstance(bound, TensorBase):
            return int(bound.item())  # type: ignore[attr-defined]
        return bound.__index__() if bound is not None else None

    return settled(item.start), settled(item.stop), settled(item.step)


def _walk(x: Geometry, steps: list[tuple[str, Any]]) -> Geometry:
    _check_masks(x, steps)
    for kind, what in steps:
        if kind == "new":
            x = unsqueeze(x, what)
        elif kind == "slice":
            at, bounds = what
            if bounds[2] is not None and bounds[2] <= 0:
                raise ValueError("step must be greater than zero")
            start, stop, step = slice(*bounds).indices(x.shape[at])
            x = sliced(x, at, min(start, x.shape[at]), max(-(-(stop - start) // step), 0), step)
        elif kind == "int":
            at, index = what
            size = x.shape[at]
            if not -size <= index < size:
                raise IndexError(
                    f"index {index} is out of bounds for dimension {at} with size {size}"
                )
            index += size if index < 0 else 0
            shape, strides = list(x.shape), list(x.strides)
            del shape[at]
            x = Geometry(
                tuple(shape),
                tuple(strides[:at] + strides[at + 1 :]),
                x.offset + index * strides[at],
            )
    return x


def _check_masks(x: Geometry, steps: list[tuple[str, Any]]) -> None:
    """A mask must have the sizes of the dimensions it stands for."""
    rest = x
    for position, (kind, what) in enumerate(steps):
        if kind != "mask":
            continue
        at, item = what
        before = _walk(rest, [step for step in steps[:position] if step[0] != "mask"])
        for dim, size in enumerate(item._meta.shape):
            own = before.shape[at + dim] if at + dim < len(before.shape) else None
            if own != size:
                raise IndexError(
                    f"The shape of the mask {list(item._meta.shape)} at index {dim} does not match "
                    f"the shape of the indexed tensor {list(x.shape)} at index {at + dim}"
                )


def _name(steps: list[tuple[str, Any]]) -> str:
    kinds = [kind for kind, what in steps if not (kind == "slice" and what[1] == (None,) * 3)]
    last = kinds[-1] if kinds else "alias"
    return {"new": "Unsqueeze", "int": "Select", "slice": "Slice"}.get(last, "Alias") + "Backward0"


# Gathering and scattering with tensors.


def _integer_tensors(self: Any, tensors: dict[int, Any]) -> list[Any]:
    """One integer tensor or None a dimension; masks become the places where they hold."""
    result: list[Any] = [None] * len(self._meta.shape)
    for at, item in tensors.items():
        if isinstance(item, bool):
            result[at] = _arange(int(item))
        elif item._meta.dtype in (d.bool_, d.uint8):
            if item._meta.dtype is d.uint8:
                _warn_byte()
            mask = look(value_of(item)).astype(bool)
            if not item._meta.shape:
                result[at] = _arange(int(mask))
                continue
            for dim, places in enumerate(np.nonzero(mask)):
                result[at + dim] = _from_host(places.astype(np.int64), self)
        else:
            result[at] = item
    return result


def _warn_byte() -> None:
    import warnings

    warnings.warn(
        "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
        UserWarning,
        stacklevel=5,
    )


def _arange(count: int) -> Any:
    return _from_host(np.zeros(count, np.int64), None)


def _from_host(array: np.ndarray[Any, Any], like: Any) -> Any:
    return from_host(array, d.int64, cpu if like is None else like._meta.device)


def _prepared(self: Any, tensors: dict[int, Any]) -> tuple[list[Any], tuple[int, ...]]:
    indices = _integer_tensors(self, tensors)
    dims = tuple(at for at, item in enumerate(indices) if item is not None)
    given = [indices[at] for at in dims]
    try:
        broadcast_shapes(*[item._meta.shape for item in given])
    except RuntimeError:
        shapes = ", ".join(str(list(item._meta.shape)) for item in given)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
        ) from None
    for at, item in zip(dims, given, strict=True):
        check_range(item, self._meta.shape[at], at)
    return given, dims


def check_range(index: Any, size: int, dim: int) -> None:
    """IndexError at once for indices that the host knows; others are checked in the program."""
    value = index._storage.value
    array = getattr(value, "array", None)
    if type(array) is not np.ndarray or not array.size:
        return
    low, high = int(array.min()), int(array.max())
    if low < -size or high >= size:
        wrong = high if high >= size else low
        raise IndexError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


def gather(self: Any, tensors: dict[int, Any]) -> Any:
    """Advanced indexing: a copy of the elements that the index tensors name."""
    given, dims = _prepared(self, tensors)
    if isinstance(self._storage, HostStorage) and self._storage.is_still_shared:
        return _gathered_on_host(self, given, dims)
    return self._index(tuple(given), dims)


def _gathered_on_host(self: Any, given: list[Any], dims: tuple[int, ...]) -> Any:
    """From memory shared with NumPy only the elements asked for are copied."""
    where = dict(zip(dims, (look(value_of(item)) for item in given), strict=True))
    index = tuple(where.get(dim, slice(None)) for dim in range(len(self._meta.shape)))
    shown = host_view(self._storage.host, self._meta, self._offset)
    return from_host(shown[index], self._meta.dtype, self._meta.device)


def scatter(self: Any, tensors: dict[int, Any], value: Any, accumulate: bool = False) -> Any:
    """Overwrites (or adds to) the elements that the index tensors name."""
    given, dims = _prepared(self, tensors)
    if value._meta.device is not self._meta.device:
        value = value.to(self._meta.device)
    return self._index_put_(value, tuple(given), dims, accumulate)
