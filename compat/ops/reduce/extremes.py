"""Largest and smallest, their places, and ordering."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import op, reduction
from compat.ops.reduce.order import order
from compat.ops.reduce.sums import axes_of, one_axis
from compat.ops.roles import Array, Dim, Dims, Flag, Index


def _not_complex(name: str, input: jax.Array) -> None:
    require(not jnp.iscomplexobj(input), f"{name}: does not support complex input")


def _evenly_rule(grad: Any, input: Any, result: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The slope is shared evenly by all elements that are the extreme."""
    axes = axes_of(dim, input.ndim)
    if not keepdim and axes is not None:
        grad, result = jnp.expand_dims(grad, axes), jnp.expand_dims(result, axes)
    chosen = (input == result) | (jnp.isnan(input) & jnp.isnan(result))
    count = jnp.sum(chosen, axes, keepdims=True)
    return chosen * (grad / count)


_ONE_TYPE = (
    "Expected the dtype for input and out to match, but got {want} for input's dtype and {got} "
    "for out's dtype."
)


@reduction(backward=_evenly_rule, extras={"out": _ONE_TYPE})
def amax(input: Array, dim: Dims = (), keepdim: Flag = False) -> Array:
    """The largest, along dims; equal ones share the gradient."""
    _some("amax", input, dim)
    return jnp.max(input, axes_of(dim, input.ndim), keepdims=keepdim)


@reduction(backward=_evenly_rule, extras={"out": _ONE_TYPE})
def amin(input: Array, dim: Dims = (), keepdim: Flag = False) -> Array:
    """The smallest, along dims; equal ones share the gradient."""
    _some("amin", input, dim)
    return jnp.min(input, axes_of(dim, input.ndim), keepdims=keepdim)


def _some(name: str, input: jax.Array, dim: Any) -> None:
    axes = axes_of(dim, input.ndim)
    if axes is None:
        require(
            input.size > 0,
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            "reduction dim with the 'dim' argument.",
        )
    else:
        for axis in axes:
            require(
                input.shape[axis] > 0,
                f"{name}(): Expected reduction dim {axis} to have non-zero size.",
                IndexError,
            )


def _all_rule(grad: Any, input: Any, result: Any) -> Any:
    return _evenly_rule(grad, input, result)


@reduction(homes=("hidden",), name="_max_all", backward=_all_rule,
           extras={"node": "MaxBackward1", "out": "cast"})  # fmt: skip
def max_all(input: Array) -> Array:
    """The largest element."""
    require(
        input.size > 0,
        "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
        "reduction dim with the 'dim' argument.",
    )
    return jnp.max(input)


@reduction(homes=("hidden",), name="_min_all", backward=_all_rule,
           extras={"node": "MinBackward1", "out": "cast"})  # fmt: skip
def min_all(input: Array) -> Array:
    """The smallest element."""
    require(
        input.size > 0,
        "min(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
        "reduction dim with the 'dim' argument.",
    )
    return jnp.min(input)


def picked_rule(
    grad_0: Any, result_1: Any, input: Any, dim: Any = -1, keepdim: bool = False
) -> Any:
    """The gradient of values picked by index along a dim goes to where they were."""
    shape = input.shape
    if not shape:
        return grad_0
    axis = one_axis(dim, len(shape))
    if not keepdim and grad_0.ndim < len(shape):
        grad_0, result_1 = jnp.expand_dims(grad_0, axis), jnp.expand_dims(result_1, axis)
    return scattered(jnp.zeros(shape, grad_0.dtype), axis, result_1, grad_0)


def scattered(base: jax.Array, axis: int, index: jax.Array, values: jax.Array) -> jax.Array:
    """base with values added at index along an axis."""
    grid = [
        jax.lax.broadcasted_iota("int64", index.shape, d) if d != axis else index
        for d in range(base.ndim)
    ]
    return base.at[tuple(grid)].add(values)


