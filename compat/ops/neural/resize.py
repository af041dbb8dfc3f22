"""Changing the resolution of images: interpolation and pixel shuffling."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compat.core.dtype import type_name
from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.roles import Array


def _places(n: int, count: int, align: bool, scale: float | None, cubic: bool = False) -> Any:
    """Where the centres of the new samples are among the old ones."""
    at = np.arange(count, dtype=np.float64)
    if align:
        return at * ((n - 1) / (count - 1)) if count > 1 else at * 0
    step = 1 / scale if scale else n / count
    where = (at + 0.5) * step - 0.5
    return where if cubic else np.maximum(where, 0)


def _linear(n: int, count: int, align: bool, scale: float | None) -> np.ndarray[Any, Any]:
    """The (n, count) matrix of linear interpolation along one dimension."""
    where = _places(n, count, align, scale)
    low = np.minimum(np.floor(where).astype(int), n - 1)
    high = np.minimum(low + 1, n - 1)
    part = where - low
    made = np.zeros((n, count))
    np.add.at(made, (low, np.arange(count)), 1 - part)
    np.add.at(made, (high, np.arange(count)), part)
    return made


def _cubic(n: int, count: int, align: bool, scale: float | None) -> np.ndarray[Any, Any]:
    """The matrix of cubic convolution with a = -0.75 (Keys, 1981)."""
    where = _places(n, count, align, scale, True)
    low = np.floor(where).astype(int)
    part = where - low
    a = -0.75
    made = np.zeros((n, count))
    for offset in range(-1, 3):
        d = np.abs(part - offset)
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        weight = np.where(d <= 1, near, np.where(d < 2, far, 0))
        np.add.at(made, (np.clip(low + offset, 0, n - 1), np.arange(count)), weight)
    return made


def _area(n: int, count: int) -> np.ndarray[Any, Any]:
    made = np.zeros((n, count))
    for at in range(count):
        begin, end = at * n // count, -(-(at + 1) * n // count)
        made[begin:end, at] = 1 / (end - begin)
    return made


def _nearest(n: int, count: int, scale: float | None, exact: bool) -> np.ndarray[Any, Any]:
    step = np.float32(1 / scale if scale else n / count)
    at = np.arange(count, dtype=np.float32)
    where = np.floor((at + np.float32(0.5)) * step if exact else at * step)
    return np.minimum(where.astype(int), n - 1)


@op(homes=("hidden",), name="_interpolate", out=False)
def interpolate(input: Array, size: Any, mode: str, align_corners: bool,
                scales: Any = None) -> Array:  # fmt: skip
    """Resamples the dimensions behind batch and channels to size."""
    if input.dtype == "uint8" and mode in ("linear", "bicubic") and len(size) == 2:
        return _in_whole_steps(input, size, mode, align_corners, scales)
    require(
        input.dtype.kind not in "iub" or "nearest" in mode,
        f"\"compute_indices_weights_linear\" not implemented for '{type_name(input.dtype)}'",
        NotImplementedError,
    )
    half = input.dtype.itemsize < 4 and jnp.issubdtype(input.dtype, jnp.floating)
    made = input.astype("float32") if half else input
    for d, count in enumerate(size):
        axis = d + 2
        n = made.shape[axis]
        require(n > 0 and count > 0, "Input and output sizes should be greater than 0")
        scale = scales[d] if scales is not None else None
        if mode in ("nearest", "nearest-exact"):
            places = _nearest(n, count, scale, mode == "nearest-exact")
            made = jnp.take(made, jnp.asarray(places), axis)
            continue
        if mode == "area":
            matrix = _area(n, count)
        elif mode == "bicubic":
            matrix = _cubic(n, count, align_corners, scale)
        else:
            matrix = _linear(n, count, align_corners, scale)
        made = jnp.moveaxis(
            jnp.moveaxis(made, axis, -1) @ jnp.asarray(matrix, made.dtype), -1, axis
        )
    return made.astype(input.dtype)


def _in_whole_steps(input: jax.Array, size: Any, mode: str, align: bool, scales: Any) -> jax.Array:
    """Images of bytes, as PyTorch resamples them: the last dimension first, each by weights of 16
    bits, and rounded in between."""
    weigh = _cubic if mode == "bicubic" else _linear
    made = input.astype("int32")
    for d in reversed(range(len(size))):
        axis = d + 2
        scale = scales[d] if scales is not None else None
        matrix = weigh(made.shape[axis], size[d], align, scale)
        bits, most = 0, float(matrix.max(initial=0))
        while bits < 22 and int(0.5 + most * 2 ** (bits + 1)) < 2**15:
            bits += 1
        whole = np.trunc(matrix * 2**bits + np.copysign(0.5, matrix)).astype(np.int32)
        total = jnp.moveaxis(made, axis, -1) @ jnp.asarray(whole) + (1 << max(bits - 1, 0))
        made = jnp.moveaxis(jnp.clip(total >> bits, 0, 255), -1, axis)
    return made.astype("uint8")


@op(homes=("torch", "nn.functional"), out=False)
def pixel_shuffle(input: Array, upscale_factor: int) -> Array:
    """(..., C * r * r, H, W) as (..., C, H * r, W * r)."""
    r = upscale_factor
    require(r > 0, f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    require(
        input.ndim >= 3,
        f"pixel_shuffle expects input to have at least 3 dimensions, but got input with "
        f"{input.ndim} dimension(s)",
    )
    *lead, channels, height, width = input.shape
    require(
        channels % (r * r) == 0,
        "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
        f"upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}",
    )
    made = input.reshape(math.prod(lead), channels // (r * r), r, r, height, width)
    made = made.transpose(0, 1, 4, 2, 5, 3)
    return made.reshape(*lead, channels // (r * r), height * r, width * r)


@op(homes=("torch", "nn.functional"), out=False)
def pixel_unshuffle(input: Array, downscale_factor: int) -> Array:
    """The inverse of `pixel_shuffle`."""
    r = downscale_factor
    require(
        input.ndim >= 3,
        "pixel_unshuffle expects input to have at least 3 dimensions, but got input with "
        f"{input.ndim} dimension(s)",
    )
    require(r > 0, f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    for name, at in (("height", -2), ("width", -1)):
        require(
            input.shape[at] % r == 0,
            f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
            f"input.size({at})={input.shape[at]} is not divisible by {r}",
        )
    *lead, channels, height, width = input.shape
    made = input.reshape(math.prod(lead), channels, height // r, r, width // r, r)
    made = made.transpose(0, 1, 3, 5, 2, 4)
    return made.reshape(*lead, channels * r * r, height // r, width // r)


@op(homes=("torch", "nn.functional"), out=False)
def channel_shuffle(input: Array, groups: int) -> Array:
    """Deals the channels of the groups out in turn."""
    require(
        input.ndim > 2,
        f"channel_shuffle expects input with > 2 dims, but got input with sizes "
        f"{list(input.shape)}",
    )
    n, channels, *rest = input.shape
    require(
        groups > 0,
        "Number of groups to divide channels in must be positive. Value of groups:"
        f"{groups}",
    )
    require(
        channels % groups == 0,
        f"Number of channels must be divisible by groups. Got {channels} channels and {groups} "
        "groups.",
    )
    made = input.reshape(n, groups, channels // groups, *rest)
    return jnp.swapaxes(made, 1, 2).reshape(input.shape)


