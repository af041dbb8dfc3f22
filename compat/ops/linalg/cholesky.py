"""The Cholesky factor of positive definite matrices, and what is solved with it."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from compat.core.errors import LinAlgError, require
from compat.ops.declare import op
from compat.ops.linalg.checks import (
    adjoint,
    came_out,
    square,
    square_floating,
    together,
    triangular,
    whole,
)
from compat.ops.roles import Array, Bool, Flag

_NOT_POSITIVE = (
    LinAlgError,
    "linalg.cholesky: The factorization could not be completed because the input is not "
    "positive-definite.",
)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def _lower(a: jax.Array, read: str) -> jax.Array:
    """The lower factor, of which only one triangle is read. In its derivative both halves of the
    matrix count alike, as in PyTorch: I. Murray, "Differentiation of the Cholesky decomposition"
    (2016)."""
    return jnp.linalg.cholesky(whole(a, read), symmetrize_input=False)


@_lower.defjvp
def _lower_slope(read: str, primals: Any, tangents: Any) -> Any:
    made = _lower(primals[0], read)
    half = triangular(made, tangents[0], upper=False)
    inner = adjoint(triangular(made, adjoint(half), upper=False))
    evenly = (jnp.tril(inner) + jnp.tril(adjoint(inner), -1)) / 2
    return made, made @ evenly


def _factor(a: jax.Array, upper: bool) -> jax.Array:
    square_floating("linalg.cholesky", a)
    if not a.size:
        return a
    return adjoint(_lower(a, "U")) if upper else _lower(a, "L")


@op(homes=("linalg",), guard=_NOT_POSITIVE, extras={"node": "LinalgCholeskyExBackward0"})
def cholesky(A: Array, *, upper: Flag = False) -> tuple[Array, Bool]:
    """The triangle L with `L @ L.mH = A`; LinAlgError unless A is positive definite."""
    made = _factor(A, upper)
    return made, came_out(made, A)


@op(homes=("torch", "Tensor"), name="cholesky", guard=_NOT_POSITIVE, extras={"out": "cast"})
def old_cholesky(input: Array, upper: Flag = False) -> tuple[Array, Bool]:
    """The triangle L with `L @ L.mH = input`; LinAlgError unless it is positive definite."""
    made = _factor(input, upper)
    return made, came_out(made, input)


def _stepwise(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The lower factor as far as it goes, and the order of the minor that stops it; for one
    matrix, column by column as LAPACK's unblocked routine does."""
    n = a.shape[-1]
    rows = jnp.arange(n)

    def column(k: Any, state: Any) -> Any:
        made, info = state
        square_left = made[k, k].real
        fails = (info == 0) & ~(square_left > 0)
        info = jnp.where(fails, k + 1, info).astype("int32")
        root = jnp.sqrt(jnp.where(square_left > 0, square_left, 1)).astype(made.dtype)
        below = jnp.where(rows > k, made[:, k] / root, 0)
        inner = (rows[:, None] > k) & (rows > k)
        rest = jnp.where(inner, made - below[:, None] * below.conj(), made)
        rest = rest.at[:, k].set(jnp.where(rows == k, root, jnp.where(rows > k, below, made[:, k])))
        return jnp.where(info == 0, rest, made), info

    made, info = jax.lax.fori_loop(0, n, column, (jnp.tril(a), jnp.zeros((), "int32")))
    return jnp.tril(made), info


