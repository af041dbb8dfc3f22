"""What the operations on matrices ask of their arguments, and whether their results came out."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import type_name
from compat.core.errors import require


def matrix(name: str, a: jax.Array, called: str = "A") -> None:
    """Refuses what has fewer than two dimensions."""
    require(
        a.ndim >= 2, f"{name}: The input tensor {called} must have at least 2 dimensions."
    )


def square(name: str, a: jax.Array) -> None:
    """Refuses what is not (batches of) square matrices."""
    matrix(name, a)
    require(
        a.shape[-1] == a.shape[-2],
        f"{name}: A must be batches of square matrices, but they are {a.shape[-2]} by "
        f"{a.shape[-1]} matrices",
    )


def floating(name: str, a: jax.Array) -> None:
    """Refuses whole numbers and types of half precision."""
    require(
        a.dtype.kind not in "iub",
        f"{name}: Expected a floating point or complex tensor as input. Got {type_name(a.dtype)}",
    )
    require(
        a.dtype.itemsize > 2,
        f"{name}: Low precision dtypes not supported. Got {type_name(a.dtype)}",
    )


def square_floating(name: str, a: jax.Array) -> None:
    """Refuses all but square matrices of floating or complex numbers."""
    square(name, a)
    floating(name, a)


def alike(name: str, a: jax.Array, b: jax.Array, x: str = "A", y: str = "B") -> None:
    """Refuses operands of different types."""
    require(
        a.dtype == b.dtype,
        f"{name}: Expected {x} and {y} to have the same dtype, but found {x} of type "
        f"{type_name(a.dtype)} and {y} of type {type_name(b.dtype)} instead",
    )


def came_out(made: jax.Array, *given: jax.Array) -> jax.Array:
    """Whether a result is finite, or need not be."""
    fine = jnp.isfinite(made).all()
    for each in given:
        fine |= ~jnp.isfinite(each).all()
    return fine


def adjoint(a: jax.Array) -> jax.Array:
    """The conjugate transposed."""
    return jnp.swapaxes(a, -1, -2).conj()


def together(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two batches of matrices with their leading dimensions broadcast."""
    lead = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return (
        jnp.broadcast_to(a, (*lead, *a.shape[-2:])),
        jnp.broadcast_to(b, (*lead, *b.shape[-2:])),
    )


def triangular(a: jax.Array, b: jax.Array, *, upper: bool, unit: bool = False,
               adjoint: bool = False, transpose: bool = False) -> Any:  # fmt: skip
    """X with `a @ X = b` for a triangular a, or its transposed or adjoint."""
    a, b = together(a, b)
    if 0 in b.shape or 0 in a.shape:
        return b
    return jax.lax.linalg.triangular_solve(
        a, b, left_side=True, lower=not upper, transpose_a=adjoint or transpose,
        conjugate_a=adjoint, unit_diagonal=unit,
    )  # fmt: skip


def first_zero(diagonal: jax.Array) -> jax.Array:
    """The place, from 1, of the first zero along the last dim, as LAPACK's info; else 0."""
    if not diagonal.shape[-1]:
        return jnp.zeros(diagonal.shape[:-1], "int32")
    zero = diagonal == 0
    place = jnp.argmax(zero, -1).astype("int32") + 1
    return jnp.where(zero.any(-1), place, 0).astype("int32")


def main_diagonal(a: jax.Array) -> jax.Array:
    """The main diagonals."""
    return jnp.diagonal(a, axis1=-2, axis2=-1)


def whole(a: jax.Array, uplo: str = "L") -> jax.Array:
    """The Hermitian matrix that one triangle stands for. Gradients go to both alike."""
    require(uplo.upper() in ("L", "U"), f"Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    part = jnp.tril(a, -1) if uplo.upper() == "L" else jnp.triu(a, 1)
    diagonal = a * jnp.eye(a.shape[-1], dtype=a.dtype)
    meant = part + adjoint(part) + diagonal.real
    evenly = (a + adjoint(a)) / 2
    return evenly + jax.lax.stop_gradient(meant - evenly)
