"""Writing at places: scatter, index_add and their kin, as new tensors."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.core.size import wrap_dim
from compat.ops.declare import op, pointwise
from compat.ops.index.gather import (
    INSIDE,
    OF_COPIED,
    OF_FILLED,
    OF_FLAT,
    OF_PLACES,
    OF_SLICES,
    OUT_OF_RANGE,
    added,
    flat_places,
    in_range,
)
from compat.ops.roles import Array, Bool, Dim, Flag, Scalar


def _placed(
    input: jax.Array, dim: int, index: jax.Array, src: Any, how: str, include: bool = True
) -> tuple[jax.Array, jax.Array]:
    """input with src written, added or otherwise combined at index along a dim."""
    require(
        index.dtype.name in ("int64", "int32"), "scatter(): Expected dtype int64 for index"
    )
    axis = wrap_dim(dim, input.ndim)
    base, at = jnp.atleast_1d(input), jnp.atleast_1d(index)
    if not index.size:
        return input, jnp.ones((), bool)
    require(
        at.ndim == base.ndim,
        "Index tensor must have the same number of dimensions as self tensor",
    )
    for d in range(at.ndim):
        require(
            d == axis or at.shape[d] <= base.shape[d],
            f"Expected index {list(index.shape)} to be no larger than self {list(input.shape)} "
            f"apart from dimension {axis}",
        )
    if getattr(src, "ndim", 0) or src.shape == input.shape:
        full = jnp.atleast_1d(src)
        require(
            full.ndim == at.ndim,
            "Index tensor must have the same number of dimensions as src tensor",
        )
        require(
            full.ndim == at.ndim and all(a <= b for a, b in zip(at.shape, full.shape, strict=True)),
            f"Expected index {list(index.shape)} to be no larger than src {list(src.shape)}",
        )
        values = full[tuple(slice(0, n) for n in at.shape)]
    else:
        values = jnp.broadcast_to(src, at.shape)
    values = values.astype(base.dtype).reshape(-1)
    inside = in_range(index, base.shape[axis])
    if not base.size:
        return input, inside
    where = flat_places(at, axis, base.shape)
    base = base.reshape(-1)
    if how == "set":
        made = base.at[where].set(values, mode=INSIDE)
    else:
        if base.dtype == bool:  # sums are "or", products "and"
            require(how in _OF_TRUTH, f'"scatter_gather_{how}" not implemented for \'Bool\'',
                    NotImplementedError)  # fmt: skip
            base, values, how = base.astype("uint8"), values.astype("uint8"), _OF_TRUTH[how]
        if not include:
            neutral = {"sum": 0, "mean": 0, "prod": 1}.get(how)
            fresh = values if neutral is None else jnp.full_like(values, neutral)
            base = base.at[where].set(fresh, mode=INSIDE)
        made = _combined(base, values, where, how, include).astype(input.dtype)
    return made.reshape(input.shape), inside


_OF_TRUTH = {"sum": "amax", "prod": "amin", "amax": "amax", "amin": "amin"}


@jax.custom_jvp
def _multiplied(base: jax.Array, values: jax.Array, where: Any) -> jax.Array:
    """base with values multiplied in. JAX has no derivative of it where places repeat."""
    return base.at[where].multiply(values, mode=INSIDE)


@_multiplied.defjvp
def _multiplied_jvp(primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    """Each factor's tangent times the product of the others: with one zero among the factors
    only the zero's own counts, with more none does."""
    base, values, where = primals
    zero, nought = base == 0, values == 0
    zeros = zero.astype("int32").at[where].add(nought.astype("int32"))
    rest = _multiplied(jnp.where(zero, 1, base), jnp.where(nought, 1, values), where)

    def others(own: jax.Array, is_zero: jax.Array, count: jax.Array, rest: jax.Array) -> jax.Array:
        divided = rest / jnp.where(is_zero, 1, own)
        return jnp.where(count == 0, divided, jnp.where((count == 1) & is_zero, rest, 0))

    moved = others(base, zero, zeros, rest) * tangents[0]
    turned = others(values, nought, zeros[where], rest[where]) * tangents[1]
    return _multiplied(base, values, where), moved.at[where].add(turned)


