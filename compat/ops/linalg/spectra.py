"""Eigenvalues and singular values, with their vectors."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import type_name
from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.linalg.checks import adjoint, floating, main_diagonal, matrix, square, whole
from compat.ops.roles import Array, Flag


def _gaps(values: jax.Array, squared: bool = False) -> jax.Array:
    """1 / (value j - value i), or of their squares; 0 where they are equal.

    The diagonal is left out by its place: XLA may subtract without rounding, and so not get 0.
    """
    row, column = values[..., None, :], values[..., :, None]
    gap = (row - column) * (row + column) if squared else row - column
    none = (gap == 0) | jnp.eye(values.shape[-1], dtype=bool)
    return jnp.where(none, 0, 1 / jnp.where(none, 1, gap))


# Of general matrices.


@jax.custom_jvp
def _eig(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    values, vectors = jax.lax.linalg.eig(a, compute_left_eigenvectors=False)
    return values, vectors


@_eig.defjvp
def _eig_slope(primals: Any, tangents: Any) -> Any:
    """Vectors keep their length: M. B. Giles, "Collected matrix derivative results for forward
    and reverse mode algorithmic differentiation" (2008), projected."""
    (a,), (moved,) = primals, tangents
    values, vectors = _eig(a)
    inner = jnp.linalg.solve(vectors, moved.astype(vectors.dtype) @ vectors)
    turned = vectors @ (inner * _gaps(values))
    along = jnp.sum(vectors.conj() * turned, -2, keepdims=True).real
    return (values, vectors), (main_diagonal(inner), turned - vectors * along)


@jax.custom_jvp
def _eigvals(a: jax.Array) -> jax.Array:
    (values,) = jax.lax.linalg.eig(
        a, compute_left_eigenvectors=False, compute_right_eigenvectors=False
    )
    return values


@_eigvals.defjvp
def _eigvals_slope(primals: Any, tangents: Any) -> Any:
    values, moved = jax.jvp(lambda a: _eig(a)[0], primals, tangents)
    return values, moved


def _general(name: str, a: jax.Array) -> jax.Array:
    square(name, a)
    require(a.dtype.kind not in "iub", f"Unknown Complex ScalarType for {type_name(a.dtype)}")
    require(
        a.dtype.itemsize > 2,
        f"\"linalg_eig_out_cpu\" not implemented for '{type_name(a.dtype)}'",
        NotImplementedError,
    )
    return a.astype(jnp.result_type(a.dtype, jnp.complex64)) if a.dtype.kind == "f" else a


