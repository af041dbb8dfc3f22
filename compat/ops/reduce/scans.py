"""Running sums, products and extremes."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from compat.core.dtype import bool_, dtype
from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.pointwise.powers import logaddexp
from compat.ops.reduce.extremes import picked_rule
from compat.ops.reduce.sums import one_axis
from compat.ops.roles import Array, Dim, DType, Index, Operand
from compat.ops.specialize import convert


def _added_as(name: str, input: jax.Array, dtype: dtype | None) -> jax.Array:
    require(
        dtype is None or dtype is not bool_,
        f"\"{name}_out_cpu\" not implemented for 'Bool'",
        NotImplementedError,
    )
    if dtype is not None:
        return convert(input, dtype)
    return input.astype("int64") if input.dtype.kind in "iub" else input


@op(inplace=True, math=True, extras={"out": "cast"})
def cumsum(input: Operand, dim: Dim, *, dtype: DType | None = None) -> Array:
    """The running sum along a dim."""
    input = _added_as("cumsum", input, dtype)
    axis = one_axis(dim, input.ndim)
    return jnp.cumsum(input, axis) if input.shape else input


@op(inplace=True, math=True, extras={"out": "cast"})
def cumprod(input: Operand, dim: Dim, *, dtype: DType | None = None) -> Array:
    """The running product along a dim."""
    input = _added_as("cumprod", input, dtype)
    axis = one_axis(dim, input.ndim)
    if not (input.size and input.shape):
        return input
    return lax.associative_scan(jnp.multiply, input, axis=axis)


@op(math=True, kernel=("logcumsumexp_out_cpu", "fc"))
def logcumsumexp(input: Operand, dim: Dim) -> Array:
    """The logarithm of the running sum of exponentials."""
    axis = one_axis(dim, input.ndim)
    if not input.shape or not input.size:
        return input
    if input.dtype.kind != "c":
        return lax.cumlogsumexp(input, axis)
    rows = jnp.moveaxis(input, axis, 0)  # one after the other: the turns of the phase add up

    def step(total: jax.Array, row: jax.Array) -> tuple[jax.Array, jax.Array]:
        total = logaddexp(total, row)
        return total, total

    _, made = lax.scan(step, rows[0], rows[1:])
    return jnp.moveaxis(jnp.concatenate([rows[:1], made]), 0, axis)


def _running_rule(grad_0: Any, result_1: Any, input: Any, dim: Any) -> Any:
    return picked_rule(grad_0, result_1, input, dim, True)


def _running(input: jax.Array, dim: int, better: Any) -> tuple[jax.Array, jax.Array]:
    axis = one_axis(dim, input.ndim)
    if not input.shape:
        return input, jnp.zeros((), "int64")
    places = lax.broadcasted_iota("int64", input.shape, axis)

    def step(a: Any, b: Any) -> Any:
        keep = better(a[0], b[0])
        return jnp.where(keep, a[0], b[0]), jnp.where(keep, a[1], b[1])

    return lax.associative_scan(step, (input, places), axis=axis) if input.size else (input, places)


@op(results=("values", "indices"), backward=_running_rule)
def cummax(input: Array, dim: Dim) -> tuple[Array, Index]:
    """The running maximum along a dim, and where it is: the last of equal ones."""
    nan = jnp.isnan if input.dtype.kind == "f" else lambda x: jnp.zeros(x.shape, bool)
    return _running(input, dim, lambda a, b: ((a > b) | nan(a)) & ~nan(b))


@op(results=("values", "indices"), backward=_running_rule)
def cummin(input: Array, dim: Dim) -> tuple[Array, Index]:
    """The running minimum along a dim, and where it is: the last of equal ones."""
    nan = jnp.isnan if input.dtype.kind == "f" else lambda x: jnp.zeros(x.shape, bool)
    return _running(input, dim, lambda a, b: ((a < b) | nan(a)) & ~nan(b))


@op
def diff(input: Array, n: int = 1, dim: Dim = -1, prepend: Array | None = None,
         append: Array | None = None) -> Array:  # fmt: skip
    """Differences of neighbours along a dim, n times over."""
    require(n >= 0, f"order must be non-negative but got {n}")
    return jnp.diff(input, n, one_axis(dim, input.ndim), prepend, append)
