"""Distances between vectors, and the cross product."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from compat.core.errors import require
from compat.core.size import wrap_dim
from compat.ops.declare import op
from compat.ops.reduce.sums import vector_norm
from compat.ops.roles import Array, Dim, Operand, Promoted


def _difference_norm(a: jax.Array, b: jax.Array, p: float) -> jax.Array:
    require(p >= 0, "cdist only supports non-negative p values")
    return vector_norm(a - b, p, -1, False)


@op(homes=("torch",), out=False)
def cdist(x1: Array, x2: Array, p: float = 2.0,
          compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Array:  # fmt: skip
    """The p-norm distances of each row of x1 to each row of x2, batches in front.

    compute_mode is taken and not needed: differences are always taken, which is exact.
    """
    require(x1.ndim >= 2, f"cdist only supports at least 2D tensors, X1 got: {x1.ndim}D")
    require(x2.ndim >= 2, f"cdist only supports at least 2D tensors, X2 got: {x2.ndim}D")
    require(
        x1.shape[-1] == x2.shape[-1],
        f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}",
    )
    return _difference_norm(x1[..., :, None, :], x2[..., None, :, :], p)


@op(homes=("torch", "nn.functional"), out=False)
def pdist(input: Array, p: float = 2.0) -> Array:
    """The p-norm distances of all pairs of rows, in the order of the upper triangle."""
    require(input.ndim == 2, f"pdist only supports 2D tensors, got: {input.ndim}D")
    first, second = np.triu_indices(input.shape[0], 1)
    return _difference_norm(input[first], input[second], p)


def _crossed(a: jax.Array, b: jax.Array, axis: int) -> jax.Array:
    def turned(x: jax.Array, by: int) -> jax.Array:
        return jnp.roll(x, by, axis)

    return turned(a, -1) * turned(b, -2) - turned(a, -2) * turned(b, -1)


def _cross_axis(name: str, a: jax.Array, b: jax.Array, dim: int) -> int:
    axis = wrap_dim(dim, a.ndim)
    require(
        a.shape[axis] == 3 and b.shape[axis] == 3,
        f"{name}: inputs dimension {dim} must have length 3. Got {a.shape[axis]} and "
        f"{b.shape[axis]}",
    )
    return axis


@op(kernel=("cross", "ifc"), extras={"apart": "all"})
def cross(input: Operand, other: Operand, dim: Dim | None = None) -> Promoted:
    """The cross product of vectors along a dim: the first of size 3, unless one is named."""
    require(
        input.ndim == other.ndim,
        "linalg.cross: inputs must have the same number of dimensions.",
    )
    input, other = jnp.broadcast_arrays(input, other)
    if dim is None:
        require(3 in input.shape, "no dimension of size 3 in input")
        dim = input.shape.index(3)
    return _crossed(input, other, _cross_axis("linalg.cross", input, other, dim))


@op(homes=("linalg",), name="cross", kernel=("cross", "ifc"), extras={"apart": "all"})
def linalg_cross(input: Operand, other: Operand, *, dim: Dim = -1) -> Promoted:
    """The cross product of vectors along a dim."""
    require(
        input.ndim == other.ndim,
        "linalg.cross: inputs must have the same number of dimensions.",
    )
    axis = _cross_axis("linalg.cross", input, other, dim)
    input, other = jnp.broadcast_arrays(input, other)
    return _crossed(input, other, axis)
