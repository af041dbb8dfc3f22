"""Reading at places: gather, index_select, take, and indexing with tensors."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from compat.core.errors import require
from compat.core.size import wrap_dim
from compat.ops.declare import op
from compat.ops.roles import Array, Arrays, Bool, Dim, Flag

OUT_OF_RANGE = (IndexError, "index out of range in self")
# The same at the call, where the host knows the indices: exception, text, whether negative ones
# are allowed, and which arguments are tensor, dim and index.
_WHICH = "index {index} is out of bounds for dimension {dim} with size {size}"
OF_PLACES = (RuntimeError, _WHICH, False, "input, dim, index")
OF_SLICES = (IndexError, "index out of range in self", False, "input, dim, index")
OF_FILLED = (IndexError, _WHICH, True, "input, dim, index")
OF_COPIED = (IndexError, "index_copy_(): " + _WHICH, False, "input, dim, index")
OF_FLAT = (
    IndexError, "out of range: tried to access index {index} on a tensor of {size} elements.",
    True, "input, None, index",
)  # fmt: skip

INSIDE = "promise_in_bounds"  # for indices that have been moved inside


def in_range(index: jax.Array, size: int, negative: bool = False) -> jax.Array:
    """Whether all indices are in range, as one bool: the check of a guarded op."""
    low = -size if negative else 0
    return jnp.all((index >= low) & (index < size))


def index_type(name: str, index: jax.Array) -> None:
    """Refuses an index tensor that is not of whole numbers."""
    require(
        index.dtype.name in ("int64", "int32") or not index.size,
        f"{name}(): Expected dtype int32/int64 for index",
    )


@op(guard=OUT_OF_RANGE, extras={"bounds": OF_PLACES, "apart": "all"})
def gather(input: Array, dim: Dim, index: Array, *,
           sparse_grad: Flag = False) -> tuple[Array, Bool]:  # fmt: skip
    """Elements along a dim: `out[i][j] = input[index[i][j]][j]` for dim 0."""
    index_type("gather", index)
    if not index.size:
        return jnp.zeros(index.shape, input.dtype), jnp.ones((), bool)
    axis = wrap_dim(dim, input.ndim)
    rank = max(input.ndim, 1)
    require(
        max(index.ndim, 1) == rank,
        "Index tensor must have the same number of dimensions as input tensor",
    )
    base, at = jnp.atleast_1d(input), jnp.atleast_1d(index)
    for d in range(rank):
        require(
            d == axis or at.shape[d] <= base.shape[d],
            f"Size does not match at dimension {d} expected index {list(index.shape)} to be no "
            f"larger than self {list(input.shape)} apart from dimension {axis}",
        )
    if not base.size:
        return jnp.zeros(index.shape, input.dtype), in_range(index, base.shape[axis])
    made = base.reshape(-1).at[flat_places(at, axis, base.shape)].get(mode=INSIDE)
    return made.reshape(index.shape), in_range(index, base.shape[axis])


def flat_places(index: jax.Array, axis: int, shape: tuple[int, ...]) -> jax.Array:
    """Where elements are in the flat order of a shape, given an index tensor that counts along
    one axis. Indices out of range are moved inside.

    One number an element: XLA:CPU takes 1.5 times as long for full coordinates (1024 x 1024).
    """
    places = jnp.clip(index, 0, shape[axis] - 1).astype("int64") * math.prod(shape[axis + 1 :])
    for d in range(index.ndim):
        if d != axis:
            along = lax.broadcasted_iota("int64", index.shape, d)
            places = places + along * math.prod(shape[d + 1 :])
    return places.reshape(-1)


@op(guard=OUT_OF_RANGE, extras={"bounds": OF_SLICES})
def index_select(input: Array, dim: Dim, index: Array) -> tuple[Array, Bool]:
    """Whole slices along a dim, at the places that index names."""
    require(index.ndim <= 1, "index_select(): Index is supposed to be a vector", IndexError)
    index_type("index_select", index)
    axis = wrap_dim(dim, input.ndim)
    base = jnp.atleast_1d(input)
    made = jnp.take(base, jnp.atleast_1d(index), axis, mode="clip")
    if not input.ndim:
        made = made.reshape(())
    return made, in_range(index, base.shape[axis])


@op(guard=(IndexError, "out of range: tried to access an index out of bounds"),
    extras={"bounds": OF_FLAT, "apart": "all"})  # fmt: skip
def take(input: Array, index: Array) -> tuple[Array, Bool]:
    """Elements by their place in the flat order."""
    flat = input.reshape(-1)
    at = jnp.where(index < 0, index + flat.size, index)
    return jnp.take(flat, at, mode="clip"), in_range(index, flat.size, True)


@op(guard=OUT_OF_RANGE, extras={"apart": "all"})
def take_along_dim(input: Array, indices: Array, dim: Dim | None = None) -> tuple[Array, Bool]:
    """Elements along a dim, the other dims broadcast; flat without a dim."""
    if dim is None:
        flat = input.reshape(-1)
        at = indices.reshape(-1)
        return jnp.take(flat, at, mode="wrap"), in_range(at, flat.size, True)
    axis = wrap_dim(dim, input.ndim)
    require(
        input.ndim == indices.ndim,
        "torch.take_along_dim(): input and indices should have the same number of dimensions, "
        f"but got {input.ndim} dimensions for input, and {indices.ndim} dimensions for indices",
    )
    shape = list(jnp.broadcast_shapes(
        tuple(1 if d == axis else n for d, n in enumerate(input.shape)),
        tuple(1 if d == axis else n for d, n in enumerate(indices.shape)),
    ))
    base_shape, at_shape = list(shape), list(shape)
    base_shape[axis], at_shape[axis] = input.shape[axis], indices.shape[axis]
    base = jnp.broadcast_to(input, base_shape)
    at = jnp.broadcast_to(indices, at_shape)
    return jnp.take_along_axis(base, at, axis), in_range(at, input.shape[axis], True)


def _full_index(rank: int, dims: tuple[int, ...], indices: Any) -> tuple[Any, ...]:
    where = dict(zip(dims, indices, strict=True))
    return tuple(where.get(d, slice(None)) for d in range(rank))


def _checked(shape: tuple[int, ...], dims: tuple[int, ...], indices: Any) -> jax.Array:
    fine = jnp.ones((), bool)
    for d, index in zip(dims, indices, strict=True):
        fine &= in_range(index, shape[d], True)
    return fine


def added(base: jax.Array, where: Any, values: jax.Array, mode: str | None = None) -> jax.Array:
    """base with values added at places; truth values are joined by "or"."""
    if base.dtype == bool:
        joined = base.astype("uint8").at[where].max(values.astype("uint8"), mode=mode)
        return joined.astype(bool)
    return base.at[where].add(values, mode=mode)


OUT_OF_BOUNDS = (IndexError, "index is out of bounds for dimension with size")


@op(homes=("Tensor",), name="_index", guard=OUT_OF_BOUNDS, out=False,
    extras={"node": "IndexBackward0"})  # fmt: skip
def indexed(input: Array, indices: Arrays, dims: tuple[int, ...]) -> tuple[Array, Bool]:
    """`input[...]` with index tensors at dims."""
    require(
        all(input.shape[d] or not index.size for d, index in zip(dims, indices, strict=True)),
        "index is out of bounds for dimension with size 0", IndexError,
    )
    made = input.at[_full_index(input.ndim, dims, indices)].get(mode="clip")
    return made, _checked(input.shape, dims, indices)


@op(homes=("Tensor",), name="_index_put", inplace=True, guard=OUT_OF_BOUNDS, out=False,
    extras={"node": "IndexPutBackward0"})  # fmt: skip
def index_written(input: Array, values: Array, indices: Arrays, dims: tuple[int, ...],
                  accumulate: Flag = False) -> tuple[Array, Bool]:  # fmt: skip
    """input with values written at (or added to) the places that index tensors name."""
    where = _full_index(input.ndim, dims, indices)
    target = jax.eval_shape(lambda x: x[where], input).shape
    while values.ndim > len(target) and values.shape[0] == 1:
        values = values[0]
    fits = values.ndim <= len(target) and all(
        n in (1, target[len(target) - values.ndim + d]) for d, n in enumerate(values.shape)
    )
    require(
        fits,
        f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to "
        f"indexing result of shape {list(target)}",
    )
    if accumulate:
        made = added(input, where, values, "drop")
    else:
        made = input.at[where].set(values, mode="drop")
    return made, _checked(input.shape, dims, indices)
