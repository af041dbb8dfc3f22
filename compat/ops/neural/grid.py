"""Sampling images at the places of a grid, and the grids of affine maps."""

from __future__ import annotations

import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.roles import Array, Flag

ZEROS, BORDER, REFLECTION = range(3)
LINEAR, NEAREST, CUBIC = range(3)


@op(homes=("torch",), out=False, extras={"node": "GridSampler2DBackward0"})
def grid_sampler_2d(input: Array, grid: Array, interpolation_mode: int, padding_mode: int,
                    align_corners: Flag) -> Array:  # fmt: skip
    """(N, C, H, W) sampled at grid (N, h, w, 2): (N, C, h, w).

    interpolation_mode  0 linear, 1 nearest, 2 cubic (Keys 1981, a = -0.75)
    padding_mode        outside are 0 zeros, 1 the border, 2 reflections
    """
    require(
        input.ndim == 4 and input.ndim == grid.ndim,
        "grid_sampler(): expected 4D input and grid with same number of dimensions, but got input "
        f"with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}",
    )
    return _sampled(input, grid, interpolation_mode, padding_mode, align_corners)


@op(homes=("torch",), out=False, extras={"node": "GridSampler3DBackward0"})
def grid_sampler_3d(input: Array, grid: Array, interpolation_mode: int, padding_mode: int,
                    align_corners: Flag) -> Array:  # fmt: skip
    """(N, C, D, H, W) sampled at grid (N, d, h, w, 3): (N, C, d, h, w). See `grid_sampler_2d`."""
    require(
        input.ndim == 5 and input.ndim == grid.ndim,
        "grid_sampler(): expected 5D input and grid with same number of dimensions, but got input "
        f"with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}",
    )
    require(
        interpolation_mode != CUBIC, "grid_sampler(): bicubic interpolation only supports 4D input"
    )
    return _sampled(input, grid, interpolation_mode, padding_mode, align_corners)


@op(homes=("torch",), out=False, extras={"node": "GridSampler2DBackward0"})
def grid_sampler(input: Array, grid: Array, interpolation_mode: int, padding_mode: int,
                 align_corners: Flag) -> Array:  # fmt: skip
    """`grid_sampler_2d` or `grid_sampler_3d`."""
    require(
        input.ndim in (4, 5) and input.ndim == grid.ndim,
        "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got "
        f"input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}",
    )
    sampler = grid_sampler_2d if input.ndim == 4 else grid_sampler_3d
    return sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def _sampled(input: jax.Array, grid: jax.Array, mode: int, padding: int, align: bool) -> jax.Array:
    _check(input, grid)
    size = input.shape[2:]
    # The grid's last dimension runs from the last spatial dimension to the first.
    where = [
        _unnormalized(grid[..., -1 - at], n, align) for at, n in enumerate(size)
    ]
    if mode == CUBIC:
        taps = [_cubic_taps(each) for each in where]
    else:
        where = [
            _inside(each, n, padding, align) for each, n in zip(where, size, strict=True)
        ]
        taps = [_nearest_taps(x) if mode == NEAREST else _linear_taps(x) for x in where]
    flat = input.reshape(*input.shape[:2], -1)
    total = jnp.zeros((), input.dtype)
    for corner in itertools.product(*taps):
        places = [place for place, _ in corner]
        if mode == CUBIC:
            places = [
                _inside(each, n, padding, align) for each, n in zip(places, size, strict=True)
            ]
        weight: Any = math.prod([weight for _, weight in corner], start=jnp.ones((), grid.dtype))
        total = total + _read(flat, places, size) * weight[:, None].astype(input.dtype)
    return total


def _check(input: jax.Array, grid: jax.Array) -> None:
    require(
        input.dtype == grid.dtype,
        "grid_sampler(): expected input and grid to have same dtype, but got input with "
        f"{_name(input)} and grid with {_name(grid)}",
    )
    require(
        input.shape[0] == grid.shape[0],
        "grid_sampler(): expected grid and input to have same batch size, but got input with sizes "
        f"{list(input.shape)} and grid with sizes {list(grid.shape)}",
    )
    require(
        grid.shape[-1] == input.ndim - 2,
        f"grid_sampler(): expected grid to have size {input.ndim - 2} in last dimension, but got "
        f"grid with sizes {list(grid.shape)}",
    )
    for dim, n in enumerate(input.shape[2:], 2):
        require(
            n > 0,
            "grid_sampler(): expected input to have non-empty spatial dimensions, but input has "
            f"sizes {list(input.shape)} with dimension {dim} being empty",
        )