def _combined(
    base: jax.Array, values: jax.Array, where: jax.Array, how: str, include: bool
) -> jax.Array:
    """The flat base with values combined in at places; include: whether it counts for a mean."""
    if how == "prod":
        return _multiplied(base, values, where)
    if how == "amax":
        return base.at[where].max(values, mode=INSIDE)
    if how == "amin":
        return base.at[where].min(values, mode=INSIDE)
    total = base.at[where].add(values, mode=INSIDE)
    if how == "sum":
        return total
    require(
        how == "mean", f"reduce argument must be either sum, prod, mean, amax or amin, got {how}"
    )
    count = jnp.full_like(total, include).at[where].add(jnp.ones_like(values), mode=INSIDE)
    count = jnp.maximum(count, 1)
    return total // count if total.dtype.kind in "iu" else total / count


@op(homes=("hidden",), name="_scatter", guard=OUT_OF_RANGE, out=True,
    extras={"bounds": OF_PLACES, "node": "ScatterBackward0"})  # fmt: skip
def scatter(input: Array, dim: Dim, index: Array, src: Array) -> tuple[Array, Bool]:
    """Writes src at index along a dim."""
    require(
        input.dtype == src.dtype, "scatter(): Expected self.dtype to be equal to src.dtype"
    )
    return _placed(input, dim, index, src, "set")


@op(homes=("hidden",), name="_scatter_value", guard=OUT_OF_RANGE, out=True,
    extras={"bounds": OF_PLACES, "node": "ScatterBackward1"})  # fmt: skip
def scatter_value(input: Array, dim: Dim, index: Array, value: Scalar) -> tuple[Array, Bool]:
    """Writes a number at index along a dim."""
    return _placed(input, dim, index, jnp.asarray(value).astype(input.dtype), "set")


@op(guard=OUT_OF_RANGE, inplace=True, extras={"bounds": OF_PLACES})
def scatter_add(input: Array, dim: Dim, index: Array, src: Array) -> tuple[Array, Bool]:
    """Adds src at index along a dim."""
    require(
        input.dtype == src.dtype, "scatter(): Expected self.dtype to be equal to src.dtype"
    )
    return _placed(input, dim, index, src, "sum")


@op(guard=OUT_OF_RANGE, inplace=True, extras={"bounds": OF_PLACES})
def scatter_reduce(input: Array, dim: Dim, index: Array, src: Array, reduce: str,
                   include_self: Flag = True) -> tuple[Array, Bool]:  # fmt: skip
    """Combines src at index along a dim: sum, prod, mean, amax or amin."""
    require(
        input.dtype == src.dtype, "scatter(): Expected self.dtype to be equal to src.dtype"
    )
    return _placed(input, dim, index, src, reduce, include_self)


@op(guard=OUT_OF_RANGE, inplace=True, extras={"bounds": OF_SLICES})
def index_reduce(input: Array, dim: Dim, index: Array, source: Array, reduce: str, *,
                 include_self: Flag = True) -> tuple[Array, Bool]:  # fmt: skip
    """Combines slices of source with those that index names: prod, mean, amax or amin."""
    require(
        reduce in ("prod", "mean", "amax", "amin"),
        f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.",
    )
    base = jnp.atleast_1d(input)
    _, axis = _slices(input, dim, index, "index_reduce")
    _source_fits(input, axis, index, source, "index_reduce")
    given = jnp.atleast_1d(source)
    _source_matches(base, axis, given)
    unit = [1] * base.ndim
    unit[axis] = index.size
    places = jnp.broadcast_to(index.reshape(unit), given.shape)
    made, inside = _placed(base, axis, places, given, reduce, include_self)
    return made.reshape(input.shape), inside


def _slices(input: jax.Array, dim: int, index: jax.Array, name: str) -> tuple[Any, int]:
    require(
        index.ndim <= 1,
        f"{name}(): Index is supposed to be a vector, but got dim: {index.ndim}",
        IndexError,
    )
    axis = wrap_dim(dim, input.ndim)
    return (*(slice(None),) * axis, jnp.atleast_1d(index)), axis


def _source_fits(
    input: jax.Array, axis: int, index: jax.Array, source: jax.Array, name: str
) -> None:
    count = index.size
    require(
        not source.ndim or source.shape[axis] == count,
        f"{name}(): Number of indices ({count}) should be equal to source.size(dim): "
        f"({source.shape[axis] if source.ndim else 1}), for dim: {axis}",
        IndexError if name != "index_add" else RuntimeError,
    )
    require(
        input.dtype == source.dtype,
        f"{name}(): self and source expected to have the same dtype, but got (self) "
        f"{input.dtype} and (source) {source.dtype}",
    )


