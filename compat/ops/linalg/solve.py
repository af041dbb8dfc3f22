"""Inverses and solutions of linear systems, exact and by least squares."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from compat.core.errors import LinAlgError, require
from compat.ops.declare import op
from compat.ops.linalg.checks import (
    alike,
    came_out,
    first_zero,
    floating,
    main_diagonal,
    matrix,
    square,
    square_floating,
    triangular,
)
from compat.ops.linalg.pseudo import pinv_of, ranks
from compat.ops.roles import Array, Bool, Flag

_SINGULAR = (
    LinAlgError,
    "linalg.inv: The inversion could not be completed because the input matrix is singular.",
)


@op(homes=("linalg",), guard=_SINGULAR, extras={"node": "LinalgInvExBackward0"})
def inv(A: Array) -> tuple[Array, Bool]:
    """The inverse; LinAlgError for singular matrices."""
    square_floating("linalg.inv", A)
    made = jnp.linalg.inv(A)
    return made, came_out(made, A)


@op(homes=("torch", "Tensor"), guard=_SINGULAR, extras={"node": "LinalgInvExBackward0"})
def inverse(input: Array) -> tuple[Array, Bool]:
    """The inverse; LinAlgError for singular matrices."""
    square_floating("linalg.inv", input)
    made = jnp.linalg.inv(input)
    return made, came_out(made, input)


def _singular_at(a: jax.Array) -> jax.Array:
    return first_zero(main_diagonal(jax.lax.linalg.lu(jax.lax.stop_gradient(a))[0]))


@op(homes=("linalg",), results=("inverse", "info"), guard=_SINGULAR)
def inv_ex(A: Array, *, check_errors: Flag = False) -> tuple[Array, Array, Bool]:
    """The inverse, and where the diagonal is zero that made it fail, from 1; 0 if it did not."""
    square_floating("linalg.inv", A)
    info = _singular_at(A)
    return jnp.linalg.inv(A), info, (info == 0).all() | (not check_errors)


def _solution(a: jax.Array, b: jax.Array, left: bool) -> jax.Array:
    square_floating("linalg.solve", a)
    alike("linalg.solve", a, b)
    vectors = b.ndim == 1 or (a.ndim - 1 == b.ndim and b.shape == a.shape[:-1])
    right = b[..., None] if vectors else b
    equation = "AX = B" if left else "XA = B"
    require(left or not vectors or b.ndim > 1, "linalg.solve: Vector broadcasting of the left hand "
            "side is not supported for left=False. In this case linalg.solve is equivalent to B / "
            "A.squeeze(-1)")  # fmt: skip
    require(
        a.shape[-1] == right.shape[-2 if left else -1],
        f"linalg.solve: Incompatible shapes of A and B for the equation {equation} "
        f"({a.shape[-2]}x{a.shape[-1]} and {right.shape[-2]}x{right.shape[-1]})",
    )
    if left:
        made = jnp.linalg.solve(a, right)
    else:
        made = jnp.linalg.solve(jnp.swapaxes(a, -1, -2), jnp.swapaxes(right, -1, -2))
        made = jnp.swapaxes(made, -1, -2)
    return made[..., 0] if vectors else made


_UNSOLVED = (
    LinAlgError,
    "torch.linalg.solve: The solver failed because the input matrix is singular.",
)


@op(homes=("linalg",), guard=_UNSOLVED, extras={"node": "LinalgSolveExBackward0"})
def solve(A: Array, B: Array, *, left: Flag = True) -> tuple[Array, Bool]:
    """X with `A @ X = B` (`X @ A = B` when not left)."""
    made = _solution(A, B, left)
    return made, came_out(made, A, B)


@op(homes=("linalg",), results=("result", "info"), guard=_UNSOLVED)
def solve_ex(A: Array, B: Array, *, left: Flag = True,
             check_errors: Flag = False) -> tuple[Array, Array, Bool]:  # fmt: skip
    """As `solve`, with the place, from 1, of the zero on the diagonal that made it fail."""
    made = _solution(A, B, left)
    info = _singular_at(A)
    return made, info, (info == 0).all() | (not check_errors)


@op(homes=("linalg",), extras={"node": "LinalgSolveTriangularBackward0"})
def solve_triangular(A: Array, B: Array, *, upper: Flag, left: Flag = True,
                     unitriangular: Flag = False) -> Array:  # fmt: skip
    """X with `A @ X = B` (`X @ A = B` when not left) for triangular A."""
    square("linalg.solve_triangular", A)
    matrix("linalg.solve_triangular", B, "B")
    alike("linalg.solve_triangular", A, B)
    require(
        A.shape[-1] == B.shape[-2 if left else -1],
        "linalg.solve_triangular: Incompatible shapes of A and B for the equation "
        f"{'AX = B' if left else 'XA = B'} ({A.shape[-2]}x{A.shape[-1]} and "
        f"{B.shape[-2]}x{B.shape[-1]})",
    )
    if left:
        return triangular(A, B, upper=upper, unit=unitriangular)
    flipped = triangular(
        A, jnp.swapaxes(B, -1, -2), upper=upper, unit=unitriangular, transpose=True
    )
    return jnp.swapaxes(flipped, -1, -2)


@op(results=("solution", "cloned_coefficient"))
def triangular_solve(b: Array, A: Array, upper: Flag = True, transpose: Flag = False,
                     unitriangular: Flag = False) -> tuple[Array, Array]:  # fmt: skip
    """X with `A @ X = b` for triangular A, and a copy of A: replaced by solve_triangular."""
    require(
        A.ndim >= 2,
        "torch.triangular_solve: Expected A to have at least 2 dimensions, but it has "
        f"{A.ndim} dimensions instead",
    )
    require(
        b.ndim >= 2,
        "torch.triangular_solve: Expected b to have at least 2 dimensions, but it has "
        f"{b.ndim} dimensions instead",
    )
    square("triangular_solve", A)
    require(
        A.shape[-1] == b.shape[-2],
        f"Incompatible matrix sizes for triangular_solve: each A matrix is {A.shape[-1]} by "
        f"{A.shape[-1]} but each b matrix is {b.shape[-2]} by {b.shape[-1]}",
    )
    made = triangular(A, b, upper=upper, unit=unitriangular, transpose=transpose)
    return made, jnp.broadcast_to(A, (*made.shape[:-2], *A.shape[-2:]))


@op(homes=("linalg",), extras={"out": "cast"})
def tensorinv(A: Array, ind: int = 2) -> Array:
    """The inverse of A as a map from its last dims to its first `ind`."""
    require(ind > 0, f"Expected a strictly positive integer for 'ind', but got {ind}")
    first, last = A.shape[:ind], A.shape[ind:]
    rows, columns = math.prod(first), math.prod(last)
    require(
        rows == columns,
        "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
        f"prod(self.shape[:ind]), but got {columns} != {rows}",
    )
    return jnp.linalg.inv(A.reshape(rows, columns)).reshape(*last, *first)


@op(homes=("linalg",), extras={"out": "cast"})
def tensorsolve(A: Array, B: Array, dims: tuple[int, ...] | None = None) -> Array:
    """X with `tensordot(A, X, X.ndim) = B`; dims of A are moved to its end first."""
    if dims is not None:
        rest = [axis for axis in range(A.ndim) if axis not in [d % A.ndim for d in dims]]
        A = jnp.transpose(A, [*rest, *[d % A.ndim for d in dims]])
    shape = A.shape[B.ndim :]
    rows, columns = math.prod(A.shape[: B.ndim]), math.prod(shape)
    require(
        rows == columns,
        "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
        f"prod(self.shape[:other.ndim]), but got {columns} != {rows}",
    )
    return jnp.linalg.solve(A.reshape(rows, rows), B.reshape(rows)).reshape(shape)


_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


@op(homes=("hidden",), name="_lstsq", out=False, extras={"node": "LinalgLstsqBackward0"})
def lstsq(A: Array, B: Array, rcond: float | None, driver: str) -> tuple[Array, ...]:
    """The least-squares solution, by the pseudoinverse; squared residuals, ranks and singular
    values, of which the caller picks what the driver would give."""
    name = "torch.linalg.lstsq"
    require(A.ndim >= 2, f"{name}: input must have at least 2 dimensions.")
    require(B.ndim >= 1, f"{name}: other must have at least 1 dimension.")
    require(
        A.dtype == B.dtype, f"{name}: Expected input and other to have the same dtype, but got "
        f"input's dtype {A.dtype.name} and other's dtype {B.dtype.name}"
    )  # fmt: skip
    require(
        driver in _DRIVERS,
        f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)",
    )
    vectors = B.ndim == 1 or (A.ndim - 1 == B.ndim and B.shape == A.shape[:-1])
    right = B[..., None] if vectors else B
    require(
        A.shape[-2] == right.shape[-2],
        f"{name}: input.size(-2) should match other.size(-{1 if vectors else 2})",
    )
    floating(name, A)
    smallest = jnp.finfo(A.dtype).eps * max(A.shape[-2:]) if rcond is None else rcond
    made = jnp.matmul(pinv_of(A, 0.0, smallest), right)
    off = jnp.matmul(A, made) - right
    squares = (off * off.conj()).real.sum(-2)
    rank, values = ranks(jax.lax.stop_gradient(A), 0.0, smallest)
    return made[..., 0] if vectors else made, squares, rank, values
