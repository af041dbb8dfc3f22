"""Resampling images: to a size, or at the places of a grid."""

from __future__ import annotations

import functools
import math
import warnings
from typing import Any

import numpy as np

import compat as torch
from compat.front.create import hidden

GRID_SAMPLE_INTERPOLATION_MODES = {"bilinear": 0, "nearest": 1, "bicubic": 2}
GRID_SAMPLE_PADDING_MODES = {"zeros": 0, "border": 1, "reflection": 2}
_CHANGED = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. "
    "Please specify align_corners=True if the old behavior is desired. See the documentation of "
    "grid_sample for details."
)


def interpolate(input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
                align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
                antialias: bool = False) -> Any:  # fmt: skip
    """Resamples the dimensions behind batch and channels, to size or by scale_factor."""
    rank = input.dim() - 2
    if (size is None) == (scale_factor is None):
        raise ValueError(
            "either size or scale_factor should be defined"
            if size is None
            else "only one of size or scale_factor should be defined"
        )
    if align_corners is not None and mode in ("nearest", "area", "nearest-exact"):
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear "
            "| bicubic | trilinear"
        )
    if antialias and (mode not in ("bilinear", "bicubic") or rank != 2):
        raise ValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D "
            "tensor as input"
        )
    modes = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
    if mode in modes and modes[mode] != rank:
        raise NotImplementedError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported (got "
            f"{input.dim()}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | "
            f"area | nearest-exact (got {mode})"
        )
    scales = None
    if size is None:
        factors = (scale_factor,) * rank if isinstance(scale_factor, int | float) else scale_factor
        size = [math.floor(n * f) for n, f in zip(input.shape[2:], factors, strict=True)]
        if not recompute_scale_factor:
            scales = tuple(float(f) for f in factors)
    sizes = (size,) * rank if isinstance(size, int) else tuple(int(n) for n in size)
    if antialias:
        return _smoothly(input, sizes, mode, bool(align_corners), scales)
    kind = "linear" if mode in ("linear", "bilinear", "trilinear") else mode
    return hidden("_interpolate")(input, sizes, kind, bool(align_corners), scales)


def _smoothly(
    input: Any, sizes: tuple[int, ...], mode: str, align_corners: bool, scales: Any
) -> Any:
    """Resampling that averages over all pixels that a smaller one covers, as products of
    matrices, one for each dimension."""
    made = input if input.is_floating_point() else input.to(torch.float32)
    rows, columns = (
        torch.tensor(
            _coverage(input.shape[2 + at], sizes[at], mode, align_corners,
                      scales[at] if scales else None)
        ).to(made.dtype).to(made.device)
        for at in (0, 1)
    )  # fmt: skip
    made = rows @ (made @ columns.t())
    if input.is_floating_point():
        return made
    return made.round().clamp(0, 255).to(input.dtype)


@functools.lru_cache(maxsize=256)
def _coverage(
    before: int, after: int, mode: str, align_corners: bool, factor: float | None
) -> np.ndarray[Any, Any]:
    """The weights (after, before) of pixels: a triangle or Keys's cubic (a = -0.5) as wide as
    the step, normed."""
    if align_corners:
        step = (before - 1) / (after - 1) if after > 1 else 0.0
    else:
        step = 1.0 / factor if factor else before / after
    wide = max(step, 1.0)
    reach = (1.0 if mode == "bilinear" else 2.0) * wide
    middle = step * (np.arange(after)[:, None] + 0.5)
    at = np.arange(before)[None, :]
    low = np.maximum((middle - reach + 0.5).astype(np.int64), 0)
    high = np.minimum((middle + reach + 0.5).astype(np.int64), before)
    x = np.abs((at - middle + 0.5) / wide)
    if mode == "bilinear":
        weights = np.clip(1.0 - x, 0.0, None)
    else:
        near = (1.5 * x - 2.5) * x * x + 1.0
        far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
        weights = np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))
    weights = np.where((at >= low) & (at < high), weights, 0.0)
    return weights / weights.sum(1, keepdims=True)


def upsample(input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
             align_corners: bool | None = None) -> Any:  # fmt: skip
    """As `interpolate`, which took its place."""
    warnings.warn(
        "`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.",
        UserWarning,
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, mode, align_corners)


def grid_sample(input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros",
                align_corners: bool | None = None) -> Any:  # fmt: skip
    """The input (N, C, *sizes) at the places grid (N, *out, d), which run from -1 to 1."""
    if mode not in GRID_SAMPLE_INTERPOLATION_MODES:
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in GRID_SAMPLE_PADDING_MODES:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    if align_corners is None:
        warnings.warn(_CHANGED, stacklevel=2)
    return torch.grid_sampler(
        input, grid, GRID_SAMPLE_INTERPOLATION_MODES[mode],
        GRID_SAMPLE_PADDING_MODES[padding_mode], bool(align_corners),
    )  # fmt: skip


def affine_grid(theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    """Where the maps theta (N, d, d + 1) take the places of images of this size (N, C, *sizes)."""
    if align_corners is None:
        warnings.warn(_CHANGED, stacklevel=2)
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    size = torch.Size(size)
    rank = len(size) - 2
    if rank not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {tuple(size)}."
        )
    if theta.dim() != 3 or theta.shape[-2:] != (rank, rank + 1):
        raise ValueError(
            f"Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1} for size "
            f"{tuple(size)}. Got {theta.shape}."
        )
    if align_corners and min(size[2:]) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when "
            "align_corners=True. This is not an intended use case of affine_grid. See the "
            "documentation of affine_grid for details.",
            stacklevel=2,
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {tuple(size)}")
    return torch.affine_grid_generator(theta, tuple(size), bool(align_corners))


def _replaced(name: str) -> None:
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=3,
    )


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate`, which took its place, to the nearest element."""
    _replaced("upsample_nearest")
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate`, which took its place, bilinear with aligned corners."""
    _replaced("upsample_bilinear")
    return interpolate(input, size, scale_factor, "bilinear", True)


def upsample_trilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate`, which took its place, trilinear with aligned corners."""
    _replaced("upsample_trilinear")
    return interpolate(input, size, scale_factor, "trilinear", True)