def _nothing(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jnp.zeros(a.shape[:-1], a.dtype), a


@op(homes=("linalg",), results=("eigenvalues", "eigenvectors"),
    extras={"out": "cast", "node": "LinalgEigBackward0"})  # fmt: skip
def eig(A: Array) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of square matrices, complex always; on CPUs only."""
    same = _general("linalg.eig", A)
    return _eig(A) if A.size else _nothing(same)


@op(homes=("linalg",), extras={"out": "cast", "node": "LinalgEigBackward0"})
def eigvals(A: Array) -> Array:
    """The eigenvalues of square matrices, complex always; on CPUs only."""
    same = _general("linalg.eigvals", A)
    return _eigvals(A) if A.size else _nothing(same)[0]


# Of symmetric matrices.


def _symmetric(name: str, a: jax.Array, uplo: str) -> jax.Array:
    square(name, a)
    require(
        a.dtype.kind in "fc" and a.dtype.itemsize > 2,
        f"\"linalg_eigh_cpu\" not implemented for '{type_name(a.dtype)}'",
        NotImplementedError,
    )
    return whole(a, uplo)


@op(homes=("linalg",), results=("eigenvalues", "eigenvectors"),
    extras={"node": "LinalgEighBackward0"})  # fmt: skip
def eigh(A: Array, UPLO: str = "L") -> tuple[Array, Array]:
    """Eigenvalues, in ascending order, and eigenvectors of symmetric matrices, of which only the
    triangle UPLO is read."""
    given = _symmetric("linalg.eigh", A, UPLO)
    if not A.size:
        return _nothing(given)[0].real, given
    values, vectors = jnp.linalg.eigh(given, symmetrize_input=False)
    return values, vectors


@op(homes=("linalg",), extras={"node": "LinalgEighBackward0"})
def eigvalsh(A: Array, UPLO: str = "L") -> Array:
    """The eigenvalues of symmetric matrices, in ascending order."""
    given = _symmetric("linalg.eigvalsh", A, UPLO)
    if not A.size:
        return _nothing(given)[0].real
    return jnp.linalg.eigh(given, symmetrize_input=False)[0]


# Of any matrices.


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def svd_of(a: jax.Array, full: bool) -> tuple[jax.Array, jax.Array, jax.Array]:
    """U, S and V.mH. As in PyTorch, no derivative flows through the vectors that only `full`
    gives; that of the others is Giles', their phases turning by half each."""
    if not a.size:
        least = min(a.shape[-2:])
        left, right = (
            jnp.broadcast_to(eye, (*a.shape[:-2], *eye.shape))
            for eye in (jnp.eye(n, n if full else least, dtype=a.dtype) for n in a.shape[-2:])
        )
        none = jnp.zeros((*a.shape[:-2], least), a.dtype).real
        return left, none, jnp.swapaxes(right, -1, -2)
    u, s, vh = jnp.linalg.svd(a, full_matrices=full)
    return u, s, vh


@svd_of.defjvp
def _svd_slope(full: bool, primals: Any, tangents: Any) -> Any:
    (a,), (moved,) = primals, tangents
    u, s, vh = svd_of(a, full)
    least = s.shape[-1]
    left, right = u[..., :least], adjoint(vh[..., :least, :])
    inner = adjoint(left) @ moved @ right
    size = s.astype(a.dtype)
    row, column = size[..., None, :], size[..., :, None]
    factor = _gaps(s, squared=True).astype(a.dtype)
    by_left = factor * (inner * row + column * adjoint(inner))
    by_right = factor * (column * inner + adjoint(inner) * row)
    inverse = jnp.where(row == 0, 0, 1 / jnp.where(row == 0, 1, row))
    if jnp.iscomplexobj(a):
        phase = 0.5j * main_diagonal(inner).imag[..., None, :] * inverse
        eye = jnp.eye(least, dtype=a.dtype)
        by_left, by_right = by_left + phase * eye, by_right - phase * eye
    left_moved, right_moved = left @ by_left, right @ by_right
    if a.shape[-2] > least:
        off = moved @ right * inverse
        left_moved = left_moved + off - left @ (adjoint(left) @ off)
    if a.shape[-1] > least:
        off = adjoint(moved) @ left * inverse
        right_moved = right_moved + off - right @ (adjoint(right) @ off)

    def widened(part: jax.Array, to: int) -> jax.Array:
        none = jnp.zeros((*part.shape[:-1], to - part.shape[-1]), part.dtype)
        return jnp.concatenate([part, none], -1)

    left_moved = widened(left_moved, u.shape[-1])
    right_moved = widened(right_moved, vh.shape[-2])
    return (u, s, vh), (left_moved, main_diagonal(inner).real, adjoint(right_moved))


@jax.custom_jvp
def sizes_of(a: jax.Array) -> jax.Array:
    """The singular values alone."""
    if not a.size:
        return svd_of(a, False)[1]
    return jnp.linalg.svd(a, compute_uv=False)


@sizes_of.defjvp
def _sizes_slope(primals: Any, tangents: Any) -> Any:
    u, s, vh = svd_of(primals[0], False)
    return s, main_diagonal(adjoint(u) @ tangents[0] @ adjoint(vh)).real


def any_matrix(a: jax.Array) -> None:
    """Refuses what has no singular values."""
    matrix("linalg.svd", a)
    require(
        a.dtype.kind in "iub" or a.dtype.itemsize > 2,
        f"\"linalg_svd_cpu\" not implemented for '{type_name(a.dtype)}'",
        NotImplementedError,
    )
    floating("linalg.svd", a)


_DRIVER = "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs"


@op(homes=("linalg",), name="svd", results=("U", "S", "Vh"),
    extras={"node": "LinalgSvdBackward0"})  # fmt: skip
def svd(A: Array, full_matrices: Flag = True, *,
        driver: str | None = None) -> tuple[Array, Array, Array]:  # fmt: skip
    """The singular value decomposition `A = U @ diag(S) @ Vh`."""
    any_matrix(A)
    require(driver is None, _DRIVER)
    return svd_of(A, full_matrices)


@op(homes=("torch", "Tensor"), name="svd", results=("U", "S", "V"),
    extras={"node": "LinalgSvdBackward0"})  # fmt: skip
def old_svd(input: Array, some: Flag = True, compute_uv: Flag = True) -> tuple[Array, Array, Array]:
    """The singular value decomposition `input = U @ diag(S) @ V.mH`; without compute_uv U and V
    are zeros."""
    any_matrix(input)
    if not compute_uv:
        lead, (rows, columns) = input.shape[:-2], input.shape[-2:]
        u, v = (jnp.zeros((*lead, n, n), input.dtype) for n in (rows, columns))
        return u, sizes_of(input), v
    u, s, vh = svd_of(input, not some)
    return u, s, adjoint(vh)


@op(homes=("linalg",), extras={"node": "LinalgSvdBackward0"})
def svdvals(A: Array, *, driver: str | None = None) -> Array:
    """The singular values, the largest first."""
    any_matrix(A)
    require(driver is None, _DRIVER)
    return sizes_of(A)
