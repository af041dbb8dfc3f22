"""LDL factors of symmetric indefinite matrices, with the pivoting of Bunch and Kaufman.

XLA has no such factorization. This is the column by column method of LAPACK's xSYTF2 in its own
storage, so that factors and pivots can be exchanged: J. R. Bunch and L. Kaufman, "Some stable
methods for calculating inertia and solving symmetric linear systems", Math. Comp. 31 (1977).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import type_name
from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.linalg.checks import square, square_floating, together
from compat.ops.roles import Array, Bool, Flag

_ALPHA = (1 + 17**0.5) / 8
_FAILED = (RuntimeError, "torch.linalg.ldl_factor: The factorization found a zero pivot.")


def _size(x: jax.Array) -> jax.Array:
    """What pivots are compared by."""
    return jnp.abs(x.real) + jnp.abs(x.imag) if jnp.iscomplexobj(x) else jnp.abs(x)


def _choose(w: jax.Array, k: Any) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The row to bring to the front, whether a block of two is taken, and whether all is zero."""
    n = w.shape[-1]
    rows = jnp.arange(n)
    here = _size(w[k, k])
    column = jnp.where(rows > k, _size(w[:, k]), -1)
    place = jnp.where(k + 1 < n, jnp.argmax(column), k)
    most = jnp.maximum(column[place], 0)
    across = jnp.max(jnp.where((rows >= k) & (rows != place), _size(w[place]), 0))
    stays = (here >= _ALPHA * most) | (here * across >= _ALPHA * most * most)
    single = stays | (_size(w[place, place]) >= _ALPHA * across)
    return jnp.where(stays, k, place), ~single, jnp.maximum(here, most) == 0


def _exchanged(w: jax.Array, a: Any, b: Any) -> jax.Array:
    """Rows a and b change places."""
    first, second = w[a], w[b]
    return w.at[a].set(second).at[b].set(first)