def _first(input: jax.Array, axis: int, keepdims: bool, best: Any) -> tuple[jax.Array, jax.Array]:
    """The best along an axis (`jnp.max` or `jnp.min`), and the first place where it is; NaN is
    better than any number.

    By two plain reductions: XLA:CPU takes 4.4 ms for one of pairs over 1024x1024, 0.4 for these.
    """
    top = best(input, axis, keepdims=True)
    hits = (input == top) | (input != input)
    size = input.shape[axis]
    places = jax.lax.broadcasted_iota("int32" if size < 2**31 else "int64", input.shape, axis)
    place = jnp.min(jnp.where(hits, places, size), axis, keepdims=keepdims).astype("int64")
    return top if keepdims else top.squeeze(axis), place


def _extreme(input: jax.Array, dim: int, keepdim: bool, best: Any) -> tuple[jax.Array, jax.Array]:
    if not input.shape:
        return input, jnp.zeros((), "int64")
    axis = one_axis(dim, input.ndim)
    require(
        input.shape[axis] > 0,
        f"max(): Expected reduction dim {axis} to have non-zero size.",
        IndexError,
    )
    return _first(input, axis, keepdim, best)


@reduction(homes=("hidden",), name="max", results=("values", "indices"), backward=picked_rule,
           extras={"apart": "part"})  # fmt: skip
def max_dim(input: Array, dim: Dim, keepdim: Flag = False) -> tuple[Array, Index]:
    """The largest along a dim, and where it is."""
    return _extreme(input, dim, keepdim, jnp.max)


@reduction(homes=("hidden",), name="min", results=("values", "indices"), backward=picked_rule,
           extras={"apart": "part"})  # fmt: skip
def min_dim(input: Array, dim: Dim, keepdim: Flag = False) -> tuple[Array, Index]:
    """The smallest along a dim, and where it is."""
    return _extreme(input, dim, keepdim, jnp.min)


def _place(name: str, input: jax.Array, dim: Any, keepdim: bool, best: Any) -> jax.Array:
    require(input.dtype != bool, f"{name}(): does not support bool input")
    if dim is None:
        require(
            input.size > 0,
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            "reduction dim with the 'dim' argument.",
            IndexError,
        )
        made = _first(input.reshape(-1), 0, False, best)[1]
        return made.reshape((1,) * input.ndim) if keepdim else made
    if not input.shape:
        one_axis(dim, 0)
        return jnp.zeros((), "int64")
    axis = one_axis(dim, input.ndim)
    require(
        input.shape[axis] > 0,
        f"{name}(): Expected reduction dim {axis} to have non-zero size.",
        IndexError,
    )
    return _first(input, axis, keepdim, best)[1]


@reduction
def argmax(input: Array, dim: Dim | None = None, keepdim: Flag = False) -> Index:
    """Where the largest is: the first of equal ones."""
    return _place("argmax", input, dim, keepdim, jnp.max)


@reduction
def argmin(input: Array, dim: Dim | None = None, keepdim: Flag = False) -> Index:
    """Where the smallest is: the first of equal ones."""
    return _place("argmin", input, dim, keepdim, jnp.min)


@reduction(results=("min", "max"))
def aminmax(input: Array, *, dim: Dim | None = None, keepdim: Flag = False) -> tuple[Array, Array]:
    """Smallest and largest at once."""
    axes = axes_of(dim, input.ndim)
    if dim is None:
        require(
            input.size > 0,
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
            "identity.",
        )
    elif input.ndim:
        axis = one_axis(dim, input.ndim)
        require(
            input.shape[axis] > 0,
            f"aminmax: Expected reduction dim {axis} to have non-zero size.", IndexError,
        )  # fmt: skip
    return jnp.min(input, axes, keepdims=keepdim), jnp.max(input, axes, keepdims=keepdim)


# Ordering.


def _sorted_rule(grad_0: Any, result_1: Any, input: Any, dim: Any = -1) -> Any:
    return picked_rule(grad_0, result_1, input, dim, True)


@op(results=("values", "indices"), backward=_sorted_rule)
def sort(input: Array, dim: Dim = -1, descending: Flag = False, *,
         stable: Flag | None = None) -> tuple[Array, Index]:  # fmt: skip
    """Sorts along a dim, and says where each element was."""
    if not input.shape:
        one_axis(dim, 0)
        return input, jnp.zeros((), "int64")
    axis = one_axis(dim, input.ndim)
    places = order(input, axis, descending)
    return jnp.take_along_axis(input, places, axis), places


