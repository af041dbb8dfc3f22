"""Determinants and their logarithms."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compat.ops.declare import op
from compat.ops.linalg.checks import floating, square, square_floating
from compat.ops.roles import Array


@op(homes=("torch", "Tensor", "linalg"), extras={"node": "LinalgDetBackward0"})
def det(A: Array) -> Array:
    """The determinant."""
    square("linalg.det", A)
    floating("linalg.det", A)
    if not A.size:  # that of a matrix without elements is 1
        return jnp.ones(A.shape[:-2], A.dtype)
    return jnp.linalg.det(A)


def _slogdet(a: jax.Array, name: str) -> tuple[jax.Array, jax.Array]:
    square_floating(name, a)
    if not a.size:
        made = jnp.ones(a.shape[:-2], a.dtype)
        return made, jnp.zeros_like(made.real)
    sign, size = jnp.linalg.slogdet(a)
    return sign, size


@op(homes=("linalg",), results=("sign", "logabsdet"), extras={"node": "LinalgSlogdetBackward0"})
def slogdet(A: Array) -> tuple[Array, Array]:
    """The sign of the determinant, and the logarithm of its size."""
    return _slogdet(A, "linalg.slogdet")


@op(homes=("torch", "Tensor"), name="slogdet", results=("sign", "logabsdet"),
    extras={"node": "LinalgSlogdetBackward0"})  # fmt: skip
def torch_slogdet(input: Array) -> tuple[Array, Array]:
    """The sign of the determinant, and the logarithm of its size."""
    return _slogdet(input, "linalg.slogdet")


@op(homes=("torch", "Tensor"), out=False)
def logdet(input: Array) -> Array:
    """The logarithm of the determinant; NaN where that is negative."""
    sign, size = _slogdet(input, "linalg.slogdet")
    if jnp.iscomplexobj(sign):
        return jnp.log(sign) + size
    return jnp.where(sign < 0, jnp.nan, size)