def _name(array: jax.Array) -> str:
    names = {"float32": "float", "float64": "double", "bfloat16": "c10::BFloat16"}
    return names.get(array.dtype.name, array.dtype.name)


def _unnormalized(x: jax.Array, n: int, align: bool) -> jax.Array:
    """From -1 .. 1 to places in the input."""
    return (x + 1) / 2 * (n - 1) if align else ((x + 1) * n - 1) / 2


def _inside(x: jax.Array, n: int, padding: int, align: bool) -> jax.Array:
    """Places outside moved inside, as the padding says."""
    if padding == ZEROS:
        return x
    if padding == REFLECTION:
        x = _reflected(x, 0, n - 1) if align else _reflected(x, -0.5, n - 0.5)
    return jnp.where(x > 0, jnp.where(x < n - 1, x, n - 1), 0).astype(x.dtype)


def _reflected(x: jax.Array, low: float, high: float) -> jax.Array:
    span = high - low
    if span == 0:
        return jnp.zeros_like(x)
    off = jnp.where(x < low, low - x, x - low)
    flips = lax.stop_gradient(jnp.floor(off / span))
    beyond = off - flips * span
    return jnp.where(flips % 2 == 0, beyond + low, high - beyond)


def _nearest_taps(x: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
    return [(jnp.round(lax.stop_gradient(x)), jnp.ones_like(x))]


def _linear_taps(x: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
    low = lax.stop_gradient(jnp.floor(x))
    return [(low, low + 1 - x), (low + 1, x - low)]


def _cubic_taps(x: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
    low = lax.stop_gradient(jnp.floor(x))
    part, a = x - low, -0.75

    def near(d: jax.Array) -> jax.Array:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: jax.Array) -> jax.Array:
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    weights = [far(part + 1), near(part), near(1 - part), far(2 - part)]
    return [(low + offset, weight) for offset, weight in zip(range(-1, 3), weights, strict=True)]


def _read(flat: jax.Array, places: list[jax.Array], size: tuple[int, ...]) -> jax.Array:
    """(N, C, S) at whole places (N, *): (N, C, *), zeros for those outside."""
    index: Any = 0
    known: Any = True
    for place, n in zip(places, size, strict=True):
        known &= (place >= 0) & (place <= n - 1)
        at = jnp.where((place >= 0) & (place <= n - 1), place, 0)
        index = index * n + lax.stop_gradient(at).astype("int32")
    batch, channels = flat.shape[:2]
    shape = index.shape[1:]
    read = jnp.take_along_axis(flat, index.reshape(batch, 1, -1), 2, mode="clip")
    read = read.reshape(batch, channels, *shape)
    return jnp.where(known[:, None], read, jnp.zeros((), flat.dtype))


@op(homes=("torch",), out=False, extras={"node": "AffineGridGeneratorBackward0"})
def affine_grid_generator(theta: Array, size: Any, align_corners: Flag) -> Array:
    """Where the maps theta (N, d, d + 1) take the places of images of size (N, C, *d sizes)."""
    spatial = tuple(size)[2:]
    axes = []
    for n in reversed(spatial):
        line = jnp.linspace(-1, 1, n, dtype=theta.dtype) if n > 1 else jnp.zeros(n, theta.dtype)
        axes.append(line if align_corners else line * (n - 1) / max(n, 1))
    grids = jnp.meshgrid(*reversed(axes), indexing="ij")[::-1]
    base = jnp.stack([*grids, jnp.ones(spatial, theta.dtype)], -1).reshape(1, -1, len(spatial) + 1)
    made = jnp.broadcast_to(base, (theta.shape[0], *base.shape[1:])) @ jnp.swapaxes(theta, 1, 2)
    return made.reshape(theta.shape[0], *spatial, len(spatial))