@op(out=True)
def argsort(input: Array, dim: Dim = -1, descending: Flag = False, *,
            stable: Flag | None = None) -> Index:  # fmt: skip
    """Where the elements of the sorted tensor are."""
    if not input.shape:
        return jnp.zeros((), "int64")
    return order(input, one_axis(dim, input.ndim), descending)


def _topk_rule(grad_0: Any, result_1: Any, input: Any, dim: Any = -1) -> Any:
    return picked_rule(grad_0, result_1, input, dim, True)


@op(results=("values", "indices"), backward=_topk_rule, extras={"apart": "part"})
def topk(input: Array, k: int, dim: Dim = -1, largest: Flag = True,
         sorted: Flag = True) -> tuple[Array, Index]:  # fmt: skip
    """The k largest (or smallest) along a dim, and where they are."""
    if not input.shape:
        require(k <= 1, "selected index k out of range")
        return (input, jnp.zeros((), "int64")) if k else (input.reshape(0), jnp.zeros(0, "int64"))
    axis = one_axis(dim, input.ndim)
    require(0 <= k <= input.shape[axis], "selected index k out of range")
    if largest and input.dtype.kind == "f" and input.shape[axis] > 0:
        values, places = jax.lax.top_k(jnp.moveaxis(input, axis, -1), k)
        return jnp.moveaxis(values, -1, axis), jnp.moveaxis(places, -1, axis)
    places = jax.lax.slice_in_dim(order(input, axis, largest), 0, k, axis=axis)
    return jnp.take_along_axis(input, places, axis), places


@op(results=("values", "indices"), backward=picked_rule,
    extras={"out": "output values must be of same type as input", "apart": "all"})  # fmt: skip
def kthvalue(input: Array, k: int, dim: Dim = -1, keepdim: Flag = False) -> tuple[Array, Index]:
    """The k-th smallest along a dim, and where it is."""
    if not input.shape:
        require(k == 1, "kthvalue(): selected number k out of range for dimension 0")
        return input, jnp.zeros((), "int64")
    axis = one_axis(dim, input.ndim)
    require(
        1 <= k <= input.shape[axis],
        f"kthvalue(): selected number k out of range for dimension {axis}",
    )
    place = jax.lax.slice_in_dim(order(input, axis, False), k - 1, k, axis=axis)
    value = jnp.take_along_axis(input, place, axis)
    return (value, place) if keepdim else (value.squeeze(axis), place.squeeze(axis))


def _median_place(input: jax.Array, axis: int) -> jax.Array:
    """Where the lower median is; where a NaN is, when there is one."""
    n = input.shape[axis]
    places = order(input, axis, False)
    place = jax.lax.slice_in_dim(places, (n - 1) // 2, (n - 1) // 2 + 1, axis=axis)
    if input.dtype.kind != "f":
        return place
    bad = jnp.isnan(input)
    first = jnp.argmax(bad, axis, keepdims=True)
    return jnp.where(bad.any(axis, keepdims=True), first, place)


@op(homes=("hidden",), name="median", results=("values", "indices"), backward=picked_rule)
def median_dim(input: Array, dim: Dim = -1, keepdim: Flag = False) -> tuple[Array, Index]:
    """The lower median along a dim, and where it is."""
    if not input.shape:
        return input, jnp.zeros((), "int64")
    axis = one_axis(dim, input.ndim)
    require(
        input.shape[axis] > 0,
        f"median(): Expected reduction dim {axis} to have non-zero size.",
        IndexError,
    )
    place = _median_place(input, axis)
    value = jnp.take_along_axis(input, place, axis)
    return (value, place) if keepdim else (value.squeeze(axis), place.squeeze(axis))


@op(homes=("hidden",), name="_median_all", backward=lambda grad, input, result: _evenly_rule(
    grad, input, result), extras={"node": "MedianBackward0"})  # fmt: skip
def median_all(input: Array) -> Array:
    """The lower median of all elements."""
    if not input.size:
        return jnp.full((), jnp.nan, input.dtype)
    flat = input.reshape(-1)
    return jnp.take_along_axis(flat, _median_place(flat, 0), 0)[0]
