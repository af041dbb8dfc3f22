"""The arithmetic of numbers: sums, products, quotients, remainders."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from compat.core.dtype import get_default_dtype
from compat.core.errors import require
from compat.ops.declare import pointwise
from compat.ops.roles import Array, Operand, Promoted, Scalar


@pointwise(dunder="add", legacy="add(input, alpha, other)")
def add(input: Promoted, other: Promoted, *, alpha: Scalar = 1) -> Promoted:
    """Adds `other`, scaled by `alpha`, to `input`.

    input   any shape, any dtype
    other   broadcastable to `input`, promoted together with it
    alpha   a number no wider in kind than the result
    gives   the broadcast shape, the promoted dtype

    >>> compat.add(compat.tensor([1, 2]), 10, alpha=2)
    tensor([21, 22])
    """
    return _scaled_sum(input, other, alpha, 1)


@pointwise(dunder="sub", legacy="sub(input, alpha, other)", aliases=("subtract",))
def sub(input: Promoted, other: Promoted, *, alpha: Scalar = 1) -> Promoted:
    """Subtracts `other`, scaled by `alpha`, from `input`."""
    require(
        jnp.asarray(input).dtype != bool,
        "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
        "`logical_xor()` operator instead.",
    )
    return _scaled_sum(input, other, alpha, -1)


def _scaled_sum(input: jax.Array, other: jax.Array, alpha: object, sign: int) -> jax.Array:
    if isinstance(alpha, int):
        scaled = other
    else:
        require(
            alpha.dtype == input.dtype or input.dtype.kind not in "iu",  # type: ignore[attr-defined]
            "For integral input tensors, argument alpha must not be a floating point number.",
        )
        scaled = other * alpha  # type: ignore
    if input.dtype == bool:
        return input | scaled
    return input + scaled if sign > 0 else input - scaled


@pointwise(dunder="mul", aliases=("multiply",))
def mul(input: Promoted, other: Promoted) -> Promoted:
    """Multiplies element by element."""
    return input & other if input.dtype == bool else input * other


@pointwise(name="neg", aliases=("negative",), dunder="neg", extras={"unary": True})
def neg(input: Operand) -> Promoted:
    """Changes the sign."""
    require(
        input.dtype != bool,
        "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
        "invert a mask, use the `~` or `logical_not()` operator instead.",
    )
    return -input


def rounded_quotient(input: jax.Array, other: jax.Array, rounding_mode: str | None) -> jax.Array:
    """A quotient, rounded toward zero ("trunc"), down ("floor") or not at all."""
    require(
        rounding_mode in (None, "trunc", "floor"),
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
        f"'{rounding_mode}'",
    )
    if rounding_mode is None:
        return input / other
    if jnp.issubdtype(input.dtype, jnp.integer):
        safe = jnp.where(other == 0, jnp.ones_like(other), other)
        return lax.div(*_met(input, safe)) if rounding_mode == "trunc" else input // safe
    if rounding_mode == "trunc":
        return jnp.trunc(input / other)
    return _floor_quotient(input, other)


def _met(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    a, b = jnp.broadcast_arrays(a, b)
    return a, b


def _floor_quotient(a: jax.Array, b: jax.Array) -> jax.Array:
    """Floor division of floats by the remainder, as PyTorch and Python do it."""
    remainder = lax.rem(*_met(a, b))
    quotient = (a - remainder) / b
    off = (remainder != 0) & ((b < 0) != (remainder < 0))
    quotient = jnp.where(off, quotient - 1, quotient)
    floored = jnp.floor(quotient)
    floored = jnp.where(quotient - floored > 0.5, floored + 1, floored)
    zero = jnp.where(jnp.signbit(a / b), -0.0, 0.0).astype(a.dtype)
    floored = jnp.where(quotient == 0, zero, floored)
    return jnp.where(b == 0, a / b, floored)


@pointwise(dunder="truediv", aliases=("divide",), extras={"divisor": "other"})
def div(input: Promoted, other: Promoted, *, rounding_mode: str | None = None) -> Array:
    """Divides; whole numbers give the default floating type unless `rounding_mode` is given."""
    if rounding_mode is None and input.dtype.kind in "iub":
        kind = get_default_dtype().numpy
        input, other = input.astype(kind), other.astype(kind)
    return rounded_quotient(input, other, rounding_mode)


@pointwise
def true_divide(input: Promoted, other: Promoted) -> Array:
    """Divides; whole numbers give the default floating type."""
    return div(input, other)


@pointwise(dunder="floordiv", differentiable=False, kernel=("div_floor_cpu", "if"),
           extras={"divisor": "other"})  # fmt: skip
def floor_divide(input: Promoted, other: Promoted) -> Promoted:
    """The quotient rounded down."""
    return rounded_quotient(input, other, "floor")


@pointwise(dunder="mod", kernel=("remainder_cpu", "if"), extras={"divisor": "other"})
def remainder(input: Promoted, other: Promoted) -> Promoted:
    """What is left of a division rounded down: it has the divisor's sign."""
    if jnp.issubdtype(input.dtype, jnp.integer):
        return jnp.mod(input, jnp.where(other == 0, jnp.ones_like(other), other))
    # the quotient carries the divisor's gradient; it is constant between its steps
    steps = lax.stop_gradient(_floor_quotient(*_met(input, other)))
    exact = lax.stop_gradient(jnp.mod(input, other))
    smooth = input - other * steps
    return exact + smooth - lax.stop_gradient(smooth)


@pointwise(kernel=("fmod_cpu", "if"), extras={"divisor": "other"})
def fmod(input: Operand, other: Promoted) -> Promoted:
    """What is left of a division rounded toward zero: it has the dividend's sign."""
    if jnp.issubdtype(input.dtype, jnp.integer):
        return lax.rem(*_met(input, jnp.where(other == 0, jnp.ones_like(other), other)))
    steps = lax.stop_gradient(jnp.trunc(input / other))
    exact = lax.stop_gradient(lax.rem(*_met(input, other)))
    smooth = input - other * steps
    return exact + smooth - lax.stop_gradient(smooth)


@pointwise(legacy="rsub(input, alpha, other)")
def rsub(input: Operand, other: Promoted, *, alpha: Scalar = 1) -> Promoted:
    """`other - alpha * input`."""
    require(
        jnp.asarray(input).dtype != bool,
        "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
        "invert a mask, use the `~` or `logical_not()` operator instead.",
    )
    return _scaled_sum(other, input, alpha, -1)


@pointwise(legacy="addcmul(input, value, tensor1, tensor2)")
def addcmul(
    input: Promoted, tensor1: Promoted, tensor2: Promoted, *, value: Scalar = 1
) -> Promoted:
    """`input + value * tensor1 * tensor2`."""
    return input + value * tensor1 * tensor2


@pointwise(legacy="addcdiv(input, value, tensor1, tensor2)")
def addcdiv(
    input: Promoted, tensor1: Promoted, tensor2: Promoted, *, value: Scalar = 1
) -> Promoted:
    """`input + value * tensor1 / tensor2`."""
    require(
        input.dtype.kind in "fc" or input.dtype.name == "bfloat16",
        "Integer division with addcdiv is no longer supported, and in a future  release addcdiv "
        "will perform a true division of tensor1 and tensor2.",
    )
    return input + value * (tensor1 / tensor2)


@pointwise
def lerp(input: Promoted, end: Promoted, weight: Promoted) -> Promoted:
    """A point between `input` (weight 0) and `end` (weight 1)."""
    near = jnp.abs(weight) < 0.5
    return jnp.where(near, input + weight * (end - input), end - (end - input) * (1 - weight))
