"""The arithmetic of numbers: sums, products, quotients, remainders."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import pointwise
from compat.ops.roles import Operand, Promoted, Scalar


def _not_bool(name: str, *arrays: jax.Array) -> None:
    require(
        not any(jnp.asarray(array).dtype == bool for array in arrays),
        f"{name}, with a bool tensor is not supported. If you are trying to invert a mask, use "
        "the `~` or `logical_not()` operator instead.",
    )


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
        scaled = other * alpha
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
