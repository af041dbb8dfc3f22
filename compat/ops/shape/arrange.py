"""Joining, repeating, flipping: copies in another arrangement."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compat.core.errors import require
from compat.core.size import wrap_dim
from compat.ops.declare import op
from compat.ops.roles import Array, Dim, Dims, PromotedArrays, Scalar, Shape


@op(homes=("torch",), aliases=("concat", "concatenate"), extras={"out": "cast", "apart": "all"})
def cat(tensors: PromotedArrays, dim: Dim = 0) -> Array:
    """Joins tensors along a dimension they have."""
    require(len(tensors) > 0, "expected a non-empty list of Tensors", ValueError)
    kept = [one for one in tensors if one.shape != (0,)]  # the old empty tensor fits anything
    for at, one in enumerate(tensors):
        require(
            one.ndim > 0,
            f"zero-dimensional tensor (at position {at}) cannot be concatenated",
        )
    if not kept:
        return tensors[0]
    axis = wrap_dim(dim, kept[0].ndim)
    for at, one in enumerate(kept):
        require(
            one.ndim == kept[0].ndim,
            f"Tensors must have same number of dimensions: got {kept[0].ndim} and {one.ndim}",
        )
        for d in range(one.ndim):
            require(
                d == axis or one.shape[d] == kept[0].shape[d],
                f"Sizes of tensors must match except in dimension {axis}. Expected size "
                f"{kept[0].shape[d]} but got size {one.shape[d]} for tensor number {at} in the "
                "list.",
            )
    return jnp.concatenate(kept, axis)


@op(homes=("torch",), extras={"out": "cast", "apart": "all"})
def stack(tensors: PromotedArrays, dim: Dim = 0) -> Array:
    """Joins tensors of one shape along a new dimension."""
    require(len(tensors) > 0, "stack expects a non-empty TensorList")
    for at, one in enumerate(tensors):
        require(
            one.shape == tensors[0].shape,
            f"stack expects each tensor to be equal size, but got {list(tensors[0].shape)} at "
            f"entry 0 and {list(one.shape)} at entry {at}",
        )
    return jnp.stack(tensors, wrap_dim(dim, tensors[0].ndim + 1))


@op(out=False, varargs="dims")
def flip(input: Array, dims: Dims) -> Array:
    """Reverses dimensions."""
    axes = [wrap_dim(d, input.ndim) for d in (dims if isinstance(dims, tuple) else (dims,))]
    require(len(set(axes)) == len(axes), "dim " + str(axes[0] if axes else 0) + " appears multiple "
            "times in the list of dims")  # fmt: skip
    return jnp.flip(input, axes) if axes else input


@op(out=False)
def fliplr(input: Array) -> Array:
    """Reverses the columns."""
    require(input.ndim >= 2, "Input must be >= 2-d.")
    return jnp.flip(input, 1)


@op(out=False)
def flipud(input: Array) -> Array:
    """Reverses the rows."""
    require(input.ndim >= 1, "Input must be >= 1-d.")
    return jnp.flip(input, 0)


@op(out=False)
def roll(input: Array, shifts: Dims, dims: Dims | None = None) -> Array:
    """Moves elements along dims; what falls out comes in at the other end."""
    require(shifts != (), "`shifts` required")
    if dims is None or dims == ():
        require(
            not isinstance(shifts, tuple) or len(shifts) == 1,
            "shifts and dimensions must align. shifts: "
            f"{len(shifts) if isinstance(shifts, tuple) else 1}, dims:0",
        )
        count = shifts[0] if isinstance(shifts, tuple) else shifts
        return jnp.roll(input.reshape(-1), count).reshape(input.shape)
    given = shifts if isinstance(shifts, tuple) else (shifts,)
    require(input.ndim > 0, f"Dimension specified as {dims if isinstance(dims, int) else dims[0]} "
            "but tensor has no dimensions", IndexError)  # fmt: skip
    axes = dims if isinstance(dims, tuple) else (dims,)
    require(
        len(given) == len(axes),
        f"shifts and dimensions must align. shifts: {len(given)}, dims:{len(axes)}",
    )
    return jnp.roll(input, given, tuple(wrap_dim(d, input.ndim) for d in axes))


@op(out=False)
def rot90(input: Array, k: int = 1, dims: Dims = (0, 1)) -> Array:
    """Turns by 90 degrees, k times, in the plane of two dims."""
    turned = dims if isinstance(dims, tuple) else (dims,)
    require(
        len(turned) == 2, f"expected total rotation dims == 2, but got dims = {len(turned)}"
    )
    require(input.ndim >= 2, f"expected total dims >= 2, but got total dims = {input.ndim}")
    first, second = turned[0], turned[-1]
    axes = wrap_dim(first, input.ndim), wrap_dim(second, input.ndim)
    require(
        axes[0] != axes[1],
        f"expected rotation dims to be different, but got dim0 = {first} and dim1 = {second}",
    )
    return jnp.rot90(input, k, axes)


@op(homes=("Tensor",), out=False, varargs="repeats")
def repeat(input: Array, repeats: Shape) -> Array:
    """Copies of the tensor side by side, so many along each dimension."""
    require(
        len(repeats) >= input.ndim,
        "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
        "tensor",
    )
    return jnp.tile(input, repeats)


@op(out=False, varargs="dims")
def tile(input: Array, dims: Shape) -> Array:
    """Copies of the tensor side by side; missing leading counts are 1."""
    return jnp.tile(input, dims)


@op(homes=("hidden",), name="_repeat_interleave", out=False)
def repeat_interleave(input: Array, repeats: int, dim: Dim | None = None) -> Array:
    """Each element so many times."""
    if dim is None:
        return jnp.repeat(input.reshape(-1), repeats)
    return jnp.repeat(input, repeats, wrap_dim(dim, input.ndim))


@op(homes=("hidden",), name="_repeat_each", out=False)
def repeat_each(input: Array, repeats: Array, total: int, dim: Dim) -> Array:
    """Each slice along a dim as often as repeats says; total in all."""
    return jnp.repeat(input, repeats, wrap_dim(dim, input.ndim), total_repeat_length=total)


@op(inplace=True)
def tril(input: Array, diagonal: int = 0) -> Array:
    """The lower triangle, zeros above."""
    require(input.ndim >= 2, "tril: input tensor must have at least 2 dimensions")
    return jnp.tril(input, diagonal)


@op(inplace=True)
def triu(input: Array, diagonal: int = 0) -> Array:
    """The upper triangle, zeros below."""
    require(input.ndim >= 2, "triu: input tensor must have at least 2 dimensions")
    return jnp.triu(input, diagonal)


@op
def diag(input: Array, diagonal: int = 0) -> Array:
    """A matrix with the vector on its diagonal, or the diagonal of a matrix."""
    require(
        input.ndim in (1, 2), f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D"
    )
    return jnp.diag(input, diagonal)


@op(out=False)
def diagflat(input: Array, offset: int = 0) -> Array:
    """A matrix with all elements on its diagonal."""
    return jnp.diag(input.reshape(-1), offset)


@op(out=False)
def diag_embed(input: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:
    """Matrices, in two dims of the result, with the last dimension on their diagonals."""
    rank = input.ndim + 1
    places = wrap_dim(dim1, rank), wrap_dim(dim2, rank)
    require(
        places[0] != places[1], f"diagonal dimensions cannot be identical {dim1}, {dim2}"
    )
    size = input.shape[-1] + abs(offset)
    rows = jnp.arange(input.shape[-1]) + max(-offset, 0)
    columns = jnp.arange(input.shape[-1]) + max(offset, 0)
    made = jnp.zeros((*input.shape[:-1], size, size), input.dtype)
    made = made.at[..., rows, columns].set(input)
    return jnp.moveaxis(made, (-2, -1), places)


@op(homes=("nn.functional",), name="pad", out=False)
def pad(input: Array, pad: Shape, mode: str = "constant", value: float | None = None) -> Array:
    """Adds elements around: pairs of counts from the last dimension on.

    mode   "constant" (of value), "reflect", "replicate" or "circular"
    """
    require(len(pad) % 2 == 0, "Padding length must be divisible by 2")
    require(
        len(pad) // 2 <= input.ndim,
        f"Padding length should be less than or equal to two times the input dimension but got "
        f"padding length {len(pad)} and input of dimension {input.ndim}",
    )
    pairs = [(pad[2 * d], pad[2 * d + 1]) for d in range(len(pad) // 2)][::-1]
    pairs = [(0, 0)] * (input.ndim - len(pairs)) + pairs
    if mode == "constant":
        config = [(low, high, 0) for low, high in pairs]
        for size, (low, high) in zip(input.shape, pairs, strict=True):
            require(
                size + low + high >= 0,
                f"The input size {size}, plus negative padding {low} and {high} resulted in a "
                "negative output size, which is invalid.",
            )
        return jax.lax.pad(input, jnp.asarray(value or 0, input.dtype), config)
    require(
        mode in ("reflect", "replicate", "circular"),
        f"Unrecognised padding mode {mode}",
        NotImplementedError,
    )
    return _padded_from_inside(input, pairs, mode)


def _padded_from_inside(input: jax.Array, pairs: Any, mode: str) -> jax.Array:
    for axis, (low, high) in enumerate(pairs):
        if not low and not high:
            continue
        n = input.shape[axis]
        if mode == "reflect":
            require(
                low < n and high < n,
                "Argument #4: Padding size should be less than the corresponding input dimension, "
                f"but got: padding ({low}, {high}) at dimension {axis} of input "
                f"{list(input.shape)}",
            )
        if mode == "circular":
            require(
                low <= n and high <= n,
                "Padding value causes wrapping around more than once.",
            )
        places = np.arange(-low, n + high)
        if mode == "replicate":
            places = np.clip(places, 0, n - 1)
        elif mode == "circular":
            first, left = max(-low, 0), n - max(-low, 0) - max(-high, 0)  # cropped, then wrapped
            places = first + np.arange(-max(low, 0), left + max(high, 0)) % left
        else:
            period = max(2 * (n - 1), 1)
            places = np.abs((places + n - 1) % period - (n - 1)) if n > 1 else places * 0
        input = jnp.take(input, places, axis)
    return input


@op(homes=("hidden",), name="_meshgrid", out=False, extras={"tuple": True})
def meshgrid(tensors: PromotedArrays, indexing: str) -> tuple[Array, ...]:
    """Coordinates of a grid, a tensor for each axis."""
    return tuple(jnp.meshgrid(*[jnp.atleast_1d(one) for one in tensors], indexing=indexing))


@op(out=False)
def select_scatter(input: Array, src: Array, dim: Dim, index: int) -> Array:
    """A copy with one slice along a dim replaced."""
    axis = wrap_dim(dim, input.ndim)
    where = (slice(None),) * axis
    return input.at[(*where, index)].set(src.astype(input.dtype))


@op
def slice_scatter(input: Array, src: Array, dim: Dim = 0, start: int | None = None,
                  end: int | None = None, step: int = 1) -> Array:  # fmt: skip
    """A copy with a slice along a dim replaced."""
    axis = wrap_dim(dim, input.ndim)
    where = (slice(None),) * axis
    return input.at[(*where, slice(start, end, step))].set(src.astype(input.dtype))


@op(out=False)
def diagonal_scatter(input: Array, src: Array, offset: int = 0, dim1: int = 0,
                     dim2: int = 1) -> Array:  # fmt: skip
    """A copy with a diagonal replaced."""
    rank = input.ndim
    a, b = wrap_dim(dim1, rank), wrap_dim(dim2, rank)
    moved = jnp.moveaxis(input, (a, b), (-2, -1))
    count = src.shape[-1]
    rows = jnp.arange(count) + max(-offset, 0)
    columns = jnp.arange(count) + max(offset, 0)
    made = moved.at[..., rows, columns].set(src.astype(input.dtype))
    return jnp.moveaxis(made, (-2, -1), (a, b))


@op(homes=("hidden",), name="_filled_like", out=False, strides="pointwise")
def filled_like(input: Array, value: Scalar) -> Array:
    """The number everywhere."""
    return jnp.broadcast_to(jnp.asarray(value).astype(input.dtype), input.shape)


