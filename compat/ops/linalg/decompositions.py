"""Determinants, inverses, solutions and decompositions of matrices, in batches."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from compat.core.dtype import type_name
from compat.core.errors import LinAlgError, require
from compat.ops.declare import op
from compat.ops.roles import Array, Bool, Flag

_EVERYWHERE = ("torch", "Tensor", "linalg")
_PLAIN = ("torch", "Tensor")
_SINGULAR = "{}: The input matrix is singular."


def _square(name: str, a: jax.Array) -> None:
    require(
        a.ndim >= 2,
        f"{name}: The input tensor A must have at least 2 dimensions.",
    )
    require(
        a.shape[-1] == a.shape[-2],
        f"{name}: A must be batches of square matrices, but they are {a.shape[-2]} by "
        f"{a.shape[-1]} matrices",
    )
    require(
        a.dtype.kind not in "iub",
        f"{name}: Expected a floating point or complex tensor as input. Got {type_name(a.dtype)}",
    )


def _came_out(made: jax.Array, *given: jax.Array) -> jax.Array:
    """Whether a result is finite, or need not be."""
    fine = jnp.isfinite(made).all()
    for each in given:
        fine |= ~jnp.isfinite(each).all()
    return fine


@op(homes=_EVERYWHERE)
def det(A: Array) -> Array:
    """The determinant."""
    _square("linalg.det", A)
    return jnp.linalg.det(A)


@op(homes=_EVERYWHERE, results=("sign", "logabsdet"))
def slogdet(A: Array) -> tuple[Array, Array]:
    """The sign of the determinant, and the logarithm of its size."""
    _square("linalg.slogdet", A)
    sign, size = jnp.linalg.slogdet(A)
    return sign, size


@op(homes=_PLAIN, out=False)
def logdet(input: Array) -> Array:
    """The logarithm of the determinant; NaN where that is negative."""
    _square("logdet", input)
    sign, size = jnp.linalg.slogdet(input)
    return jnp.where(sign < 0, jnp.nan, size)


@op(homes=("linalg",), guard=(LinAlgError, _SINGULAR.format("linalg.inv")))
def inv(A: Array) -> tuple[Array, Bool]:
    """The inverse; LinAlgError for singular matrices."""
    _square("linalg.inv", A)
    made = jnp.linalg.inv(A)
    return made, _came_out(made, A)


@op(homes=_PLAIN, guard=(LinAlgError, _SINGULAR.format("linalg.inv")))
def inverse(input: Array) -> tuple[Array, Bool]:
    """The inverse; LinAlgError for singular matrices."""
    _square("linalg.inv", input)
    made = jnp.linalg.inv(input)
    return made, _came_out(made, input)


@op(homes=("linalg",), guard=(LinAlgError, _SINGULAR.format("torch.linalg.solve")))
def solve(A: Array, B: Array, *, left: Flag = True) -> tuple[Array, Bool]:
    """X with `A @ X = B` (`X @ A = B` when not left)."""
    _square("linalg.solve", A)
    if not left:
        made = jnp.linalg.solve(jnp.swapaxes(A, -1, -2), jnp.swapaxes(B, -1, -2))
        return jnp.swapaxes(made, -1, -2), _came_out(made, A, B)
    vectors = B.ndim == 1 or B.shape == A.shape[:-1]
    made = jnp.linalg.solve(A, B[..., None] if vectors else B)
    return made[..., 0] if vectors else made, _came_out(made, A, B)


_NOT_POSITIVE = (
    LinAlgError,
    "linalg.cholesky: The factorization could not be completed because the input is not "
    "positive-definite.",
)


def _cholesky(a: jax.Array, upper: bool) -> tuple[jax.Array, jax.Array]:
    _square("linalg.cholesky", a)
    lower = jnp.linalg.cholesky(_whole(a, "U" if upper else "L"), symmetrize_input=False)
    made = jnp.swapaxes(lower, -1, -2).conj() if upper else lower
    return made, _came_out(made, a)


@op(homes=("linalg",), name="cholesky", guard=_NOT_POSITIVE)
def cholesky(A: Array, *, upper: Flag = False) -> tuple[Array, Bool]:
    """The triangle L with `L @ L.mH = A`; LinAlgError unless A is positive definite."""
    return _cholesky(A, upper)


@op(homes=_PLAIN, name="cholesky", guard=_NOT_POSITIVE)
def old_cholesky(input: Array, upper: Flag = False) -> tuple[Array, Bool]:
    """The triangle L with `L @ L.mH = input`; LinAlgError unless it is positive definite."""
    return _cholesky(input, upper)


@op(homes=("linalg",), name="qr", results=("Q", "R"))
def qr(A: Array, mode: str = "reduced") -> tuple[Array, Array]:
    """Orthogonal Q and triangular R with `Q @ R = A`; mode "reduced", "complete" or "r"."""
    require(
        mode in ("reduced", "complete", "r"),
        f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or "
        "'complete'",
    )
    if mode == "r":
        return jnp.zeros((0,), A.dtype), jnp.linalg.qr(A, mode="r")
    q, r = jnp.linalg.qr(A, mode=mode)
    return q, r


@op(homes=_PLAIN, name="qr", results=("Q", "R"))
def old_qr(input: Array, some: Flag = True) -> tuple[Array, Array]:
    """Orthogonal Q and triangular R with `Q @ R = input`."""
    q, r = jnp.linalg.qr(input, mode="reduced" if some else "complete")
    return q, r


@op(homes=("linalg",), name="svd", results=("U", "S", "Vh"))
def svd(A: Array, full_matrices: Flag = True) -> tuple[Array, Array, Array]:
    """The singular value decomposition `A = U @ diag(S) @ Vh`."""
    u, s, vh = jnp.linalg.svd(A, full_matrices=full_matrices)
    return u, s, vh


@op(homes=_PLAIN, name="svd", results=("U", "S", "V"))
def old_svd(input: Array, some: Flag = True, compute_uv: Flag = True) -> tuple[Array, Array, Array]:
    """The singular value decomposition `input = U @ diag(S) @ V.mH`."""
    u, s, vh = jnp.linalg.svd(input, full_matrices=not some)
    if not compute_uv:
        u, vh = jnp.zeros_like(u), jnp.zeros_like(vh)
    return u, s, jnp.swapaxes(vh, -1, -2).conj()


@op(homes=("linalg",))
def svdvals(A: Array) -> Array:
    """The singular values, the largest first."""
    return jnp.linalg.svd(A, compute_uv=False)


def _whole(a: jax.Array, uplo: str) -> jax.Array:
    """The symmetric matrix that one triangle stands for. Gradients go to both alike."""
    require(uplo.upper() in ("L", "U"), f"Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    part = jnp.tril(a, -1) if uplo.upper() == "L" else jnp.triu(a, 1)
    diagonal = a * jnp.eye(a.shape[-1], dtype=a.dtype)
    meant = part + jnp.swapaxes(part, -1, -2).conj() + diagonal
    evenly = (a + jnp.swapaxes(a, -1, -2).conj()) / 2
    return evenly + jax.lax.stop_gradient(meant - evenly)


@op(homes=("linalg",), results=("eigenvalues", "eigenvectors"))
def eigh(A: Array, UPLO: str = "L") -> tuple[Array, Array]:
    """Eigenvalues, in ascending order, and eigenvectors of symmetric matrices."""
    _square("linalg.eigh", A)
    values, vectors = jnp.linalg.eigh(_whole(A, UPLO), symmetrize_input=False)
    return values, vectors


@op(homes=("linalg",))
def eigvalsh(A: Array, UPLO: str = "L") -> Array:
    """The eigenvalues of symmetric matrices, in ascending order."""
    _square("linalg.eigvalsh", A)
    return jnp.linalg.eigvalsh(_whole(A, UPLO), symmetrize_input=False)


@op(homes=_EVERYWHERE)
def matrix_power(input: Array, n: int) -> Array:
    """The matrix multiplied by itself n times; negative n powers the inverse."""
    _square("linalg.matrix_power", input)
    return jnp.linalg.matrix_power(input, n)


@op(homes=_EVERYWHERE, out=False)
def matrix_exp(input: Array) -> Array:
    """The matrix exponential."""
    _square("linalg.matrix_exp", input)
    lead = input.shape[:-2]
    made = jax.vmap(jax.scipy.linalg.expm)(input.reshape(-1, *input.shape[-2:]))
    return made.reshape(*lead, *input.shape[-2:])


@op(homes=("linalg",))
def pinv(A: Array, *, rtol: float | None = None, hermitian: Flag = False) -> Array:
    """The pseudoinverse; singular values below rtol times the largest count as zero."""
    smallest = max(A.shape[-2:]) * jnp.finfo(A.dtype).eps if rtol is None else rtol
    return jnp.linalg.pinv(A, rtol=smallest, hermitian=hermitian)


@op(homes=_PLAIN, out=False)
def pinverse(input: Array, rcond: float = 1e-15) -> Array:
    """The pseudoinverse; singular values below rcond times the largest count as zero."""
    return jnp.linalg.pinv(input, rtol=rcond)
