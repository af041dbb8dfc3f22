"""The recipe from a storage to a tensor and back, derived from sizes, strides and an offset.

A tensor is PyTorch's own numbers over the flat order of its storage, so views of views never
grow chains. Where the strides nest (each a multiple of the next) the flat order is reshaped to
one dimension a stride, and the view is a slice of that, transposed and expanded. Where they do
not (overlapping windows), the elements are gathered by their flat positions. Which dimensions
are cut is static; where the cut starts is a number passed to the program, so `x[i]` is one
program for every i.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from compat.core.dtype import COMPLEX, dtype
from compat.engine.value import Meta


@dataclass(frozen=True)
class Recipe:
    """The static part of a view; `starts` of the cut dimensions are passed at run time.

    shape    the tensor's shape
    stored   shape, type and fastest-last order of the dimensions of the storage's value
    dtype    the tensor's type
    radices  the flat order reshaped: one size a stride, the first rounded up
    cuts     for each of these how many are taken, None where all are
    order    the tensor's dimensions of size > 1, not expanded, as they come out of the slice
    strides  set when the strides do not nest: the way by gathering
    """

    shape: tuple[int, ...]
    stored: tuple[int, ...]
    stored_dtype: dtype
    memory_order: tuple[int, ...]
    dtype: dtype
    radices: tuple[int, ...]
    cuts: tuple[int | None, ...]
    order: tuple[int, ...]
    expanded: tuple[int, ...]
    strides: tuple[int, ...] | None = None

    @property
    def reads_all(self) -> bool:
        """Whether the view holds every element of the storage."""
        return self.fills and not any(self.cuts) and not self.expanded

    @property
    def fills(self) -> bool:
        """Whether there is nothing in the reshaped flat order but the storage's elements."""
        return self.strides is None and math.prod(self.radices) == math.prod(self.stored)


READS = 64  # places whose reading a frame remembers


class Frame:
    """What is known of a view of a base, wherever in the base it is.

    steps    the strides of the nested dimensions; None when they do not nest
    how      the recipe when the cuts do not wrap around
    cached   room for what callers derive from it: the specs that read and write
    reads    the specs that read, with their numbers, by where in the base the view begins
    """

    __slots__ = ("steps", "limits", "how", "gathering", "cached", "reads")

    def __init__(self, base: Meta, view: Meta) -> None:
        nested = _nesting(base, view) if view.numel else None
        self.gathering = _gathering(base, view)
        self.cached: dict[Any, Any] = {}
        self.reads: dict[Any, tuple[Any, tuple[int, ...]]] = {}
        if nested is None:
            self.steps, self.limits, self.how = None, (), self.gathering
            return
        self.steps, radices, taken, order = nested
        pairs = list(zip(taken, radices, strict=True))
        self.limits = tuple(r - n for n, r in pairs)
        cuts = tuple(None if n == r else n for n, r in pairs)
        self.how = _nested(base, view, radices, cuts, order)

    def at(self, offset: int) -> tuple[Recipe, tuple[int, ...]]:
        """The recipe for a view that begins here, and the starts of its cuts."""
        if self.steps is None:
            return self.gathering, (offset,)
        starts, rest = [], offset
        for step, limit, cut in zip(self.steps, self.limits, self.how.cuts, strict=True):
            digit, rest = divmod(rest, step)
            if digit > limit:
                return self.gathering, (offset,)
            if cut is not None:
                starts.append(digit)
        return self.how, tuple(starts)


@lru_cache(8192)
def frame(base: Meta, view: Meta) -> Frame:
    """The frame of a view of a dense base value."""
    return Frame(base, view)


def recipe(base: Meta, view: Meta, offset: int) -> tuple[Recipe, tuple[int, ...]]:
    """The recipe from a dense base value to a view of it, and the starts of its cuts."""
    return frame(base, view).at(offset)


