"""Comparisons, and what is built on them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import get_default_dtype
from compat.core.errors import require
from compat.ops.declare import op, pointwise
from compat.ops.roles import Array, Bool, Operand, Promoted

# A number beside half-precision elements is rounded to their type, not they widened: no `math`.


@pointwise(dunder="eq", math=False, extras={"reflected": False})
def eq(input: Operand, other: Promoted) -> Bool:
    """Whether elements are equal."""
    return input == other


@pointwise(dunder="ne", math=False, extras={"reflected": False}, aliases=("not_equal",))
def ne(input: Operand, other: Promoted) -> Bool:
    """Whether elements differ."""
    return input != other


@pointwise(dunder="lt", math=False, extras={"reflected": False}, aliases=("less",))
def lt(input: Operand, other: Promoted) -> Bool:
    """Whether input is smaller."""
    return input < other


@pointwise(dunder="le", math=False, extras={"reflected": False}, aliases=("less_equal",))
def le(input: Operand, other: Promoted) -> Bool:
    """Whether input is smaller or equal."""
    return input <= other


@pointwise(dunder="gt", math=False, extras={"reflected": False}, aliases=("greater",))
def gt(input: Operand, other: Promoted) -> Bool:
    """Whether input is larger."""
    return input > other


@pointwise(dunder="ge", math=False, extras={"reflected": False}, aliases=("greater_equal",))
def ge(input: Operand, other: Promoted) -> Bool:
    """Whether input is larger or equal."""
    return input >= other


@pointwise(inplace=False)
def isnan(input: Operand) -> Bool:
    """Whether elements are NaN."""
    return jnp.zeros(input.shape, bool) if input.dtype.kind in "iub" else jnp.isnan(input)


@pointwise(inplace=False)
def isinf(input: Operand) -> Bool:
    """Whether elements are infinite."""
    return jnp.zeros(input.shape, bool) if input.dtype.kind in "iub" else jnp.isinf(input)


@pointwise(inplace=False)
def isfinite(input: Operand) -> Bool:
    """Whether elements are neither infinite nor NaN."""
    return jnp.ones(input.shape, bool) if input.dtype.kind in "iub" else jnp.isfinite(input)


@pointwise(inplace=False)
def isposinf(input: Operand) -> Bool:
    """Whether elements are plus infinity."""
    return jnp.isposinf(input)


@pointwise(inplace=False)
def isneginf(input: Operand) -> Bool:
    """Whether elements are minus infinity."""
    return jnp.isneginf(input)


@pointwise(inplace=False)
def isreal(input: Operand) -> Bool:
    """Whether the imaginary part is zero."""
    return jnp.isreal(input)


@op
def isclose(
    input: Array, other: Array, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Bool:
    """Whether `|input - other| <= atol + rtol * |other|`."""
    require(
        input.dtype == other.dtype,
        f"{_title(input)} did not match {_title(other)}",
    )
    for name, size in (("rtol", rtol), ("atol", atol)):
        require(size >= 0, f"{name} must be greater than or equal to zero, but got {size:g}")
    if input.dtype.kind in "iub":
        gap = input ^ other if input.dtype == bool else jnp.abs(input - other)
        allowed = atol + jnp.abs(rtol * other.astype(get_default_dtype().numpy))
        return (input == other) | (gap.astype(allowed.dtype) <= allowed)
    close = input == other
    if equal_nan:
        close = close | (jnp.isnan(input) & jnp.isnan(other))
    gap = jnp.abs(input - other)
    return close | (jnp.isfinite(gap) & (gap <= atol + jnp.abs(rtol * other)))


def _title(array: jax.Array) -> str:
    return {"float32": "Float", "float64": "Double", "int64": "Long", "int32": "Int"}.get(
        array.dtype.name, array.dtype.name
    )


@op(name="_allclose", homes=("hidden",), out=False)
def allclose(
    input: Array, other: Array, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Bool:
    """Whether all elements are close."""
    return isclose(input, other, rtol, atol, equal_nan).all()


@jax.custom_jvp
def _larger(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.maximum(a, b)


@_larger.defjvp
def _larger_jvp(primals: Any, tangents: Any) -> Any:
    """Equal elements share the slope."""
    (a, b), (moved, shifted) = primals, tangents
    share = jnp.where(a == b, 0.5, (a > b).astype(a.dtype)).astype(a.dtype)
    return jnp.maximum(a, b), share * moved + (1 - share) * shifted


@pointwise(inplace=False)
def maximum(input: Operand, other: Operand) -> Promoted:
    """The larger of two; NaN when either is."""
    return _larger(input, other) if input.dtype.kind == "f" else jnp.maximum(input, other)


@pointwise(inplace=False)
def minimum(input: Operand, other: Operand) -> Promoted:
    """The smaller of two; NaN when either is."""
    return -_larger(-input, -other) if input.dtype.kind == "f" else jnp.minimum(input, other)


@pointwise(inplace=False)
def fmax(input: Operand, other: Operand) -> Promoted:
    """The larger of two; NaN only when both are."""
    chosen = (input >= other) | jnp.isnan(other) if input.dtype.kind == "f" else input >= other
    return jnp.where(chosen, input, other)


@pointwise(inplace=False)
def fmin(input: Operand, other: Operand) -> Promoted:
    """The smaller of two; NaN only when both are."""
    chosen = (input <= other) | jnp.isnan(other) if input.dtype.kind == "f" else input <= other
    return jnp.where(chosen, input, other)


@op(name="_where", homes=("hidden",), strides="pointwise", out=False,
    extras={"node": "WhereBackward0"})  # fmt: skip
def where(condition: Array, input: Promoted, other: Promoted) -> Promoted:
    """input where the condition holds, other elsewhere."""
    return jnp.where(condition.astype(bool), input, other)
