"""LU factors with partial pivoting, and solving with them."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.linalg.checks import adjoint as adjoint_of
from compat.ops.linalg.checks import (
    alike,
    first_zero,
    floating,
    main_diagonal,
    matrix,
    square,
    together,
    triangular,
)
from compat.ops.roles import Array, Bool, Flag

_ZERO = (
    RuntimeError,
    "torch.linalg.lu_factor: U has a zero on its diagonal and using it on lu_solve would result in "
    "a division by zero. If you still want to perform the factorization, consider calling "
    "linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)",
)


def _factors(name: str, a: jax.Array, pivot: bool) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Both factors in one, pivots from 1 as LAPACK's, and info."""
    require(
        a.ndim >= 2,
        f"{name}: Expected tensor with 2 or more dimensions. Got size: {list(a.shape)} instead",
    )
    floating(name, a)
    require(pivot, "linalg.lu_factor: LU without pivoting is not implemented on the CPU")
    if not a.size:
        least = min(a.shape[-2:])
        pivots = jnp.broadcast_to(jnp.arange(1, least + 1, dtype="int32"), (*a.shape[:-2], least))
        return a, pivots, jnp.zeros(a.shape[:-2], "int32")
    made, pivots, _ = jax.lax.linalg.lu(a)
    return made, pivots.astype("int32") + 1, first_zero(main_diagonal(made))


@op(homes=("linalg",), results=("LU", "pivots"), guard=_ZERO,
    extras={"node": "LinalgLuFactorExBackward0"})  # fmt: skip
def lu_factor(A: Array, *, pivot: Flag = True) -> tuple[Array, Array, Bool]:
    """L (below the diagonal, which is 1) and U in one matrix, and the rows that were exchanged,
    counted from 1; RuntimeError when U is singular."""
    made, pivots, info = _factors("torch.lu_factor", A, pivot)
    return made, pivots, (info == 0).all()


@op(homes=("linalg",), results=("LU", "pivots", "info"), guard=_ZERO)
def lu_factor_ex(A: Array, *, pivot: Flag = True,
                 check_errors: Flag = False) -> tuple[Array, Array, Array, Bool]:  # fmt: skip
    """As `lu_factor`, with the place, from 1, of the first zero on the diagonal of U, or 0."""
    made, pivots, info = _factors("torch.lu_factor_ex", A, pivot)
    return made, pivots, info, (info == 0).all() | (not check_errors)


def unpacked(packed: jax.Array) -> tuple[jax.Array, jax.Array]:
    """L and U of both in one matrix."""
    least = min(packed.shape[-2:])
    eye = jnp.eye(packed.shape[-2], least, dtype=packed.dtype)
    return jnp.tril(packed[..., :, :least], -1) + eye, jnp.triu(packed[..., :least, :])


def _order(pivots: jax.Array, rows: int) -> jax.Array:
    """Where each row comes from."""
    if not pivots.size or not rows:
        return jnp.broadcast_to(jnp.arange(rows), (*pivots.shape[:-1], rows))
    return jax.lax.linalg.lu_pivots_to_permutation(pivots.astype("int32") - 1, rows)


def _exchanges(pivots: jax.Array, rows: int, kind: jnp.dtype) -> jax.Array:
    return jnp.swapaxes(jax.nn.one_hot(_order(pivots, rows), rows, dtype=kind), -1, -2)


@op(homes=("linalg",), results=("P", "L", "U"), extras={"node": "LinalgLuBackward0"})
def lu(A: Array, *, pivot: Flag = True) -> tuple[Array, Array, Array]:
    """P, L and U with `P @ L @ U = A`."""
    made, pivots, _ = _factors("linalg.lu", A, pivot)
    return _exchanges(pivots, A.shape[-2], A.dtype), *unpacked(made)


@op(homes=("torch",), results=("P", "L", "U"))
def lu_unpack(LU_data: Array, LU_pivots: Array, unpack_data: Flag = True,
              unpack_pivots: Flag = True) -> tuple[Array, Array, Array]:  # fmt: skip
    """P, L and U of what `lu_factor` gives; empty where they are not asked for."""
    require(
        LU_pivots.dtype.name == "int32" or not unpack_pivots,
        "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\n"
        "Note: this function is intended to be used with the output produced by "
        "torch.linalg.lu_factor",
    )
    none = jnp.zeros((0,), LU_data.dtype)
    low, up = unpacked(LU_data) if unpack_data else (none, none)
    moved = none
    if unpack_pivots:
        moved = _exchanges(LU_pivots, LU_data.shape[-2], LU_data.dtype)
    return moved, low, up


def _solved(lu: jax.Array, pivots: jax.Array, b: jax.Array, adjoint: bool) -> jax.Array:
    lead = jnp.broadcast_shapes(lu.shape[:-2], b.shape[:-2])
    order = jnp.broadcast_to(_order(pivots, lu.shape[-1]), (*lead, lu.shape[-1]))
    lu, b = together(lu, b)
    if adjoint:
        half = triangular(lu, b, upper=True, adjoint=True)
        made = triangular(lu, half, upper=False, unit=True, adjoint=True)
        return jnp.take_along_axis(made, jnp.argsort(order)[..., None], -2)
    half = triangular(lu, jnp.take_along_axis(b, order[..., None], -2), upper=False, unit=True)
    return triangular(lu, half, upper=True)


@op(homes=("linalg",), name="lu_solve")
def linalg_lu_solve(LU: Array, pivots: Array, B: Array, *, left: Flag = True,
                    adjoint: Flag = False) -> Array:  # fmt: skip
    """X with `A @ X = B` from what `lu_factor` gave of A; left and adjoint say on which side A
    stands, and whether its adjoint does."""
    name = "linalg.lu_solve"
    floating(name, LU)
    alike(name, LU, B, "LU")
    require(
        pivots.dtype.name == "int32",
        f"{name}: pivots should be a Tensor of scalar type torch.int32",
    )
    square(name, LU)
    matrix(name, B, "B")
    require(
        LU.shape[-1] == B.shape[-2 if left else -1],
        f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
        f"({LU.shape[-2]}x{LU.shape[-1]} and {B.shape[-2]}x{B.shape[-1]})",
    )
    require(
        LU.shape[-1] == pivots.shape[-1],
        f"{name}: Number of pivots per batch should be same as the dimension of the matrix",
    )
    require(
        LU.shape[:-2] == pivots.shape[:-1],
        f"{name}: Expected LU.shape[:-1] and pivots.shape to be the same, but got pivots with "
        f"shape {list(pivots.shape)} instead",
    )
    if not B.size:
        return jnp.broadcast_to(B, jnp.broadcast_shapes(B.shape, (*LU.shape[:-2], 1, 1)))
    if left:
        return _solved(LU, pivots, B, adjoint)
    return adjoint_of(_solved(LU, pivots, adjoint_of(B), not adjoint))


@op(name="lu_solve")
def lu_solve(b: Array, LU_data: Array, LU_pivots: Array) -> Array:
    """X with `A @ X = b` from what `lu_factor` gave of A."""
    return linalg_lu_solve(LU_data, LU_pivots, b)


@op(homes=("hidden",), name="_lu_with_info", results=("LU", "pivots", "info"), out=False,
    extras={"node": "LinalgLuFactorExBackward0"})  # fmt: skip
def lu_with_info(A: Array, pivot: Flag) -> tuple[Array, Array, Array]:
    """LU factors, pivots from 1, and LAPACK's info."""
    return _factors("torch.lu", A, pivot)
