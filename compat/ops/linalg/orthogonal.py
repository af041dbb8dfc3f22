"""Orthogonal factors: QR, and products of Householder's reflections."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import type_name
from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.linalg.checks import adjoint, floating, matrix
from compat.ops.roles import Array, Flag


def _factors(a: jax.Array, mode: str) -> tuple[jax.Array, jax.Array]:
    """Q and R; the columns of a wide matrix that Q does not depend on only enter R, which leaves
    the derivative to the square ones."""
    matrix("linalg.qr", a)
    require(
        a.dtype.kind in "iub" or a.dtype.itemsize > 2,
        f"\"geqrf_cpu\" not implemented for '{type_name(a.dtype)}'",
        NotImplementedError,
    )
    floating("linalg.qr", a)
    rows, columns = a.shape[-2:]
    whole = mode == "complete"
    least = rows if whole else min(rows, columns)
    if not a.size:
        q = jnp.broadcast_to(jnp.eye(rows, least, dtype=a.dtype), (*a.shape[:-2], rows, least))
        return q, jnp.zeros((*a.shape[:-2], least, columns), a.dtype)
    if rows >= columns:
        q, r = jnp.linalg.qr(a, mode=mode if rows > columns else "reduced")
        return q, r
    q, r = jnp.linalg.qr(a[..., :rows])
    return q, jnp.concatenate([r, adjoint(q) @ a[..., rows:]], -1)


@op(homes=("linalg",), name="qr", results=("Q", "R"), extras={"node": "LinalgQrBackward0"})
def qr(A: Array, mode: str = "reduced") -> tuple[Array, Array]:
    """Orthogonal Q and triangular R with `Q @ R = A`; mode "reduced", "complete" or "r"."""
    require(
        mode in ("reduced", "complete", "r"),
        f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or "
        "'complete'",
    )
    q, r = _factors(A, "reduced" if mode == "r" else mode)
    return (jnp.zeros((0,), A.dtype) if mode == "r" else q), r


@op(homes=("torch", "Tensor"), name="qr", results=("Q", "R"), extras={"node": "LinalgQrBackward0"})
def old_qr(input: Array, some: Flag = True) -> tuple[Array, Array]:
    """Orthogonal Q and triangular R with `Q @ R = input`."""
    return _factors(input, "reduced" if some else "complete")


def _geqrf_rule(grad_0: Any, grad_1: Any) -> Any:
    return (NotImplementedError("the derivative for 'geqrf' is not implemented."),)


@op(results=("a", "tau"), backward=_geqrf_rule, extras={"out": "cast"})
def geqrf(input: Array) -> tuple[Array, Array]:
    """R above, and Householder's vectors below the diagonal, with their factors tau."""
    matrix("torch.geqrf", input, "input")
    if not input.size:
        return input, jnp.zeros((*input.shape[:-2], min(input.shape[-2:])), input.dtype)
    packed, tau = jnp.linalg.qr(input, mode="raw")
    return jnp.swapaxes(packed, -1, -2), tau


def _reflect(packed: jax.Array, tau: jax.Array, other: jax.Array, adjoined: bool) -> jax.Array:
    """The product of the reflections H1 H2 ..., or its adjoint, with another matrix."""
    count = tau.shape[-1]
    if not count or not other.size:
        return other
    packed = packed[..., :count]
    vectors = jnp.tril(packed, -1) + jnp.eye(packed.shape[-2], count, dtype=packed.dtype)
    factors = tau.conj() if adjoined else tau

    def step(made: Any, one: Any) -> Any:
        vector, factor = one
        along = jnp.einsum("...i,...ij->...j", vector.conj(), made)
        return made - factor[..., None, None] * vector[..., :, None] * along[..., None, :], None

    each = jnp.moveaxis(vectors, -1, 0), jnp.moveaxis(factors, -1, 0)
    return jax.lax.scan(step, other, each, reverse=not adjoined)[0]


def _product(a: jax.Array, tau: jax.Array) -> jax.Array:
    name = "torch.linalg.householder_product"
    require(a.ndim >= 2, f"{name}: input must have at least 2 dimensions.")
    require(
        a.shape[-2] >= a.shape[-1],
        f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]",
    )
    require(
        a.shape[-1] >= tau.shape[-1],
        f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]",
    )
    require(
        a.ndim - tau.ndim == 1,
        f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to "
        f"{tau.ndim} and input.ndim is equal to {a.ndim}",
    )
    require(
        a.shape[:-2] == tau.shape[:-1],
        f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
        f"{list(tau.shape[:-1])}",
    )
    require(
        a.dtype == tau.dtype,
        f"{name}: tau dtype {type_name(tau.dtype)} does not match input dtype {type_name(a.dtype)}",
    )
    return _reflect(a, tau, jnp.broadcast_to(jnp.eye(*a.shape[-2:], dtype=a.dtype), a.shape), False)


def _without_reflections(settings: Any, input: Any, tau: Any, *_: Any) -> int:
    """PyTorch sends no gradient back to reflections when there are none."""
    return 0 if tau.numel else 0b11


@op(homes=("linalg",), extras={"out": "cast", "blind": _without_reflections})
def householder_product(input: Array, tau: Array) -> Array:
    """The first columns of the product of Householder's reflections that `geqrf` gives."""
    return _product(input, tau)


@op(extras={"out": "cast", "blind": _without_reflections})
def orgqr(input: Array, tau: Array) -> Array:
    """The first columns of the product of Householder's reflections that `geqrf` gives."""
    return _product(input, tau)


@op(extras={"blind": _without_reflections})
def ormqr(input: Array, tau: Array, other: Array, left: Flag = True,
          transpose: Flag = False) -> Array:  # fmt: skip
    """The whole product Q of reflections times other: `Q @ other`, or `other @ Q`, or with Q's
    adjoint."""
    name = "torch.ormqr"
    require(input.ndim >= 2, f"{name}: input must have at least 2 dimensions.")
    require(other.ndim >= 2, f"{name}: other must have at least 2 dimensions.")
    side = -2 if left else -1
    require(
        other.shape[side] >= tau.shape[-1],
        f"{name}: other.shape[{side}] must be greater than or equal to tau.shape[-1]",
    )
    require(
        other.shape[side] == input.shape[-2],
        f"{name}: other.shape[{side}] must be equal to input.shape[-2]",
    )
    require(
        tau.shape[-1] <= input.shape[-1],
        f"{name}: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])",
    )
    require(
        input.ndim - tau.ndim == 1,
        f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to "
        f"{tau.ndim} and input.ndim is equal to {input.ndim}",
    )
    require(
        input.ndim == other.ndim,
        f"{name}: Expected other to have the same number of dimensions as input, but got "
        f"other.ndim equal to {other.ndim} and input.ndim is equal to {input.ndim}",
    )
    for one, called in ((tau.shape[:-1], "tau"), (other.shape[:-2], "other")):
        require(
            one == input.shape[:-2],
            f"{name}: Expected batch dimensions of {called} to be equal to input.shape[:-2], but "
            f"got {list(one)}",
        )
    for one, called in ((tau, "tau"), (other, "other")):
        require(
            one.dtype == input.dtype,
            f"{name}: Expected input and {called} to have the same dtype, but input has dtype "
            f"{type_name(input.dtype)} and {called} has dtype {type_name(one.dtype)}",
        )
    if left:
        return _reflect(input, tau, other, transpose)
    return adjoint(_reflect(input, tau, adjoint(other), not transpose))
