"""Logic on truth values and on bits."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compat.ops.declare import pointwise
from compat.ops.roles import Array, Bool, Operand, Promoted


@pointwise
def logical_and(input: Array, other: Array) -> Bool:
    """Whether both are not zero."""
    return (input != 0) & (other != 0)


@pointwise
def logical_or(input: Array, other: Array) -> Bool:
    """Whether either is not zero."""
    return (input != 0) | (other != 0)


@pointwise
def logical_xor(input: Array, other: Array) -> Bool:
    """Whether just one is not zero."""
    return (input != 0) ^ (other != 0)


@pointwise
def logical_not(input: Array) -> Bool:
    """Whether it is zero."""
    return input == 0


@pointwise(dunder="and", kernel=("bitwise_and_cpu", "bi"))
def bitwise_and(input: Promoted, other: Promoted) -> Promoted:
    """The bits set in both."""
    return input & other


@pointwise(dunder="or", kernel=("bitwise_or_cpu", "bi"))
def bitwise_or(input: Promoted, other: Promoted) -> Promoted:
    """The bits set in either."""
    return input | other


@pointwise(dunder="xor", kernel=("bitwise_xor_cpu", "bi"))
def bitwise_xor(input: Promoted, other: Promoted) -> Promoted:
    """The bits set in just one."""
    return input ^ other


@pointwise(dunder="invert", extras={"unary": True}, kernel=("bitwise_not_cpu", "bi"))
def bitwise_not(input: Operand) -> Promoted:
    """The bits not set."""
    return ~input


def _bits(array: jax.Array) -> int:
    return array.dtype.itemsize * 8


@pointwise(dunder="lshift", kernel=("lshift_cpu", "i"))
def bitwise_left_shift(input: Promoted, other: Promoted) -> Promoted:
    """Shifts to higher places."""
    return jnp.where((other < 0) | (other >= _bits(input)), 0, input << other)


@pointwise(dunder="rshift", kernel=("rshift_cpu", "i"))
def bitwise_right_shift(input: Promoted, other: Promoted) -> Promoted:
    """Shifts to lower places; the sign stays."""
    far = jnp.where(input < 0, -1, 0).astype(input.dtype)
    return jnp.where((other < 0) | (other >= _bits(input)), far, input >> other)
