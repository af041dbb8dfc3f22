"""`x[...]` and `x[...] = v`: ints, slices, None and Ellipsis are a view; tensors then gather."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.core.device import cpu
from compat.core.size import broadcast_shapes
from compat.engine.storage import HostStorage
from compat.engine.value import Meta, rows
from compat.front.base import TensorBase, host_view, known, look, store_at, value_of
from compat.front.call import number_code, warn_byte
from compat.front.create import from_host
from compat.front.views import geometry_of, show, take
from compat.ops.declare import Geometry
from compat.ops.shape.views import sliced, unsqueeze
from compat.tape.history import Sight, check_writable

_TOO_MANY = "too many indices for tensor of dimension {}"


_PLAIN = {int, slice, type(None)}


def getitem(self: Any, index: Any) -> Any:
    """`x[index]`."""
    kind = type(index)
    known = _rows(self, index)
    if known is not None and kind is int:
        how = lambda x: _select_first(x, index)  # noqa: E731
        return show(self, Sight(*known, how, "SelectBackward0"))
    if kind is slice or (kind is tuple and _PLAIN.issuperset(map(type, index))):
        items = (index,) if kind is slice else index
        bounds = [_bounds(each) if type(each) is slice else each for each in items]
        how = lambda x: _plain(x, bounds)  # noqa: E731
        if known is not None and known[0] is not self._meta:
            return show(self, Sight(*known, how, "SliceBackward0"))
        return take(self, how, _plain_name(bounds))
    items = _items(self, index)
    viewed, tensors = _basic(self, items)
    if not tensors:
        return viewed
    return gather(viewed, tensors)


def _rows(self: Any, index: Any) -> tuple[Meta, int] | None:
    """The view that an int or a slice without a step makes, and how far behind the tensor's
    first element it begins: the short way; None for other indices."""
    one = self._meta
    shape = one.facts[0]
    if type(index) is int:
        if not shape or not -shape[0] <= index < shape[0]:
            _select_first(geometry_of(self), index)  # raises
        begin = index + shape[0] if index < 0 else index
        return rows(one, -1), begin * one.strides[0]
    if type(index) is not slice or index.step is not None or not shape:
        return None
    begin, end, _ = slice(*_bounds(index)).indices(shape[0])
    return rows(one, max(end - begin, 0)), begin * one.strides[0]


def _plain(x: Geometry, items: list[Any]) -> Geometry:
    """The view that ints, slices (as bounds) and None make: the frequent case, in one pass."""
    shape: list[int] = []
    strides: list[int] = []
    offset, dim = x.offset, 0
    if sum(item is not None for item in items) > len(x.shape):
        raise IndexError(_TOO_MANY.format(len(x.shape)))
    for item in items:
        if item is None:
            shape.append(1)
            strides.append(x.shape[dim] * x.strides[dim] if dim < len(x.shape) else 1)
            continue
        size, stride = x.shape[dim], x.strides[dim]
        if type(item) is int:
            if not -size <= item < size:
                raise IndexError(
                    f"index {item} is out of bounds for dimension {dim} with size {size}"
                )
            offset += (item + size if item < 0 else item) * stride
        else:
            start, count, step = _extent(item, size)
            offset += start * stride
            shape.append(count)
            strides.append(stride * step)
        dim += 1
    return Geometry((*shape, *x.shape[dim:]), (*strides, *x.strides[dim:]), offset)


def _plain_name(items: list[Any]) -> str:
    for item in reversed(items):
        if item != (None, None, None):
            kind = "Unsqueeze" if item is None else "Select" if type(item) is int else "Slice"
            return f"{kind}Backward0"
    return "AliasBackward0"


def _extent(bounds: tuple[Any, Any, Any], size: int) -> tuple[int, int, int]:
    """Start, count and step of a slice of a dimension."""
    if bounds[2] is not None and bounds[2] <= 0:
        raise ValueError("step must be greater than zero")
    start, stop, step = slice(*bounds).indices(size)
    return min(start, size), max(-(-(stop - start) // step), 0), step


def setitem(self: Any, index: Any, value: Any) -> None:
    """`x[index] = value`."""
    kind = type(index)
    if (
        self._tape is None and isinstance(value, TensorBase) and value._tape is None
        and value._storage is not self._storage
    ):  # fmt: skip
        known, written = _rows(self, index), value._storage.value
        if known is not None and written.meta is known[0] is not self._storage.value.meta:
            return store_at(self._storage, known[0], self._offset + known[1], written)
    if _is_whole(self, index if kind is tuple else (index,)):  # no view: the tensor itself
        target, tensors = self, None
    elif kind is int or kind is slice or (kind is tuple and _PLAIN.issuperset(map(type, index))):
        target, tensors = getitem(self, index), None
    else:
        target, tensors = _basic(self, _items(self, index))
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
        value = value.to(self._meta.dtype)  # type: ignore
    scatter(target, tensors, value)


def _is_whole(self: Any, items: tuple[Any, ...]) -> bool:
    """Whether an index is nothing but an Ellipsis and slices that take all, said from the front."""
    if any(type(item) is not slice and item is not Ellipsis for item in items):
        return False
    if len(items) - (Ellipsis in items) > len(self._meta.shape) or items.count(Ellipsis) > 1:
        return False
    if Ellipsis in items:
        return all(item is Ellipsis or item == slice(None) for item in items)
    return all(
        item.start in (None, 0) and item.step in (None, 1)
        and (item.stop is None or (type(item.stop) is int and item.stop >= size))
        for item, size in zip(items, self._meta.shape, strict=False)
    )  # fmt: skip


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
        ) and not _is_pending(item) and not item._meta.device.is_traced:
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
    """Start, stop and step as ints or None."""
    return _bound(item.start), _bound(item.stop), _bound(item.step)


def _bound(given: Any) -> Any:
    if given is None or type(given) is int:
        return given
    return int(given.item()) if isinstance(given, TensorBase) else given.__index__()  # type: ignore[attr-defined]


def _walk(x: Geometry, steps: list[tuple[str, Any]]) -> Geometry:
    _check_masks(x, steps)
    for kind, what in steps:
        if kind == "new":
            x = unsqueeze(x, what)
        elif kind == "slice":
            at, bounds = what
            x = sliced(x, at, *_extent(bounds, x.shape[at]))
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
                warn_byte(_BYTE_INDEX)
            mask = look(value_of(item)).astype(bool)
            if not item._meta.shape:
                result[at] = _arange(int(mask))
                continue
            for dim, places in enumerate(np.nonzero(mask)):
                result[at + dim] = _from_host(places.astype(np.int64), self)
        else:
            result[at] = item
    return result


_BYTE_INDEX = (
    "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead."
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
    return given, dims


def _check_ranges(self: Any, given: list[Any], dims: tuple[int, ...]) -> None:
    for at, item in zip(dims, given, strict=True):
        check_range(item, self._meta.shape[at], at)


def _check_value(self: Any, given: list[Any], dims: tuple[int, ...], value: Any) -> None:
    """RuntimeError when the value does not broadcast to what the indices name."""
    named = broadcast_shapes(*[item._meta.shape for item in given])
    kept = [size for dim, size in enumerate(self._meta.shape) if dim not in dims]
    together = dims == tuple(range(dims[0], dims[0] + len(dims)))
    at = dims[0] if together else 0
    shape = (*kept[:at], *named, *kept[at:])
    own = value._meta.shape
    lead = len(shape) - len(own)
    if any(
        n != 1 and (dim + lead < 0 or n != shape[dim + lead]) for dim, n in enumerate(own)
    ):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(own)} cannot be broadcast to indexing "
            f"result of shape {list(shape)}"
        )


def check_range(index: Any, size: int, dim: int) -> None:
    """IndexError at once for indices that the host knows; others are checked in the program."""
    array = known(index)
    if array is None or not array.size:
        return
    low, high = int(array.min()), int(array.max())
    if low < -size or high >= size:
        wrong = high if high >= size else low
        raise IndexError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


def gather(self: Any, tensors: dict[int, Any]) -> Any:
    """Advanced indexing: a copy of the elements that the index tensors name."""
    given, dims = _prepared(self, tensors)
    _check_ranges(self, given, dims)
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
    check_writable(self)
    given, dims = _prepared(self, tensors)
    _check_value(self, given, dims, value)
    _check_ranges(self, given, dims)
    if value._meta.device is not self._meta.device:
        value = value.to(self._meta.device)
    return self._index_put_(value, tuple(given), dims, accumulate)