def _source_matches(base: jax.Array, axis: int, source: jax.Array) -> None:
    rest = [shape[:axis] + shape[axis + 1 :] for shape in (base.shape, source.shape)]
    require(
        rest[0] == rest[1] and base.ndim == source.ndim,
        "source tensor shape must match self tensor shape, excluding the specified dimension. Got "
        f"self.shape = {list(base.shape)} source.shape = {list(source.shape)}",
    )


@op(guard=OUT_OF_RANGE, inplace=True, extras={"bounds": OF_SLICES})
def index_add(input: Array, dim: Dim, index: Array, source: Array, *,
              alpha: Scalar = 1) -> tuple[Array, Bool]:  # fmt: skip
    """Adds slices of source, times alpha, to the slices that index names."""
    base = jnp.atleast_1d(input)
    where, axis = _slices(input, dim, index, "index_add")
    _source_fits(input, axis, index, source, "index_add")
    given = jnp.atleast_1d(source)
    scaled = given if isinstance(alpha, int) else given * alpha.astype(given.dtype)
    _source_matches(base, axis, given)
    made = added(base, where, scaled, "drop")
    return made.reshape(input.shape), in_range(index, base.shape[axis])


@op(guard=OUT_OF_RANGE, inplace=True, extras={"bounds": OF_COPIED})
def index_copy(input: Array, dim: Dim, index: Array, source: Array) -> tuple[Array, Bool]:
    """Overwrites the slices that index names with slices of source."""
    base = jnp.atleast_1d(input)
    where, axis = _slices(input, dim, index, "index_copy")
    _source_fits(input, axis, index, source, "index_copy")
    made = base.at[where].set(jnp.atleast_1d(source), mode="drop")
    return made.reshape(input.shape), in_range(index, base.shape[axis])


@op(guard=OUT_OF_RANGE, inplace=True, out=False, extras={"bounds": OF_FILLED})
def index_fill(input: Array, dim: Dim, index: Array, value: Scalar) -> tuple[Array, Bool]:
    """Overwrites the slices that index names with a number."""
    base = jnp.atleast_1d(input)
    where, axis = _slices(input, dim, index, "index_fill")
    at = jnp.where(where[-1] < 0, where[-1] + base.shape[axis], where[-1])
    made = base.at[(*where[:-1], at)].set(jnp.asarray(value).astype(input.dtype), mode="drop")
    return made.reshape(input.shape), in_range(index, base.shape[axis], True)


@op(guard=OUT_OF_RANGE, inplace=True, out=False, extras={"bounds": OF_FLAT})
def put(input: Array, index: Array, source: Array, accumulate: Flag = False) -> tuple[Array, Bool]:
    """Writes (or adds) source by place in the flat order."""
    flat = input.reshape(-1)
    where, values = index.reshape(-1), source.reshape(-1)
    write = flat.at[where].set
    made = added(flat, where, values, "drop") if accumulate else write(values, mode="drop")
    return made.reshape(input.shape), in_range(index, flat.size, True)


# Masks.

_OVERFLOWN = {"float32": "float", "float64": "double", "int64": "int64_t", "int32": "int"}


@pointwise(math=False, out=False, extras={"masked": True})
def masked_fill(input: Array, mask: Array, value: Scalar) -> Array:
    """value where the mask holds, input elsewhere."""
    require(
        mask.dtype.name in ("bool", "uint8"),
        f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}",
    )
    filler = jnp.asarray(value)
    require(
        filler.ndim == 0,
        f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
        f"{filler.ndim} dimension(s).",
    )
    require(
        not (filler.dtype.kind == "c" and input.dtype.kind != "c"),
        f"value cannot be converted to type {_OVERFLOWN.get(input.dtype.name, input.dtype.name)} "
        "without overflow",
    )
    return jnp.where(mask.astype(bool), filler.astype(input.dtype), input)


@op(out=False, inplace=True, extras={"masked": True})
def masked_scatter(input: Array, mask: Array, source: Array) -> Array:
    """Elements of source, in order, where the mask holds."""
    require(
        mask.dtype.name in ("bool", "uint8"),
        f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype}",
    )
    shape = jnp.broadcast_shapes(input.shape, mask.shape)
    holds = jnp.broadcast_to(mask.astype(bool), shape).reshape(-1)
    at = jnp.clip(jnp.cumsum(holds) - 1, 0, max(source.size - 1, 0))
    base = jnp.broadcast_to(input, shape)
    if not source.size:
        return base
    return jnp.where(holds, source.reshape(-1)[at], base.reshape(-1)).reshape(shape)