@op(homes=("linalg",), results=("L", "info"), guard=_NOT_POSITIVE)
def cholesky_ex(A: Array, *, upper: Flag = False,
                check_errors: Flag = False) -> tuple[Array, Array, Bool]:  # fmt: skip
    """As `cholesky`, with the order of the first minor that is not positive definite, or 0; what
    there is of the factor is given even then."""
    made = _factor(A, upper)
    info = jnp.zeros(A.shape[:-2], "int32")
    if not A.size:
        return made, info, jnp.ones((), bool)
    given = jax.lax.stop_gradient(adjoint(A) if upper else A).reshape(-1, *A.shape[-2:])
    failed = ~jnp.isfinite(jax.lax.stop_gradient(made)).all((-1, -2))
    slowly = jax.vmap(_stepwise)
    like = (jnp.zeros_like(given), jnp.zeros(given.shape[0], "int32"))
    part, info = jax.lax.cond(failed.any(), slowly, lambda _: like, given)
    part, info = part.reshape(A.shape), jnp.where(failed, info.reshape(failed.shape), 0)
    made = jnp.where(failed[..., None, None], adjoint(part) if upper else part, made)
    return made, info.astype("int32"), (info == 0).all() | (not check_errors)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _solved(b: jax.Array, factor: jax.Array, upper: bool) -> jax.Array:
    """The derivative by the factor is that of the product that it stands for, in which all of its
    elements are taken to count."""
    half = triangular(factor, b, upper=upper, adjoint=upper)
    return triangular(factor, half, upper=upper, adjoint=not upper)


@_solved.defjvp
def _solved_slope(upper: bool, primals: Any, tangents: Any) -> Any:
    (b, factor), (b_moved, moved) = primals, tangents
    made = _solved(b, factor, upper)
    part = adjoint(moved) @ factor if upper else moved @ adjoint(factor)
    return made, _solved(b_moved - (part + adjoint(part)) @ made, factor, upper)


@op(extras={"out": "cast"})
def cholesky_solve(B: Array, L: Array, upper: Flag = False) -> Array:
    """X with `A @ X = B`, L being the Cholesky factor of A."""
    require(
        B.ndim >= 2, f"b should have at least 2 dimensions, but has {B.ndim} dimensions instead"
    )
    require(
        L.ndim >= 2, f"u should have at least 2 dimensions, but has {L.ndim} dimensions instead"
    )
    square("cholesky_solve", L)
    require(
        L.shape[-1] == B.shape[-2],
        f"Incompatible matrix sizes for cholesky_solve: each A matrix is {L.shape[-1]} by "
        f"{L.shape[-1]} but each b matrix is {B.shape[-2]} by {B.shape[-1]}",
    )
    L, B = together(L, B)
    return _solved(B, L, upper)


@op(extras={"out": "cast"})
def cholesky_inverse(L: Array, upper: Flag = False) -> Array:
    """The inverse of the matrix of which L is the Cholesky factor."""
    square("cholesky_inverse", L)
    eye = jnp.broadcast_to(jnp.eye(L.shape[-1], dtype=L.dtype), L.shape)
    return _solved(eye, L, upper)


@op(homes=("hidden",), name="_pivoted_cholesky", out=False, differentiable=False)
def pivoted_cholesky(a: Array, upper: Flag, tol: float) -> tuple[Array, Array]:
    """The factor of one matrix whose rows and columns were exchanged to have the largest pivots
    first, and where each came from; it ends at pivots up to tol (N. J. Higham, "Accuracy and
    Stability of Numerical Algorithms", 10.3)."""
    square("pstrf", a)
    n = a.shape[-1]
    rows = jnp.arange(n)
    given = whole(a, "U" if upper else "L")
    eps = jnp.finfo(a.dtype).eps
    least = n * eps * jnp.max(jnp.abs(jnp.diagonal(given)), initial=0) if tol < 0 else tol

    def step(k: Any, state: Any) -> Any:
        rest, made, order = state
        sizes = jnp.where(rows >= k, jnp.diagonal(rest).real, -jnp.inf)
        place = jnp.argmax(sizes)
        moved = rows.at[k].set(place).at[place].set(k)
        rest, made, order = rest[moved][:, moved], made[moved], order[moved]
        goes = sizes[place] > least
        root = jnp.sqrt(jnp.where(goes, sizes[place], 1)).astype(a.dtype)
        column = jnp.where((rows >= k) & goes, rest[:, k] / root, 0)
        return rest - column[:, None] * column.conj(), made.at[:, k].set(column), order

    start = (given, jnp.zeros_like(given), rows)
    _, made, order = jax.lax.fori_loop(0, n, step, start)
    return (adjoint(made) if upper else made), order.astype("int32")
