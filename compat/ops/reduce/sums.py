"""Sums, means, products, and the two logical reductions."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import dtype, get_default_dtype, type_name
from compat.core.errors import require
from compat.core.size import wrap_dim
from compat.ops.declare import reduction
from compat.ops.pointwise.rounding import _abs
from compat.ops.roles import Array, Dims, DType, Flag, Operand
from compat.ops.specialize import convert


def axes_of(dim: Any, rank: int) -> tuple[int, ...] | None:
    """The dims of a reduction counted from the front; None (or none named) means all."""
    if dim is None:
        return None
    dims = dim if isinstance(dim, tuple) else (dim,)
    if not dims:
        return None
    wrapped = tuple(wrap_dim(int(one), rank) for one in dims)
    for at, one in enumerate(wrapped):
        require(
            one not in wrapped[:at], f"dim {one} appears multiple times in the list of dims"
        )
    return tuple(one for one in wrapped if one < rank)


def one_axis(dim: int, rank: int) -> int:
    """One dim counted from the front."""
    return wrap_dim(int(dim), rank)


def _summed_as(input: jax.Array, dtype: dtype | None) -> jax.Array:
    if dtype is not None:
        return convert(input, dtype)
    return input.astype("int64") if input.dtype.kind in "iub" else input


@reduction(extras={"out": "cast"})
def sum(input: Operand, dim: Dims | None = None, keepdim: Flag = False, *,
        dtype: DType | None = None) -> Array:  # fmt: skip
    """Adds up all elements, or along dims. Whole numbers and bools add up in int64.

    >>> compat.sum(compat.tensor([[1, 2], [3, 4]]), 0)
    tensor([4, 6])
    """
    given = _summed_as(input, dtype)
    axes = axes_of(dim, input.ndim)
    if given.dtype == bool:
        return jnp.any(given, axes, keepdims=keepdim)
    return jnp.sum(given, axes, keepdims=keepdim, promote_integers=False)


@reduction(extras={"out": "cast"})
def nansum(input: Operand, dim: Dims | None = None, keepdim: Flag = False, *,
           dtype: DType | None = None) -> Array:  # fmt: skip
    """The sum with NaN as zero."""
    given = jnp.nan_to_num(input, posinf=jnp.inf, neginf=-jnp.inf)
    return sum(given, dim, keepdim, dtype=dtype)


@reduction(extras={"out": "cast"})
def mean(input: Operand, dim: Dims | None = None, keepdim: Flag = False, *,
         dtype: DType | None = None) -> Array:  # fmt: skip
    """The mean of all elements, or along dims."""
    if dtype is not None:
        _can_average("mean", "Optional", dtype.numpy)
        input = convert(input, dtype)
    _can_average("mean", "Input", input.dtype)
    return jnp.mean(input, axes_of(dim, input.ndim), keepdims=keepdim)


def _can_average(name: str, which: str, kind: Any) -> None:
    require(
        kind.kind not in "iub",
        f"{name}(): could not infer output dtype. {which} dtype must be either a floating point or "
        f"complex dtype. Got: {type_name(kind)}",
    )


@reduction(extras={"out": "cast"})
def nanmean(input: Operand, dim: Dims | None = None, keepdim: Flag = False, *,
            dtype: DType | None = None) -> Array:  # fmt: skip
    """The mean without the NaNs."""
    require(
        input.dtype.kind not in "iub",
        "nanmean(): expected input to have floating point or complex dtype but got "
        f"{type_name(input.dtype)}",
    )
    if dtype is not None:
        _can_average("nanmean", "Optional", dtype.numpy)
        input = convert(input, dtype)
    return jnp.nanmean(input, axes_of(dim, input.ndim), keepdims=keepdim)


@reduction(extras={"out": "cast"})
def prod(input: Operand, dim: Dims | None = None, keepdim: Flag = False, *,
         dtype: DType | None = None) -> Array:  # fmt: skip
    """Multiplies all elements, or along one dim."""
    given = _summed_as(input, dtype)
    axes = axes_of(dim, input.ndim)
    if given.dtype == bool:
        return jnp.all(given, axes, keepdims=keepdim)
    return jnp.prod(given, axes, keepdims=keepdim, promote_integers=False)


@reduction(extras={"out": "cast"})
def all(input: Array, dim: Dims | None = None, keepdim: Flag = False) -> Array:
    """Whether all elements are not zero; uint8 stays uint8."""
    made = jnp.all(input != 0, axes_of(dim, input.ndim), keepdims=keepdim)
    return made.astype(input.dtype) if input.dtype == jnp.uint8 else made


@reduction(extras={"out": "cast"})
def any(input: Array, dim: Dims | None = None, keepdim: Flag = False) -> Array:
    """Whether any element is not zero; uint8 stays uint8."""
    made = jnp.any(input != 0, axes_of(dim, input.ndim), keepdims=keepdim)
    return made.astype(input.dtype) if input.dtype == jnp.uint8 else made


@reduction(extras={"out": "cast"})
def count_nonzero(input: Array, dim: Dims | None = None) -> Array:
    """How many elements are not zero."""
    return jnp.count_nonzero(input, axes_of(dim, input.ndim)).astype("int64")


@reduction(extras={"out": "cast"})
def logsumexp(input: Operand, dim: Dims, keepdim: Flag = False) -> Array:
    """The logarithm of the sum of exponentials along dims, without overflow."""
    if input.dtype.kind in "iub":
        input = input.astype(get_default_dtype().numpy)
    axes = axes_of(dim, input.ndim)
    top = jax.lax.stop_gradient(jnp.max(input.real, axes, keepdims=True, initial=-jnp.inf))
    top = jnp.where(jnp.isfinite(top), top, 0)
    made = jnp.log(jnp.sum(jnp.exp(input - top), axes, keepdims=True)) + top
    return made if keepdim else jnp.squeeze(made, axes if axes is not None else None)


@reduction(kernel=("trace", "ifc"))
def trace(input: Array) -> Array:
    """The sum of the diagonal."""
    require(input.ndim == 2, f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return jnp.trace(_summed_as(input, None))


def variance(input: jax.Array, dim: Any, by: float, keepdim: bool) -> jax.Array:
    """The variance along dims, over count - by."""
    axes = axes_of(dim, input.ndim)
    center = jnp.mean(input, axes, keepdims=True)
    off = input - center
    count = input.size // max(center.size, 1) if center.size else 0
    squares = (off * off.conj()).real if jnp.iscomplexobj(off) else off * off
    total = jnp.sum(squares, axes, keepdims=keepdim)
    left = max(count - by, 0)
    return total / left if left else total * jnp.nan if total.size else total


@reduction(homes=("hidden",), name="_var", extras={"node": "VarBackward0", "out": "cast"})
def var(input: Operand, dim: Dims | None = None, correction: float = 1,
        keepdim: Flag = False) -> Array:  # fmt: skip
    """The variance, with Bessel's correction unless another is given."""
    _std_input("var", input)
    return variance(input, dim, correction, keepdim)


