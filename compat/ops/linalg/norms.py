"""Norms of vectors and matrices, and the condition number."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import dtype as Type
from compat.core.dtype import from_numpy_type, type_name
from compat.core.errors import require
from compat.core.size import wrap_dim
from compat.ops.declare import op
from compat.ops.linalg.checks import matrix, square
from compat.ops.linalg.spectra import any_matrix, sizes_of
from compat.ops.reduce.sums import axes_of, counts
from compat.ops.reduce.sums import vector_norm as along
from compat.ops.roles import Array, Dims, DType, Flag
from compat.ops.specialize import convert

_INF = math.inf


def _as_type(name: str, x: jax.Array, dtype: Type | None) -> jax.Array:
    require(
        x.dtype.kind not in "iub",
        f"{name}: Expected a floating point or complex tensor as input. Got {type_name(x.dtype)}",
    )
    if dtype is None:
        return x
    given = x.dtype.kind == "c"
    require(
        dtype.is_floating_point or dtype.is_complex,
        f"{name}: dtype should be floating point or complex. Got {dtype}",
    )
    require(
        dtype.is_complex == given,
        f"{name}: dtype should be {'complex' if given else 'real'} for "
        f"{'complex' if given else 'real'} inputs, but got {dtype}",
    )
    require(
        dtype.itemsize >= from_numpy_type(x.dtype).itemsize,
        f"{name}: the dtype of the input ({from_numpy_type(x.dtype)}) should be convertible "
        f"without narrowing to the specified dtype ({dtype})",
    )
    return convert(x, dtype)


def _vector(x: jax.Array, p: float, dim: Any, keepdim: bool, dtype: Any) -> jax.Array:
    name = "linalg.vector_norm"
    x = _as_type(name, x, dtype)
    axes = axes_of(dim, x.ndim)
    if p == _INF or p < 0:
        shape = x.shape if axes is None else [x.shape[axis] for axis in axes]
        order = "inf" if p == _INF else "-inf" if p == -_INF else f"{p:g}"
        where = "an empty tensor because"
        if axes is not None and x.ndim > 1 and 0 in shape:
            where = f"the dimension {axes[shape.index(0)]} because this dimension is empty and"
        require(
            0 not in shape,
            f"{name} cannot compute the {order} norm on {where} the operation does not have an "
            "identity",
        )
    half = x.dtype.itemsize == 2
    made = along(x.astype(jnp.float32) if half else x, p, axes, keepdim)
    return made.astype(x.dtype) if half else made


def _matrix(a: jax.Array, order: Any, dim: Any, keepdim: bool, dtype: Any) -> jax.Array:
    name = "linalg.matrix_norm"
    matrix(name, a)
    a = _as_type(name, a, dtype)
    dims: Any = dim if isinstance(dim, tuple) else (dim,)
    require(len(dims) == 2, f"{name}: dim must be a 2-tuple. Got {' '.join(map(str, dims))}")
    row, column = (wrap_dim(each, a.ndim) for each in dims)
    require(row != column, f"{name}: dims must be different. Got ({dims[0]}, {dims[1]})")
    if order == "fro":
        return _vector(a, 2, dim, keepdim, None)
    if order in ("nuc", 2, -2):
        any_matrix(a)
        sizes = sizes_of(jnp.moveaxis(a, (row, column), (-2, -1)))
        made = sizes.sum(-1) if order == "nuc" else _extreme(sizes, order > 0, -1)
        return jnp.expand_dims(made, sorted((row, column))) if keepdim else made
    require(order in (1, -1, _INF, -_INF), f"{name}: Order {_shown(order)} not supported.")
    first, second = (row, column) if abs(order) == 1 else (column, row)
    made = _extreme(_vector(a, 1, (first,), True, None), order > 0, second)
    if keepdim:
        return jnp.expand_dims(made, second)
    return jnp.squeeze(made, first - (second < first))


def _extreme(x: jax.Array, largest: bool, axis: int) -> jax.Array:
    return jnp.max(x, axis, initial=None if x.shape[axis] else 0) if largest else jnp.min(x, axis)


def _shown(order: Any) -> str:
    return f"{order:g}" if isinstance(order, int | float) else str(order)


@op(homes=("linalg",), extras={"node": "LinalgVectorNormBackward0", "blind": counts})
def vector_norm(x: Array, ord: float = 2, dim: Dims | None = None, keepdim: Flag = False, *,
                dtype: DType | None = None) -> Array:  # fmt: skip
    """The p-norm of all elements, or along dims."""
    return _vector(x, ord, dim, keepdim, dtype)


@op(homes=("linalg",))
def matrix_norm(A: Array, ord: Any = "fro", dim: Any = (-2, -1), keepdim: Flag = False, *,
                dtype: DType | None = None) -> Array:  # fmt: skip
    """A norm of matrices: "fro", "nuc", 2 and -2 (of singular values), 1, -1, inf and -inf (of
    sums of columns, of rows)."""
    return _matrix(A, ord, dim, keepdim, dtype)


@op(homes=("linalg",), extras={"blind": counts})
def norm(A: Array, ord: Any = None, dim: Dims | None = None, keepdim: Flag = False, *,
         dtype: DType | None = None) -> Array:  # fmt: skip
    """The norm of a vector or a matrix, by the number of dims; of all elements without ord."""
    dims = (dim,) if isinstance(dim, int) else dim
    if dims is not None:
        require(
            len(dims) in (1, 2),
            f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}",
        )
    elif ord is not None:
        require(
            A.ndim in (1, 2),
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{A.ndim}D.",
        )
    if ord is not None and len(dims or A.shape) == 2:
        return _matrix(A, ord, dims or (0, 1), keepdim, dtype)
    require(
        not isinstance(ord, str),
        f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dims or (0,)))}",
    )
    return _vector(A, 2 if ord is None else ord, dims, keepdim, dtype)


@op(homes=("linalg",), extras={"out": "cast"})
def cond(A: Array, p: Any = None) -> Array:
    """The condition number by a norm: that of A times that of its inverse; infinite for singular
    matrices."""
    require(A.ndim >= 2, "linalg.cond: The input tensor must have at least 2 dimensions.")
    if p is None or p in (2, -2):
        any_matrix(A)
        sizes = sizes_of(A)
        if not sizes.size:
            return jnp.zeros(A.shape[:-2], sizes.dtype)
        large, small = sizes[..., 0], sizes[..., -1]
        return small / large if p == -2 else large / small
    square(f"linalg.cond(ord={_shown(p)})", A)
    require(
        p in ("fro", "nuc", 1, -1, _INF, -_INF),
        f"linalg.cond got an invalid norm type: {_shown(p)}",
    )
    if not A.size:
        return jnp.zeros(A.shape[:-2], A.real.dtype)
    sound = jnp.isfinite(jnp.linalg.slogdet(jax.lax.stop_gradient(A))[1])
    safe = jnp.where(sound[..., None, None], A, jnp.eye(A.shape[-1], dtype=A.dtype))
    inverse = _matrix(jnp.linalg.inv(safe), p, (-2, -1), False, None)
    return jnp.where(sound, _matrix(A, p, (-2, -1), False, None) * inverse, _INF)