def _factor(a: jax.Array, hermitian: bool) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Factors, pivots and info of one matrix, of which the lower triangle is read."""
    n = a.shape[-1]
    rows = jnp.arange(n)
    flip = jnp.conj if hermitian else lambda x: x
    low = jnp.tril(a, -1)
    w = low + flip(low).T + jnp.diag(jnp.diagonal(a).real.astype(a.dtype) if hermitian
                                     else jnp.diagonal(a))  # fmt: skip

    def step(state: Any) -> Any:
        k, w, made, pivots, info = state
        place, double, zero = _choose(w, k)
        front = jnp.minimum(k + double, n - 1)
        w = _exchanged(_exchanged(w, front, place).T, front, place).T
        inner = rows > front
        d11, d22, d21 = w[k, k], w[front, front], w[front, k]
        first = jnp.where(inner, w[:, k], 0)
        second = jnp.where(inner & double, w[:, front], 0)
        # The inverse of the block: of one element, or of two by two.
        det = d11 * d22 - d21 * flip(d21)
        det, one = jnp.where(double & (det != 0), det, 1), jnp.where(zero, 1, d11)
        left = jnp.where(double, (first * d22 - second * d21) / det, first / one)
        right = jnp.where(double, (second * d11 - first * flip(d21)) / det, 0)
        left, right = jnp.where(zero, 0, left), jnp.where(zero, 0, right)
        w = w - left[:, None] * flip(first)[None] - right[:, None] * flip(second)[None]
        done = jnp.where(rows == k, d11, jnp.where((rows == front) & double, d21, left))
        made = made.at[:, k].set(done)
        block = jnp.where(rows == front, d22, right)
        made = made.at[:, front].set(jnp.where(double, block, made[:, front]))
        sign = jnp.where(double, -(place + 1), place + 1).astype("int32")
        pivots = pivots.at[k].set(sign)
        pivots = pivots.at[front].set(jnp.where(double, sign, pivots[front]))
        info = jnp.where((info == 0) & zero, k + 1, info).astype("int32")
        return k + 1 + double, w, made, pivots, info

    none = jnp.zeros((), "int32")
    start = (none, w, jnp.zeros_like(a), jnp.zeros(n, "int32"), none)
    _, _, made, pivots, info = jax.lax.while_loop(lambda state: state[0] < n, step, start)
    return made, pivots, info


def _factors(a: jax.Array, hermitian: bool) -> tuple[jax.Array, jax.Array, jax.Array]:
    name = "torch.linalg.ldl_factor_ex"
    square(name, a)
    require(
        a.dtype.itemsize > 2 or a.dtype.kind in "iub",
        f"\"ldl_factor_kernel_cpu\" not implemented for '{type_name(a.dtype)}'",
        NotImplementedError,
    )
    square_floating(name, a)
    lead, n = a.shape[:-2], a.shape[-1]
    if not a.size:
        return a, jnp.zeros((*lead, n), "int32"), jnp.zeros(lead, "int32")
    each = jax.vmap(lambda one: _factor(one, hermitian and jnp.iscomplexobj(a)))
    made, pivots, info = each(a.reshape(-1, n, n))
    return made.reshape(a.shape), pivots.reshape(*lead, n), info.reshape(lead)


@op(homes=("linalg",), results=("LD", "pivots"), guard=_FAILED, differentiable=False)
def ldl_factor(A: Array, *, hermitian: Flag = False) -> tuple[Array, Array, Bool]:
    """L (below the diagonal, whose blocks of one or two rows are D) with the rows that were
    exchanged, from 1, negative for a block of two. The lower triangle of A is read."""
    made, pivots, info = _factors(A, hermitian)
    return made, pivots, (info == 0).all()


@op(homes=("linalg",), results=("LD", "pivots", "info"), guard=_FAILED, differentiable=False)
def ldl_factor_ex(A: Array, *, hermitian: Flag = False,
                  check_errors: Flag = False) -> tuple[Array, Array, Array, Bool]:  # fmt: skip
    """As `ldl_factor`, with the place, from 1, of the first zero pivot, or 0."""
    made, pivots, info = _factors(A, hermitian)
    return made, pivots, info, (info == 0).all() | (not check_errors)


def _taken_apart(packed: jax.Array, pivots: jax.Array, hermitian: bool) -> Any:
    """M and D with `M @ D @ M.T = A`, M being the product of exchanges and eliminations."""
    n = packed.shape[-1]
    rows = jnp.arange(n)

    def begins(inside: jax.Array, pivot: jax.Array) -> Any:
        first = (pivot < 0) & ~inside
        return first, first

    _, first = jax.lax.scan(begins, jnp.zeros((), bool), pivots)  # of a block of two
    next_one = jnp.minimum(rows + 1, n - 1)

    def build(made: jax.Array, one: Any) -> Any:
        k, pivot, double = one
        low = jnp.where(rows > k + double, packed[:, k], 0)
        made = made + low[:, None] * made[k][None]
        second = (pivot < 0) & ~double  # its exchange comes with the first of the block
        a = jnp.where(second, k, k + double)
        b = jnp.where(second, k, jnp.abs(pivot) - 1)
        return _exchanged(made, jnp.minimum(a, n - 1), b), None

    steps = (rows, pivots, first)
    made, _ = jax.lax.scan(build, jnp.eye(n, dtype=packed.dtype), steps, reverse=True)
    side = jnp.where(first, packed[next_one, rows], 0)
    low = jnp.zeros_like(packed).at[next_one, rows].add(jnp.where(rows + 1 < n, side, 0))
    block = jnp.diag(jnp.diagonal(packed)) + low + (low.conj() if hermitian else low).T
    return made, block


@op(homes=("linalg",), extras={"node": "LinalgLdlSolveBackward0"})
def ldl_solve(LD: Array, pivots: Array, B: Array, *, hermitian: Flag = False) -> Array:
    """X with `A @ X = B` from what `ldl_factor` gave of A."""
    name = "torch.linalg.ldl_solve"
    square(name, LD)
    require(
        pivots.dtype.kind in "iu",
        f"{name}: Expected pivots to be integers. Got {type_name(pivots.dtype)}",
    )
    require(B.ndim >= 2, f"{name}: Expected B to have at least 2 dimensions, but it has {B.ndim} "
            "dimensions instead")  # fmt: skip
    require(
        LD.shape[-1] == B.shape[-2],
        f"{name}: Incompatible shapes: LD is {list(LD.shape)} and B is {list(B.shape)}",
    )
    require(
        LD.shape[:-1] == pivots.shape,
        f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with "
        f"shape {list(pivots.shape)} instead",
    )
    require(
        LD.dtype == B.dtype,
        f"{name}: LD dtype {type_name(LD.dtype)} does not match b dtype {type_name(B.dtype)}",
    )
    if not B.size:
        return jnp.broadcast_to(B, jnp.broadcast_shapes(B.shape, (*LD.shape[:-2], 1, 1)))
    n, lead = LD.shape[-1], LD.shape[:-2]
    mirrored = hermitian and jnp.iscomplexobj(LD)
    apart = jax.vmap(lambda one, p: _taken_apart(one, p, mirrored))
    m, d = apart(LD.reshape(-1, n, n), pivots.reshape(-1, n))
    m, d = m.reshape(*lead, n, n), d.reshape(*lead, n, n)
    m, right = together(m, B)
    other = jnp.swapaxes(m.conj() if mirrored else m, -1, -2)
    return jnp.linalg.solve(other, jnp.linalg.solve(d, jnp.linalg.solve(m, right)))
