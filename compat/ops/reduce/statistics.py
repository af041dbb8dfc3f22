"""Quantiles, modes, histograms, covariance, and integrals by the trapezoid rule."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import get_default_dtype, type_name
from compat.core.errors import require
from compat.ops.declare import op, pointwise, reduction
from compat.ops.reduce.extremes import _evenly_rule, picked_rule
from compat.ops.reduce.order import order
from compat.ops.reduce.sums import one_axis
from compat.ops.roles import Array, Dim, Flag, Index, Operand


def _nan_median_place(input: jax.Array, axis: int) -> jax.Array:
    """Where the lower median of what is not NaN is; NaN sorts last."""
    bad = jnp.isnan(input) if input.dtype.kind == "f" else jnp.zeros(input.shape, bool)
    count = jnp.sum(~bad, axis, keepdims=True)
    return jnp.take_along_axis(order(input, axis, False), jnp.maximum(count - 1, 0) // 2, axis)


@op(homes=("hidden",), name="nanmedian", results=("values", "indices"), backward=picked_rule,
    extras={"node": "NanmedianBackward1"})  # fmt: skip
def nanmedian_dim(input: Array, dim: Dim = -1, keepdim: Flag = False) -> tuple[Array, Index]:
    """The lower median of what is not NaN along a dim, and where it is."""
    if not input.shape:
        return input, jnp.zeros((), "int64")
    axis = one_axis(dim, input.ndim)
    place = _nan_median_place(input, axis)
    value = jnp.take_along_axis(input, place, axis)
    return (value, place) if keepdim else (value.squeeze(axis), place.squeeze(axis))


@op(homes=("hidden",), name="_nanmedian_all", extras={"node": "NanmedianBackward0"},
    backward=lambda grad, input, result: _evenly_rule(grad, input, result))  # fmt: skip
def nanmedian_all(input: Array) -> Array:
    """The lower median of all elements that are not NaN."""
    if not input.size:
        return jnp.full((), jnp.nan, input.dtype)
    flat = input.reshape(-1)
    return jnp.take_along_axis(flat, _nan_median_place(flat, 0), 0)[0]


@op(results=("values", "indices"), backward=picked_rule, extras={"apart": "part"})
def mode(input: Array, dim: Dim = -1, keepdim: Flag = False) -> tuple[Array, Index]:
    """The most frequent element along a dim (the smallest of equals), and where it last is."""
    if not input.shape:
        return input, jnp.zeros((), "int64")
    axis = one_axis(dim, input.ndim)
    require(
        input.shape[axis] > 0,
        f"mode(): Expected reduction dim {axis} to have non-zero size.",
        IndexError,
    )
    places = order(input, axis, False)
    lined = jnp.moveaxis(jnp.take_along_axis(input, places, axis), axis, -1)
    count = jnp.sum(lined[..., :, None] == lined[..., None, :], -1)
    best = jnp.argmax(count, -1, keepdims=True)  # the start of the longest run
    last = best + jnp.take_along_axis(count, best, -1) - 1
    place = jnp.take_along_axis(jnp.moveaxis(places, axis, -1), last, -1)
    place = jnp.moveaxis(place, -1, axis)
    value = jnp.take_along_axis(input, place, axis)
    return (value, place) if keepdim else (value.squeeze(axis), place.squeeze(axis))


_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(name: str, input: jax.Array, q: jax.Array, dim: int | None, keepdim: bool,
              interpolation: str) -> jax.Array:  # fmt: skip
    require(input.size > 0, "quantile() input tensor must be non-empty")
    require(
        input.dtype.name in ("float32", "float64"),
        "quantile() input tensor must be either float or double dtype",
    )
    require(q.ndim <= 1, "quantile() q must be a scalar or 1D tensor")
    require(
        q.dtype == input.dtype, "quantile() q tensor must be same dtype as the input tensor"
    )
    require(
        interpolation in _METHODS,
        f"quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but "
        f"got {interpolation}",
    )
    axis = None if dim is None or not input.ndim else one_axis(dim, input.ndim)
    find = jnp.quantile if name == "quantile" else jnp.nanquantile
    return find(input, q, axis, method=interpolation, keepdims=keepdim and input.ndim > 0)


@reduction(homes=("hidden",), name="_quantile", math=False)
def quantile(input: Array, q: Array, dim: Dim | None = None, keepdim: Flag = False, *,
             interpolation: str = "linear") -> Array:  # fmt: skip
    """What a fraction q of the elements, all or along a dim, does not exceed."""
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@reduction(homes=("hidden",), name="_nanquantile", math=False)
def nanquantile(input: Array, q: Array, dim: Dim | None = None, keepdim: Flag = False, *,
                interpolation: str = "linear") -> Array:  # fmt: skip
    """As `quantile`, without the NaNs."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


