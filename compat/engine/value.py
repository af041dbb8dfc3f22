"""One SSA result: what it looks like, and either an array or a place in an open section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from compat.core.device import cpu, device
from compat.core.dtype import FLOATING, dtype
from compat.core.size import Size, contiguous_strides

if TYPE_CHECKING:
    from compat.engine.section import Section


class Meta:
    """What is known of a value or a tensor before it is computed.

    Equal metas are one object, so that a tuple of them hashes and compares by identity.
    Strides count elements and say in which order PyTorch would keep them; the array itself
    is always in logical order.
    """

    __slots__ = (
        "shape", "dtype", "strides", "device", "numel", "contiguous", "aval", "facts",
        "differentiable", "rows", "span", "dense", "__weakref__",
    )  # fmt: skip

    shape: Size
    dtype: dtype
    strides: tuple[int, ...]
    device: device
    numel: int
    contiguous: bool
    aval: Any
    facts: tuple[tuple[int, ...], dtype]  # shape and type, which hash in C where avals do not
    differentiable: bool
    span: int  # elements from the first to behind the last
    dense: bool  # whether the elements fill a stretch of memory without gaps or overlap
    rows: dict[int, Meta]  # views along the first dimension: a row by -1, so many rows by count

    def __repr__(self) -> str:
        return f"{self.dtype.name}{list(self.shape)}"


# Bounded, since programs may meet any number of shapes. A meta that is made again after it fell
# out is another object: that costs a longer way round once, and nothing else.
META_LIMIT = 65_536
_metas: dict[tuple[Any, ...], Meta] = {}


def meta(
    shape: Sequence[int],
    dtype: dtype,
    strides: tuple[int, ...] | None = None,
    device: device = cpu,
) -> Meta:
    """The one Meta of these facts; row-major when strides are not given."""
    if strides is None:
        strides = contiguous_strides(shape)
    key = (tuple(shape), dtype, strides, device)
    found = _metas.get(key)
    if found is None:
        found = Meta()
        shape = key[0]
        found.shape = Size(shape)
        found.dtype = dtype
        found.strides = strides
        found.device = device
        found.facts = (shape, dtype)
        found.numel = found.shape.numel()
        found.contiguous = is_contiguous(shape, strides)
        found.aval = jax.ShapeDtypeStruct(shape, dtype.numpy)
        found.rows = {}
        found.span = _span(shape, strides)
        found.dense = found.contiguous or _is_dense(shape, strides)
        found.differentiable = dtype.category >= FLOATING
        if len(_metas) >= META_LIMIT:
            _metas.clear()
        _metas[key] = found
    return found


ROW_LIMIT = 256  # counts of rows that a meta remembers


def rows(one: Meta, count: int) -> Meta:
    """The view of so many of the first dimension's rows, or of one without the dimension (-1)."""
    found = one.rows.get(count)
    if found is None:
        shape, strides = one.shape[1:], one.strides[1:]
        if count >= 0:
            shape, strides = (count, *shape), one.strides
        if len(one.rows) >= ROW_LIMIT:
            one.rows.clear()
        found = one.rows[count] = meta(shape, one.dtype, strides, one.device)
    return found


def is_contiguous(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether elements follow each other in row-major order; strides of size 1 do not count."""
    if 0 in shape:
        return True
    step = 1
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size != 1:
            if stride != step:
                return False
            step *= size
    return True


def _span(shape: Sequence[int], strides: Sequence[int]) -> int:
    if 0 in shape:
        return 0
    return 1 + sum([(n - 1) * stride for n, stride in zip(shape, strides, strict=True)])


def _is_dense(shape: Sequence[int], strides: Sequence[int]) -> bool:
    pairs = sorted((stride, n) for n, stride in zip(shape, strides, strict=True) if n != 1)
    step = 1
    for stride, size in pairs:
        if stride != step:
            return False
        step *= size
    return True


class Value:
    """One immutable result.

    array    the jax.Array (or a NumPy array not on the device yet), None while pending
    section  the open section that will compute it, None once it is there
    slot     its place among the section's results; -1 when the array was brought or given out

    Buffers are donated only when our own programs made them and never gave them out.
    """

    __slots__ = ("meta", "array", "section", "slot", "__weakref__")

    meta: Meta
    array: Any
    section: Section | None
    slot: int

    def give_out(self) -> None:
        """Notes that somebody outside may hold the array."""
        self.slot = -1


# What `memoryview` raises of an array that is elsewhere, deleted, or of a type unknown to buffers.
NO_BUFFER = (BufferError, NotImplementedError, RuntimeError, TypeError, ValueError)


def element(array: Any) -> Any:
    """The element of an array without dimensions as a Python number, once it is computed.

    Where the host can read the buffer this takes 1 us; `np.asarray` of a `jax.Array` takes 9.
    """
    try:
        return memoryview(array).tolist()
    except NO_BUFFER:
        return np.asarray(array).item()


def concrete(meta: Meta, array: Any, owned: bool = False) -> Value:
    """A value whose array is there already; owned when nobody else can reach the array."""
    value = Value()
    value.meta, value.array, value.section = meta, array, None
    value.slot = 0 if owned else -1
    return value