def _nesting(base: Meta, view: Meta) -> Any:
    """Steps, radices, sizes taken and dimension order, or None where strides do not nest."""
    dims = [
        (stride, size, dim)
        for dim, (size, stride) in enumerate(zip(view.shape, view.strides, strict=True))
        if size > 1 and stride != 0
    ]
    dims.sort(key=lambda each: -each[0])
    steps = [stride for stride, _, _ in dims]
    if any(a % b or a == b for a, b in zip(steps, steps[1:], strict=False)):
        return None
    count = _numel_as(base, view.dtype)
    taken = [size for _, size, _ in dims]
    if not steps or steps[-1] != 1:
        steps.append(1)
        taken.append(1)
    radices = [max(-(-count // steps[0]), 1)]
    radices += [a // b for a, b in zip(steps, steps[1:], strict=False)]
    return steps, tuple(radices), taken, tuple(dim for _, _, dim in dims)


def _numel_as(base: Meta, view_dtype: dtype) -> int:
    return base.numel * base.dtype.itemsize // view_dtype.itemsize


def _nested(
    base: Meta,
    view: Meta,
    radices: tuple[int, ...],
    cuts: tuple[int | None, ...],
    order: tuple[int, ...],
) -> Recipe:
    return Recipe(
        tuple(view.shape), tuple(base.shape), base.dtype, _memory_order(base), view.dtype,
        radices, cuts, order, _expanded(view),
    )  # fmt: skip


def _gathering(base: Meta, view: Meta) -> Recipe:
    return Recipe(
        tuple(view.shape), tuple(base.shape), base.dtype, _memory_order(base), view.dtype,
        (), (), (), _expanded(view), view.strides,
    )  # fmt: skip


def _expanded(view: Meta) -> tuple[int, ...]:
    pairs = enumerate(zip(view.shape, view.strides, strict=True))
    return tuple(dim for dim, (size, stride) in pairs if size > 1 and stride == 0)


def _memory_order(base: Meta) -> tuple[int, ...]:
    """The dimensions of a dense layout, slowest first."""
    return tuple(sorted(range(len(base.shape)), key=lambda dim: (-base.strides[dim], dim)))


# The two directions, as pure functions over jax arrays.


def read(how: Recipe, stored: jax.Array, *starts: Any) -> jax.Array:
    """The view's elements, out of the storage's value."""
    flat = reinterpret(_flatten(how, stored), how.stored_dtype, how.dtype)
    if math.prod(how.shape) == 0:
        return jnp.zeros(how.shape, how.dtype.numpy)
    if how.strides is not None:
        return flat[_positions(how.shape, how.strides, starts[0])]
    framed, begin, sizes = _framed(how, flat), _start_of(how, starts), _sizes(how)
    if all(isinstance(start, int) for start in starts):  # known to the program: a plain slice
        ends = [int(start) + size for start, size in zip(begin, sizes, strict=True)]
        taken = lax.slice(framed, [int(start) for start in begin], ends)
    else:
        taken = lax.dynamic_slice(framed, begin, sizes, allow_negative_indices=False)
    if how.order:
        kept = taken.reshape([how.shape[dim] for dim in how.order])
        taken = kept.transpose(np.argsort(how.order))
    unexpanded = [1 if dim in how.expanded else n for dim, n in enumerate(how.shape)]
    return jnp.broadcast_to(taken.reshape(unexpanded), how.shape)


def write(how: Recipe, stored: jax.Array, new: jax.Array, *starts: Any) -> jax.Array:
    """The storage's value after the view has been overwritten by new."""
    if math.prod(how.shape) == 0:
        return stored
    flat = reinterpret(_flatten(how, stored), how.stored_dtype, how.dtype)
    if how.strides is not None:
        flat = flat.at[_positions(how.shape, how.strides, starts[0])].set(new)
    else:
        kept = _in_frame(how, new)
        if any(how.cuts):
            start = _start_of(how, starts)
            framed = _framed(how, flat)
            kept = lax.dynamic_update_slice(framed, kept, start, allow_negative_indices=False)
        flat = kept.reshape(-1)[: flat.size]
    return _unflatten(how, reinterpret(flat, how.dtype, how.stored_dtype))


def tiled(hows: Sequence[Recipe], news: Sequence[jax.Array], axis: int) -> jax.Array:
    """The value of the storage that these views lie in one behind the other, as frames are cut
    along an axis."""
    flat = jnp.concatenate([_in_frame(how, new) for how, new in zip(hows, news, strict=True)], axis)
    return _unflatten(hows[0], flat.reshape(-1))


def _in_frame(how: Recipe, new: jax.Array) -> jax.Array:
    """A view's elements as they lie in the frame."""
    for dim in how.expanded:  # all the copies are one element; the last one written stays
        new = lax.slice_in_dim(new, new.shape[dim] - 1, None, axis=dim)
    kept = new.reshape([how.shape[dim] for dim in sorted(how.order)])
    ranks = {dim: rank for rank, dim in enumerate(sorted(how.order))}
    return kept.transpose([ranks[dim] for dim in how.order]).reshape(_sizes(how))


def _flatten(how: Recipe, stored: jax.Array) -> jax.Array:
    return stored.transpose(how.memory_order).reshape(-1)


def _unflatten(how: Recipe, flat: jax.Array) -> jax.Array:
    in_memory = flat.reshape([how.stored[dim] for dim in how.memory_order])
    return in_memory.transpose(np.argsort(how.memory_order)) if how.memory_order else in_memory


def _framed(how: Recipe, flat: jax.Array) -> jax.Array:
    missing = math.prod(how.radices) - flat.size
    return (jnp.pad(flat, (0, missing)) if missing else flat).reshape(how.radices)


def _sizes(how: Recipe) -> list[int]:
    return [r if cut is None else cut for r, cut in zip(how.radices, how.cuts, strict=True)]


def _start_of(how: Recipe, starts: Sequence[Any]) -> list[Any]:
    given = iter(starts)
    return [np.int64(0) if cut is None else next(given) for cut in how.cuts]


def _positions(shape: Sequence[int], strides: Sequence[int], offset: Any) -> jax.Array:
    where = jnp.asarray(offset, jnp.int64)
    for dim, stride in enumerate(strides):
        where = where + lax.broadcasted_iota(jnp.int64, shape, dim) * stride
    return jnp.broadcast_to(where, shape)


def reinterpret(flat: jax.Array, old: dtype, new: dtype) -> jax.Array:
    """The same bytes as another type; complex numbers are pairs of real ones."""
    if old is new:
        return flat
    if old.category == COMPLEX:
        parts = jnp.stack([flat.real, flat.imag], -1).reshape(-1)
        return reinterpret(parts, old.to_real(), new)
    if new.category == COMPLEX:
        pairs = reinterpret(flat, old, new.to_real()).reshape(-1, 2)
        return lax.complex(pairs[:, 0], pairs[:, 1])
    if old.numpy == np.bool_:
        flat, old = flat.astype(np.uint8), old
    target = np.dtype(np.uint8) if new.numpy == np.bool_ else new.numpy
    if target.itemsize > flat.dtype.itemsize:
        flat = flat.reshape(-1, target.itemsize // flat.dtype.itemsize)
    bits = lax.bitcast_convert_type(flat, target).reshape(-1)
    return bits.astype(np.bool_) if new.numpy == np.bool_ else bits