@op(differentiable=False, kernel=("histogram_cpu", "f"))
def histc(input: Array, bins: int = 100, min: float = 0, max: float = 0) -> Array:
    """How many elements fall into each of so many equal bins from min to max.

    Without bounds they are those of the data.
    """
    require(
        bins > 0, f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0"
    )
    require(min <= max, "torch.histc: max must be larger than min")
    low, high = jnp.asarray(min, input.dtype), jnp.asarray(max, input.dtype)
    if min == max:
        if input.size:
            low, high = jnp.min(input), jnp.max(input)
        alike = low == high
        low, high = jnp.where(alike, low - 1, low), jnp.where(alike, high + 1, high)
    flat = input.reshape(-1)
    place = ((flat - low) / (high - low) * bins).astype("int64")
    place = jnp.minimum(place, bins - 1)
    counted = (flat >= low) & (flat <= high)
    return jnp.zeros(bins, input.dtype).at[place].add(counted.astype(input.dtype))


@op(homes=("hidden",), name="_cov", out=False)
def cov(input: Array, correction: int = 1, fweights: Array | None = None,
        aweights: Array | None = None) -> Array:  # fmt: skip
    """The covariance of variables in rows, observed in columns.

    fweights   how often each observation counts, whole numbers
    aweights   how much it weighs, fractions
    """
    rows = _observed("cov", input)
    weights = None
    for name, given, kinds, called in (
        ("fweights", fweights, "iu", "integral"), ("aweights", aweights, "f", "floating point"),
    ):  # fmt: skip
        if given is not None:
            _check_weights(name, given, rows.shape[1], kinds, called)
            weights = given if weights is None else weights * given
    total: Any = rows.shape[1] if weights is None else weights.sum()
    count = total - correction
    if aweights is not None and correction:
        count = total - correction * (weights * aweights).sum() / total  # type: ignore
    if weights is not None:
        kind = rows.real.dtype
        weights = weights.astype(jnp.promote_types(kind, weights.dtype) if aweights is not None
                                 else kind)  # fmt: skip
    off = rows - _weighted(rows, weights).sum(1, keepdims=True) / total
    made = off @ _weighted(off, weights).T.conj() / jnp.maximum(count, 0).astype(rows.real.dtype)
    return made.squeeze()


def _observed(name: str, input: jax.Array) -> jax.Array:
    """Variables in rows, as fractions."""
    require(
        input.ndim <= 2,
        f"{name}(): expected input to have two or fewer dimensions but got an input with "
        f"{input.ndim} dimensions",
    )
    require(input.dtype != bool, "cov(): bool dtype is not supported for input")
    rows = input if input.ndim == 2 else input.reshape(1, -1)
    return rows.astype(get_default_dtype().numpy) if rows.dtype.kind in "iu" else rows


def _check_weights(name: str, given: jax.Array, count: int, kinds: str, called: str) -> None:
    """Refuses weights that are not one for each observation, of the kind."""
    require(
        given.ndim <= 1,
        f"cov(): expected {name} to have one or fewer dimensions but got {name} with "
        f"{given.ndim} dimensions",
    )
    require(
        jnp.issubdtype(given.dtype, jnp.integer if kinds == "iu" else jnp.floating),
        f"cov(): expected {name} to have {called} dtype but got {name} with "
        f"{type_name(given.dtype)} dtype",
    )
    require(
        given.size == count,
        f"cov(): expected {name} to have the same numel as there are observations in the input "
        f"but got {given.size} != {count}",
    )


