"""Tensors out of nothing: constants and ranges. Each is one entry, and no data is carried."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from compat.core.dtype import dtype, from_numpy_type
from compat.ops.declare import op
from compat.ops.roles import Array, DType, Flag, Scalar, Shape
from compat.ops.specialize import convert

_HIDDEN = {"homes": ("hidden",), "out": False}


@op(**_HIDDEN)
def filled(*, size: Shape, value: Scalar, dtype: DType) -> Array:
    """One number everywhere."""
    return jnp.broadcast_to(convert(jnp.asarray(value), dtype), size)


@op(**_HIDDEN)
def constant(*, size: Shape, value: Any, dtype: DType) -> Array:
    """A number that is part of the program: zeros and ones."""
    return jnp.full(size, value, dtype.numpy)


@op(**_HIDDEN)
def stepped(*, count: int, start: Scalar, step: Scalar, dtype: DType) -> Array:
    """start, start + step, ...: computed in the widest type of its kind."""
    wide = _wide(dtype)
    steps = jnp.arange(count, dtype=wide)
    return (jnp.asarray(start).astype(wide) + steps * jnp.asarray(step).astype(wide)).astype(
        dtype.numpy
    )


@op(**_HIDDEN)
def evenly(*, start: Scalar, end: Scalar, steps: int, dtype: DType) -> Array:
    """steps numbers from start to end, symmetric about the middle as PyTorch computes them."""
    work = dtype.numpy if dtype.category >= 2 else "float64"
    first, last = jnp.asarray(start).astype(work), jnp.asarray(end).astype(work)
    if steps == 1:
        return first.reshape(1).astype(dtype.numpy)
    step = (last - first) / max(steps - 1, 1)
    place = jnp.arange(steps)
    real = jnp.finfo(work).dtype if jnp.dtype(work).kind == "c" else work
    forward = first + step * place.astype(real)
    backward = last - step * (steps - 1 - place).astype(real)
    return jnp.where(place < steps // 2, forward, backward).astype(dtype.numpy)


@op(**_HIDDEN)
def identity(*, rows: int, columns: int, dtype: DType) -> Array:
    """Ones on the diagonal."""
    return jnp.eye(rows, columns, dtype=dtype.numpy)


@op(**_HIDDEN)
def triangle_indices(*, rows: int, columns: int, offset: int, upper: Flag) -> Array:
    """Row and column numbers of a triangle, as a (2, n) matrix."""
    pairs = [
        (r, c)
        for r in range(rows)
        for c in range(columns)
        if (c - r >= offset if upper else c - r <= offset)
    ]
    return jnp.asarray(pairs, "int64").reshape(-1, 2).T


def _wide(kind: dtype) -> Any:
    return {0: "int64", 1: "int64", 2: "float64", 3: "complex128"}[kind.category]


@op(homes=("hidden",), out=False, strides="pointwise", extras={"node": "ToCopyBackward0"})
def cast(input: Array, dtype: DType) -> Array:
    """The elements in another type."""
    return convert(input, dtype)


@op(homes=("hidden",), out=False, strides="pointwise", extras={"node": "CloneBackward0"})
def cloned(input: Array) -> Array:
    """A copy with the same layout."""
    return jnp.asarray(input)


@op(homes=("hidden",), out=False, extras={"node": "CloneBackward0"})
def packed(input: Array) -> Array:
    """A row-major copy."""
    return jnp.asarray(input)


@op(homes=("hidden",), out=False, extras={"node": "CopyBackwards"})
def copied(input: Array, src: Array) -> Array:
    """src, expanded and cast to what input is."""
    return jnp.broadcast_to(convert(src, from_numpy_type(input.dtype)), input.shape)


@op(homes=("hidden",), out=False, extras={"node": "CloneBackward0"})
def laid_out(input: Array, strides: Shape) -> Array:
    """A copy with these strides."""
    return jnp.asarray(input)

