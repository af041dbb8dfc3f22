"""Pseudoinverses and ranks: what depends on which singular values count as zero."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import type_name
from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.linalg.checks import adjoint, matrix, square, whole
from compat.ops.roles import Array, Flag, Scalar


def _sizes(a: jax.Array, hermitian: bool) -> jax.Array:
    if hermitian:
        return jnp.abs(jnp.linalg.eigvalsh(a, symmetrize_input=False))
    return jnp.linalg.svd(a, compute_uv=False)


def _floor(sizes: jax.Array, atol: Any, rtol: Any) -> jax.Array:
    """What a singular value must exceed."""
    top = jnp.max(sizes, -1, initial=0)
    return jnp.maximum(jnp.asarray(atol), jnp.asarray(rtol) * top).astype(sizes.dtype)[..., None]


def ranks(a: jax.Array, atol: Any, rtol: Any, hermitian: bool = False) -> Any:
    """How many singular values count, and all of them."""
    sizes = _sizes(a, hermitian)
    return jnp.sum(sizes > _floor(sizes, atol, rtol), -1), sizes


def _tolerances(a: jax.Array, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """PyTorch's defaults: a relative one alone unless an absolute one is given."""
    if rtol is None:
        usual = jnp.finfo(a.dtype).eps * max(a.shape[-2:])
        rtol = usual if atol is None else jnp.where(jnp.asarray(atol) > 0, 0.0, usual)
    return (0.0 if atol is None else atol), rtol


@partial(jax.custom_jvp, nondiff_argnums=(3,))
def pinv_of(a: jax.Array, atol: Any, rtol: Any, hermitian: bool = False) -> jax.Array:
    """The pseudoinverse; `hermitian`: of the lower triangle. Its derivative is that at constant
    rank, by all of the given matrix as in PyTorch: G. H. Golub and V. Pereyra, "The
    differentiation of pseudo-inverses", SIAM J. Numer. Anal. 10 (1973)."""
    if not a.size:
        return jnp.zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]), a.dtype)
    if hermitian:
        s, u = jnp.linalg.eigh(whole(a), symmetrize_input=False)
        right = u
    else:
        u, s, vh = jnp.linalg.svd(a, full_matrices=False)
        right = adjoint(vh)
    sizes = jnp.abs(s)
    kept = sizes > _floor(sizes, atol, rtol)
    inverse = jnp.where(kept, 1 / jnp.where(kept, s, 1), 0).astype(a.dtype)
    return jnp.matmul(right * inverse[..., None, :], adjoint(u))


@pinv_of.defjvp
def _pinv_slope(hermitian: bool, primals: Any, tangents: Any) -> Any:
    (a, atol, rtol), moved = primals, tangents[0]
    p = pinv_of(a, atol, rtol, hermitian)
    first = -p @ moved @ p
    second = p @ adjoint(p) @ (adjoint(moved) - (adjoint(moved) @ a) @ p)
    third = (adjoint(moved) - p @ (a @ adjoint(moved))) @ adjoint(p) @ p
    return p, first + second + third


def _checked_pinv(a: jax.Array, atol: Any, rtol: Any, hermitian: bool) -> jax.Array:
    require(
        a.ndim >= 2 and a.dtype.kind in "fc" and a.dtype.itemsize > 2,
        f"linalg.pinv({type_name(a.dtype)}{{{list(a.shape)}}}): expected a tensor with 2 or more "
        "dimensions of float, double, cfloat or cdouble types",
    )
    if hermitian:
        square("linalg.pinv", a)
    return pinv_of(a, *_tolerances(a, atol, rtol), hermitian)


@op(homes=("linalg",), extras={"out": "cast", "node": "LinalgPinvBackward0"})
def pinv(A: Array, rcond: Scalar | None = None, hermitian: Flag = False, *,
         atol: Scalar | None = None, rtol: Scalar | None = None) -> Array:  # fmt: skip
    """The pseudoinverse; singular values up to atol, or rtol times the largest, count as zero.

    `rcond` is the older name of rtol.
    """
    return _checked_pinv(A, atol, rcond if rtol is None else rtol, hermitian)


@op(homes=("torch", "Tensor"), out=False, extras={"node": "LinalgPinvBackward0"})
def pinverse(input: Array, rcond: Scalar = 1e-15) -> Array:
    """The pseudoinverse; singular values up to rcond times the largest count as zero."""
    return _checked_pinv(input, None, rcond, False)


@op(homes=("linalg",), extras={"out": "cast"})
def matrix_rank(input: Array, tol: Scalar | None = None, hermitian: Flag = False, *,
                atol: Scalar | None = None, rtol: Scalar | None = None) -> Array:  # fmt: skip
    """How many singular values exceed atol, and rtol times the largest. `tol` is an older name
    of atol, without an rtol."""
    matrix("torch.linalg.matrix_rank", input, "input")
    require(
        input.dtype.kind in "fc" and input.dtype.itemsize > 2,
        "This function doesn't handle types other than float and double",
    )
    if hermitian:
        square("linalg.matrix_rank", input)
    if tol is not None:
        atol, rtol = tol, 0.0
    if not input.size:
        return jnp.zeros(input.shape[:-2], "int64")
    atol, rtol = _tolerances(input, atol, rtol)
    return ranks(input, atol, rtol, hermitian)[0].astype("int64")
