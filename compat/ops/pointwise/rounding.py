"""Absolute values, signs, rounding and limits."""

from __future__ import annotations

import builtins
from typing import Any

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import pointwise
from compat.ops.roles import Array, Bool, Operand, Promoted


@jax.custom_jvp
def _abs(x: jax.Array) -> jax.Array:
    return jnp.abs(x)


@_abs.defjvp
def _abs_jvp(primals: Any, tangents: Any) -> Any:
    """The slope at 0 is 0, where JAX takes 1."""
    (x,), (moved,) = primals, tangents
    if jnp.iscomplexobj(x):
        size = jnp.abs(x)
        unit = jnp.where(size == 0, 0, x / jnp.where(size == 0, 1, size))
        return size, (unit.conj() * moved).real
    return jnp.abs(x), jnp.sign(x) * moved


@pointwise(aliases=("absolute",), dunder="abs", extras={"unary": True}, kernel=("abs_cpu", "ifc"))
def abs(input: Operand) -> Array:
    """The absolute value; for complex numbers the length."""
    return input if input.dtype == bool else _abs(input)


def _sign(input: jax.Array) -> jax.Array:
    if input.dtype == bool:
        return input
    return (input > 0).astype(input.dtype) - (input < 0).astype(input.dtype)  # NaN has none


@pointwise
def sign(input: Operand) -> Promoted:
    """-1, 0 or 1."""
    require(not jnp.iscomplexobj(input), "Unlike NumPy, torch.sign doesn't allow complex inputs.")
    return _sign(input)


@pointwise
def sgn(input: Operand) -> Promoted:
    """The sign; for complex numbers the direction."""
    if not jnp.iscomplexobj(input):
        return _sign(input)
    size = _abs(input)
    return jnp.where(size == 0, 0, input / jnp.where(size == 0, 1, size))


def _whole(input: jax.Array, round: Any) -> jax.Array:
    """Rounds floats; whole numbers are whole already."""
    return input if input.dtype.kind in "iu" else round(input)


@pointwise(kernel=("floor_vml_cpu", "if"))
def floor(input: Operand) -> Promoted:
    """Rounds down."""
    return _whole(input, jnp.floor)


@pointwise(kernel=("ceil_vml_cpu", "if"))
def ceil(input: Operand) -> Promoted:
    """Rounds up."""
    return _whole(input, jnp.ceil)


@pointwise(aliases=("fix",), kernel=("trunc_vml_cpu", "if"))
def trunc(input: Operand) -> Promoted:
    """Rounds toward zero."""
    return _whole(input, jnp.trunc)


@pointwise(kernel=("round_vml_cpu", "if"))
def round(input: Operand, *, decimals: int = 0) -> Promoted:
    """Rounds to the nearest, halves to even."""
    if decimals == 0:
        return _whole(input, jnp.round)
    scale = 10.0 ** builtins.abs(decimals)
    if decimals > 0:
        return jnp.round(input * scale) / scale
    return jnp.round(input / scale) * scale


@pointwise(kernel=("frac_cpu", "f"))
def frac(input: Operand) -> Promoted:
    """The part behind the point, with the number's sign."""
    return input - jnp.trunc(input)


@pointwise(aliases=("clip",), extras={"torch_inplace": True})
def clamp(input: Operand, min: Promoted | None = None, max: Promoted | None = None) -> Promoted:
    """Limits to [min, max]; either may be left out."""
    require(
        min is not None or max is not None,
        "torch.clamp: At least one of 'min' or 'max' must not be None",
    )
    return _limited(input, min, max)


@jax.custom_jvp
def _at_least(x: jax.Array, low: jax.Array) -> jax.Array:
    return jnp.maximum(x, low)


@_at_least.defjvp
def _at_least_jvp(primals: Any, tangents: Any) -> Any:
    """At the limit the whole slope belongs to the input."""
    (x, low), (moved, shifted) = primals, tangents
    inside = jnp.broadcast_to(x >= low, jnp.broadcast_shapes(x.shape, low.shape))
    return jnp.maximum(x, low), jnp.where(inside, moved, shifted)


def _limited(input: jax.Array, low: Any, high: Any) -> jax.Array:
    if low is not None:
        input = _pick(input, low, True)
    if high is not None:
        input = _pick(input, high, False)
    return input


def _pick(input: jax.Array, limit: jax.Array, lower: bool) -> jax.Array:
    if not jnp.issubdtype(input.dtype, jnp.floating):
        return jnp.maximum(input, limit) if lower else jnp.minimum(input, limit)
    return _at_least(input, limit) if lower else -_at_least(-input, -limit)


@pointwise(extras={"torch_inplace": True})
def clamp_min(input: Operand, min: Promoted) -> Promoted:
    """Limits from below."""
    return _limited(input, min, None)


@pointwise(extras={"torch_inplace": True})
def clamp_max(input: Operand, max: Promoted) -> Promoted:
    """Limits from above."""
    return _limited(input, None, max)


@pointwise
def nan_to_num(
    input: Operand, nan: float | None = None, posinf: float | None = None,
    neginf: float | None = None,
) -> Promoted:
    """Replaces NaN and the infinities by numbers."""
    if input.dtype.kind in "iub":
        return input
    return jnp.nan_to_num(input, nan=nan or 0.0, posinf=posinf, neginf=neginf)


@pointwise(inplace=True)
def copysign(input: Operand, other: Promoted) -> Array:
    """The size of input with the sign of other."""
    if input.dtype.kind in "iub":
        input, other = input.astype("float32"), other.astype("float32")
    return jnp.copysign(input, other)


@pointwise(inplace=True)
def heaviside(input: Operand, values: Operand) -> Promoted:
    """0 below zero, 1 above, values at zero."""
    return jnp.where(input == 0, values, (input > 0).astype(input.dtype))


@pointwise(inplace=False)
def signbit(input: Operand) -> Bool:
    """Whether the sign is minus."""
    return jnp.signbit(input) if input.dtype.kind in "f" else input < 0
