"""Shapes and layouts: `torch.Size`, memory formats, and how shapes broadcast."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple of ints that prints as `torch.Size([2, 3])`."""

    __slots__ = ()

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        return math.prod(self)

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            return NotImplemented
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Size:
        return Size(tuple(other) + tuple(self))

    def __mul__(self, times: Any) -> Size:
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)


class Layout:
    """How elements are stored: `torch.strided`, or by the places of those that are not zero."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"


class memory_format:
    """An order of dimensions in memory, as `torch.channels_last`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"


strided = Layout("strided")
sparse_coo = Layout("sparse_coo")
sparse_csr, sparse_csc = Layout("sparse_csr"), Layout("sparse_csc")
sparse_bsr, sparse_bsc = Layout("sparse_bsr"), Layout("sparse_bsc")
_KINDS = strided, sparse_coo, sparse_csr, sparse_csc, sparse_bsr, sparse_bsc
LAYOUTS = {repr(one): one for one in _KINDS}
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")

# Which way a shape is laid out densely; the last dimension named is the fastest.
_ORDERS = {channels_last: (4, (0, 2, 3, 1)), channels_last_3d: (5, (0, 2, 3, 4, 1))}


def contiguous_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides, in elements, of the row-major layout."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def strides_in(format: memory_format, shape: Sequence[int]) -> tuple[int, ...]:
    """Strides of a dense layout in a memory format; RuntimeError when the rank does not fit."""
    if format not in _ORDERS:
        return contiguous_strides(shape)
    rank, order = _ORDERS[format]
    if len(shape) != rank:
        raise RuntimeError(f"required rank {rank} tensor to use {format} format")
    return strides_in_order(shape, order)


def strides_in_order(shape: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    """Strides of a dense layout whose dimensions run, slowest first, as order says."""
    strides, step = [0] * len(shape), 1
    for dim in reversed(order):
        strides[dim] = step
        step *= max(shape[dim], 1)
    return tuple(strides)


def broadcast_shapes(*shapes: Iterable[int]) -> Size:
    """The shape in which shapes meet; RuntimeError in PyTorch's words when they do not."""
    result: list[int] = []
    for shape in shapes:
        sizes = list(shape)
        rank = max(len(result), len(sizes))
        left = [1] * (rank - len(result)) + result
        right = [1] * (rank - len(sizes)) + sizes
        for dim, (a, b) in enumerate(zip(left, right, strict=True)):
            if a != b and a != 1 and b != 1:
                raise RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at "
                    f"non-singleton dimension {dim}"
                )
        result = [b if a == 1 else a for a, b in zip(left, right, strict=True)]
    return Size(result)


def wrap_dim(dim: int, rank: int) -> int:
    """A dimension counted from the front; IndexError when it is out of range."""
    span = max(rank, 1)
    if not -span <= dim < span:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], "
            f"but got {dim})"
        )
    return dim + span if dim < 0 else dim