def _weighted(rows: jax.Array, weights: jax.Array | None) -> jax.Array:
    return rows if weights is None else rows * weights


@op(out=False)
def corrcoef(input: Array) -> Array:
    """Pearson's correlation of variables in rows, observed in columns."""
    rows = _observed("corrcoef", input)
    made = cov(rows)
    if not made.ndim:
        return made / made
    spread = jnp.sqrt(jnp.diagonal(made).real)
    made = made / spread[:, None] / spread[None, :]
    if made.dtype.kind == "c":
        return jax.lax.complex(jnp.clip(made.real, -1, 1), jnp.clip(made.imag, -1, 1))
    return jnp.clip(made, -1, 1)


@pointwise(inplace=True, math=False)
def renorm(input: Array, p: float, dim: Dim, maxnorm: float) -> Array:
    """Slices along a dim scaled down so that their p-norm does not exceed maxnorm."""
    require(p > 0, "renorm: non-positive-norm not supported")
    require(
        input.ndim > 1, f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions"
    )
    axis = one_axis(dim, input.ndim)
    axes = tuple(each for each in range(input.ndim) if each != axis)
    size = _slice_norm(input, p, axes)
    scale = jnp.where(size > maxnorm, maxnorm / (size + 1e-7), 1)
    return input * scale.astype(input.dtype)


def _slice_norm(input: Any, p: float, axes: tuple[int, ...]) -> jax.Array:
    from compat.ops.reduce.sums import vector_norm

    return vector_norm(input, p, axes, True)


@op(homes=("torch",), name="trapezoid", aliases=("trapz",), out=False)
def trapezoid(y: Operand, x: Operand | None = None, *, dx: float | None = None,
              dim: Dim = -1) -> Array:  # fmt: skip
    """The integral of y along a dim by the trapezoid rule, over places x or steps of dx."""
    axis = one_axis(dim, y.ndim)
    if x is not None or not y.ndim or not y.shape[axis]:
        strips, part = _strips(y, x, dx, dim)
        return _total(strips, axis) * part
    ends = _fractions(jnp.take(y, 0, axis) + jnp.take(y, -1, axis))
    return (_total(y, axis) - ends * 0.5) * (1 if dx is None else dx)


@op(homes=("torch",), out=False)
def cumulative_trapezoid(y: Operand, x: Operand | None = None, *, dx: float | None = None,
                         dim: Dim = -1) -> Array:  # fmt: skip
    """The running integral of y along a dim by the trapezoid rule."""
    strips, part = _strips(y, x, dx, dim)
    whole = strips.astype("int64") if strips.dtype.kind in "iub" else strips
    return _fractions(jnp.cumsum(whole, one_axis(dim, y.ndim))) * part


def _strips(y: jax.Array, x: jax.Array | None, dx: float | None, dim: int) -> tuple[jax.Array, Any]:
    """Areas between neighbours, and what they are to be multiplied by. Those of whole numbers wrap
    around in their own type, as in PyTorch."""
    axis = one_axis(dim, y.ndim)
    low, high = (jax.lax.slice_in_dim(y, a, y.shape[axis] + a - 1, axis=axis) for a in (0, 1))
    if x is None:
        return low + high, 0.5 if dx is None else dx / 2
    if x.ndim == 1:
        x = x.reshape((-1,) + (1,) * (y.ndim - axis - 1))
    along = x.ndim - (y.ndim - axis)
    return (low + high) * jnp.diff(x, axis=along), 0.5


def _total(array: jax.Array, axis: int) -> jax.Array:
    """The sum along an axis, as fractions."""
    if array.dtype.kind in "iub":
        return _fractions(array.sum(axis, dtype="int64"))
    return array.sum(axis)


def _fractions(array: jax.Array) -> jax.Array:
    return array.astype(get_default_dtype().numpy) if array.dtype.kind in "iub" else array
