"""Logic on truth values and on bits."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compat.core.errors import require
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


def _whole(name: str, *arrays: jax.Array) -> None:
    for array in arrays:
        require(
            jnp.asarray(array).dtype.kind in "iub",
            f'"{name}_cpu" not implemented for \'{_titles.get(array.dtype.name, array.dtype.name)}\'',
            NotImplementedError,
        )


_titles = {"float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16"}


@pointwise(dunder="and")
def bitwise_and(input: Promoted, other: Promoted) -> Promoted:
    """The bits set in both."""
    _whole("bitwise_and", input, other)
    return input & other


@pointwise(dunder="or")
def bitwise_or(input: Promoted, other: Promoted) -> Promoted:
    """The bits set in either."""
    _whole("bitwise_or", input, other)
    return input | other


@pointwise(dunder="xor")
def bitwise_xor(input: Promoted, other: Promoted) -> Promoted:
    """The bits set in just one."""
    _whole("bitwise_xor", input, other)
    return input ^ other


@pointwise(dunder="invert", extras={"unary": True})
def bitwise_not(input: Operand) -> Promoted:
    """The bits not set."""
    _whole("bitwise_not", input)
    return ~input


def _bits(array: jax.Array) -> int:
    return array.dtype.itemsize * 8


@pointwise(dunder="lshift")
def bitwise_left_shift(input: Promoted, other: Promoted) -> Promoted:
    """Shifts to higher places."""
    return jnp.where((other < 0) | (other >= _bits(input)), 0, input << other)


@pointwise(dunder="rshift")
def bitwise_right_shift(input: Promoted, other: Promoted) -> Promoted:
    """Shifts to lower places; the sign stays."""
    far = jnp.where(input < 0, -1, 0).astype(input.dtype)
    return jnp.where((other < 0) | (other >= _bits(input)), far, input >> other)
