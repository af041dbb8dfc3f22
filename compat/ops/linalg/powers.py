"""Powers, exponentials and longer products of matrices."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from compat.core.dtype import type_name
from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.linalg.checks import alike, square, square_floating
from compat.ops.linalg.products import c_name
from compat.ops.roles import Array, Arrays, Dim


@op(homes=("torch", "Tensor", "linalg"), extras={"out": "cast"})
def matrix_power(input: Array, n: int) -> Array:
    """The matrix multiplied by itself n times; negative n powers the inverse."""
    square("linalg.matrix_power", input)
    if n < 0:
        square_floating("linalg.inv", input)
    return jnp.linalg.matrix_power(input, n)


@op(homes=("torch", "Tensor", "linalg"), out=False, extras={"node": "LinalgMatrixExpBackward0"})
def matrix_exp(input: Array) -> Array:
    """The matrix exponential."""
    square("linalg.matrix_exp", input)
    require(
        input.dtype.kind not in "iub",
        "linalg.matrix_exp: Expected a floating point or complex tensor as input. Got "
        f"{type_name(input.dtype)}",
    )
    if not input.size:
        return input
    lead, size = input.shape[:-2], input.shape[-2:]
    wide = input.astype(jnp.float32) if input.dtype.itemsize == 2 else input
    made = jax.vmap(jax.scipy.linalg.expm)(wide.reshape(-1, *size))
    return made.reshape(*lead, *size).astype(input.dtype)


def _best_order(sizes: Sequence[int]) -> list[list[int]]:
    """Where to split each run of a chain of matrices: T. H. Cormen et al., "Introduction to
    Algorithms", 15.2. Matrix k has sizes[k] rows and sizes[k + 1] columns."""
    count = len(sizes) - 1
    cost = [[0] * count for _ in range(count)]
    split = [[0] * count for _ in range(count)]
    for length in range(1, count):
        for first in range(count - length):
            last = first + length
            cost[first][last], split[first][last] = min(
                (cost[first][k] + cost[k + 1][last]
                 + sizes[first] * sizes[k + 1] * sizes[last + 1], k)
                for k in range(first, last)
            )  # fmt: skip
    return split


@op(homes=("linalg",))
def multi_dot(tensors: Arrays) -> Array:
    """The product of a chain of matrices in the cheapest order; vectors may stand at its ends."""
    count = len(tensors)
    require(count >= 2, f"multi_dot(): expected at least 2 tensors but got {count}")
    chain = list(tensors)
    for at, each in enumerate(chain):
        inner = 0 < at < count - 1
        require(
            each.ndim == 2 or (not inner and each.ndim == 1),
            f"multi_dot(): tensor {at} must be 2D but got {each.ndim}D"
            if inner
            else f"multi_dot(): the {'first' if at == 0 else 'last'} tensor must be 1D or 2D but "
            f"got {each.ndim}D",
        )
        require(
            each.dtype == chain[0].dtype,
            "multi_dot(): all tensors must have be the same dtype but tensor 0 is "
            f"{c_name(chain[0])} and tensor {at} {c_name(each)}",
        )
    row, column = chain[0].ndim == 1, chain[-1].ndim == 1
    for at in range(count - 1):
        a, b = chain[at], chain[at + 1]
        require(
            a.shape[-1] == b.shape[0],
            f"multi_dot(): tensors {at} and {at + 1} with shapes {list(a.shape)} and "
            f"{list(b.shape)} cannot be multiplied",
        )
    chain[0] = chain[0][None] if row else chain[0]
    chain[-1] = chain[-1][:, None] if column else chain[-1]
    split = _best_order([chain[0].shape[0], *[each.shape[1] for each in chain]])

    def run(first: int, last: int) -> jax.Array:
        if first == last:
            return chain[first]
        at = split[first][last]
        return jnp.matmul(run(first, at), run(at + 1, last))

    made = run(0, count - 1)
    made = made[0] if row else made
    return made[..., 0] if column else made


@op(homes=("linalg",), out=False)
def vander(x: Array, *, N: int | None = None) -> Array:
    """Vandermonde's matrices: the powers 0 to N - 1 of the elements."""
    require(
        x.dtype.kind in "iufc" and (x.dtype.kind in "iu" or x.dtype.itemsize > 2),
        "linalg.vander supports floating point, complex, and integer tensors, but got "
        f"{type_name(x.dtype)}",
    )
    x = jnp.atleast_1d(x)
    count = x.shape[-1] if N is None else N
    require(count > 1, "N must be greater than 1.")
    given = x.astype("int64") if x.dtype.kind in "iu" else x
    repeated = jnp.broadcast_to(given[..., None], (*x.shape, count - 1))
    return jnp.concatenate([jnp.ones_like(given[..., None]), jnp.cumprod(repeated, -1)], -1)


@op(homes=("linalg",))
def vecdot(x: Array, y: Array, *, dim: Dim = -1) -> Array:
    """The sums of products along a dim, x conjugated."""
    alike("linalg.vecdot", x, y, "x", "y")
    require(
        x.dtype.kind not in "iub",
        f"linalg.vecdot: Expected a floating point or complex tensor as input. Got "
        f"{type_name(x.dtype)}",
    )
    return jnp.sum(x.conj() * y, dim)