@reduction(homes=("hidden",), name="_std", extras={"node": "StdBackward0", "out": "cast"})
def std(input: Operand, dim: Dims | None = None, correction: float = 1,
        keepdim: Flag = False) -> Array:  # fmt: skip
    """The standard deviation."""
    _std_input("std", input)
    spread = variance(input, dim, correction, keepdim)
    safe = jnp.where(spread == 0, 1, spread)
    return jnp.where(spread == 0, 0, jnp.sqrt(safe))


def _std_input(name: str, input: jax.Array) -> None:
    require(
        input.dtype.kind not in "iub",
        "std and var only support floating point and complex dtypes",
    )


@reduction(homes=("hidden",), name="_var_mean", results=("var", "mean"))
def var_mean(input: Operand, dim: Dims | None = None, correction: float = 1,
             keepdim: Flag = False) -> tuple[Array, Array]:  # fmt: skip
    """Variance and mean at once."""
    axes = axes_of(dim, input.ndim)
    return variance(input, dim, correction, keepdim), jnp.mean(input, axes, keepdims=keepdim)


@reduction(homes=("hidden",), name="_std_mean", results=("std", "mean"))
def std_mean(input: Operand, dim: Dims | None = None, correction: float = 1,
             keepdim: Flag = False) -> tuple[Array, Array]:  # fmt: skip
    """Standard deviation and mean at once."""
    axes = axes_of(dim, input.ndim)
    return std(input, dim, correction, keepdim), jnp.mean(input, axes, keepdims=keepdim)


def counts(settings: dict[str, Any], input: Any) -> int:
    """The norm of order 0 counts: PyTorch sends no gradient back through it."""
    return int(0 in (settings.get("p"), settings.get("ord")))


@reduction(homes=("hidden",), name="_norm", extras={"blind": counts})
def norm(input: Operand, p: Any = 2, dim: Dims | None = None, keepdim: Flag = False, *,
         dtype: DType | None = None) -> Array:  # fmt: skip
    """The p-norm of all elements, or along dims: p a number, inf or -inf."""
    if dtype is not None:
        input = convert(input, dtype)
    return vector_norm(input, 2.0 if p is None else p, axes_of(dim, input.ndim), keepdim)


def vector_norm(input: jax.Array, p: float, axes: Any, keepdim: bool) -> jax.Array:
    """The p-norm along axes, with slope 0 where the norm is 0."""
    size = _abs(input)
    if p == float("inf"):
        return jnp.max(size, axes, keepdims=keepdim, initial=None if size.size else 0)
    if p == -float("inf"):
        return jnp.min(size, axes, keepdims=keepdim)
    if p == 0:
        return jnp.sum((input != 0).astype(size.dtype), axes, keepdims=keepdim)
    if p == 1:
        return jnp.sum(size, axes, keepdims=keepdim)
    if p == 2:
        total = jnp.sum((input * input.conj()).real, axes, keepdims=keepdim)
        return jnp.where(total == 0, 0, jnp.sqrt(jnp.where(total == 0, 1, total)))
    safe = jnp.where(size == 0, 1, size)
    total = jnp.sum(jnp.where(size == 0, 0 if p > 0 else jnp.inf, safe**p), axes, keepdims=keepdim)
    return jnp.where(total == 0, 0, jnp.where(total == 0, 1, total) ** (1 / p))


@reduction
def dist(input: Operand, other: Operand, p: float = 2) -> Array:
    """The p-norm of the difference."""
    require(
        input.dtype != bool,
        "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
        "`logical_xor()` operator instead.",
    )
    require(
        input.dtype.kind not in "iu",
        "norm(): input dtype should be either floating point or complex. Got "
        f"{type_name(input.dtype)} instead.",
    )
    return vector_norm(input - other, p, None, False)



@reduction(homes=("hidden",), name="_nuclear_norm")
def nuclear_norm(input: Operand, dim: Dims | None = None, keepdim: Flag = False) -> Array:
    """The sum of the singular values of matrices in two dims."""
    axes = axes_of(dim, input.ndim) or (0, 1)
    require(len(axes) == 2, "linalg.matrix_norm: dim must be a 2-tuple of ints")
    total = jnp.linalg.norm(input, "nuc", axes, keepdims=keepdim)
    return total.real
