"""Transforms of image tensors (..., channels, height, width)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import compat as torch

F = torch.nn.functional


def dimensions(image: torch.Tensor) -> list[int]:
    """Channels, height, width."""
    return [1 if image.dim() == 2 else image.shape[-3], image.shape[-2], image.shape[-1]]


def max_value(dtype: torch.dtype) -> float:
    """White."""
    return 1.0 if dtype.is_floating_point else 1 if dtype is torch.bool else torch.iinfo(dtype).max


def _blend(one: torch.Tensor, other: Any, ratio: float) -> torch.Tensor:
    ratio = float(ratio)
    made = (ratio * one + (1.0 - ratio) * other).clamp(0, max_value(one.dtype))
    return made.to(one.dtype)


def _as_float(image: torch.Tensor) -> torch.Tensor:
    return image if image.is_floating_point() else image.to(torch.float32)


def _restored(made: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    if made.dtype is dtype:
        return made
    return (made if dtype.is_floating_point else made.round()).to(dtype)


def _batched(image: torch.Tensor) -> torch.Tensor:
    return image.reshape(-1, *image.shape[-3:]) if image.dim() != 4 else image


def resize(
    image: torch.Tensor, size: Sequence[int], interpolation: str, antialias: Any
) -> torch.Tensor:
    """Another (height, width)."""
    smooth = interpolation in ("bilinear", "bicubic")
    given = _as_float(_batched(image)) if smooth else _batched(image)
    options: dict[str, Any] = {"antialias": True} if smooth and antialias else {}
    if smooth:
        options["align_corners"] = False
    if not smooth and not given.is_floating_point():
        given = given.to(torch.float32)
    made = F.interpolate(given, size=list(size), mode=interpolation, **options)
    if interpolation == "bicubic" and image.dtype is torch.uint8:
        made = made.clamp(0, 255)
    return _restored(made, image.dtype).reshape(*image.shape[:-2], *size)


def crop(image: torch.Tensor, top: int, left: int, height: int, width: int) -> torch.Tensor:
    """A part; what lies outside is 0."""
    rows, columns = image.shape[-2:]
    right, bottom = left + width, top + height
    inner = image[..., max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    sides = [
        max(min(right, 0) - left, 0), max(right - max(columns, left), 0),
        max(min(bottom, 0) - top, 0), max(bottom - max(rows, top), 0),
    ]  # fmt: skip
    return F.pad(inner, sides) if any(sides) else inner


def pad(image: torch.Tensor, sides: Sequence[int], fill: Any, mode: str) -> torch.Tensor:
    """Pixels around; sides are left, top, right, bottom."""
    left, top, right, bottom = sides
    if mode == "symmetric":
        height, width = image.shape[-2:]
        rows = np.pad(np.arange(height), (top, bottom), mode="symmetric")
        columns = np.pad(np.arange(width), (left, right), mode="symmetric")
        return image[..., torch.tensor(rows)[:, None], torch.tensor(columns)]
    amounts = [left, right, top, bottom]
    if mode == "constant":
        if isinstance(fill, list | tuple):
            if len(fill) != 1:
                raise ValueError("Tensor images are padded with one value")
            fill = fill[0]
        return F.pad(image, amounts, value=float(fill or 0))
    names = {"edge": "replicate", "reflect": "reflect"}
    made = F.pad(_as_float(_batched(image)), amounts, mode=names[mode])
    return _restored(made, image.dtype).reshape(*image.shape[:-2], *made.shape[-2:])


def hflip(image: torch.Tensor) -> torch.Tensor:
    """Left and right exchanged."""
    return image.flip(-1)


def vflip(image: torch.Tensor) -> torch.Tensor:
    """Top and bottom exchanged."""
    return image.flip(-2)


def rgb_to_grayscale(image: torch.Tensor, channels: int = 1) -> torch.Tensor:
    """Luminance in 1 or 3 channels."""
    if image.shape[-3] == 3:
        red, green, blue = image.unbind(-3)
        grey = (0.2989 * red + 0.587 * green + 0.114 * blue).to(image.dtype).unsqueeze(-3)
    else:
        grey = image.clone()
    return grey.expand(*image.shape[:-3], channels, *image.shape[-2:]) if channels == 3 else grey


def adjust_brightness(image: torch.Tensor, factor: float) -> torch.Tensor:
    """Between black (0) and the image (1), and beyond."""
    return _blend(image, torch.zeros_like(image), factor)


def adjust_contrast(image: torch.Tensor, factor: float) -> torch.Tensor:
    """Between its mean grey (0) and the image (1), and beyond."""
    grey = rgb_to_grayscale(image) if image.shape[-3] == 3 else image
    mean = _as_float(grey).mean((-3, -2, -1), keepdim=True)
    return _blend(image, mean, factor)


def adjust_saturation(image: torch.Tensor, factor: float) -> torch.Tensor:
    """Between its grey form (0) and the image (1), and beyond."""
    return image if image.shape[-3] == 1 else _blend(image, rgb_to_grayscale(image), factor)


def adjust_sharpness(image: torch.Tensor, factor: float) -> torch.Tensor:
    """Between its smooth form (0) and the image (1), and beyond."""
    if min(image.shape[-2:]) <= 2:
        return image
    kernel = torch.ones(3, 3)
    kernel[1, 1] = 5.0
    smooth = image.clone()
    smooth[..., 1:-1, 1:-1] = _restored(_filtered(image, kernel / 13.0), image.dtype)
    return _blend(image, smooth, factor)


def _filtered(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    given = _as_float(_batched(image))
    count = given.shape[1]
    weight = kernel.to(given.dtype).expand(count, 1, *kernel.shape)
    made = F.conv2d(given, weight, groups=count)
    return made.reshape(*image.shape[:-2], *made.shape[-2:])


def adjust_hue(image: torch.Tensor, factor: float) -> torch.Tensor:
    """Turns the colours by a part of the circle."""
    if image.shape[-3] == 1:
        return image
    given = convert(image, torch.float32)
    hue, saturation, value = _to_hsv(given)
    made = _to_rgb((hue + factor) % 1.0, saturation, value)
    return convert(made, image.dtype)


def _to_hsv(image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    red, green, blue = image.unbind(-3)
    high, low = image.amax(-3), image.amin(-3)
    chroma = high - low
    is_grey = chroma == 0
    safe = torch.where(is_grey, 1.0, chroma)
    saturation = chroma / torch.where(high == 0, 1.0, high)
    r, g, b = (high - red) / safe, (high - green) / safe, (high - blue) / safe
    hue = torch.where(high == red, b - g, torch.where(high == green, 2.0 + r - b, 4.0 + g - r))
    hue = torch.where(is_grey, 0.0, (hue / 6.0 + 1.0) % 1.0)
    return hue, torch.where(is_grey, 0.0, saturation), high


def _to_rgb(hue: torch.Tensor, saturation: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    channels = []
    for shift in (5.0, 3.0, 1.0):
        place = (shift + hue * 6.0) % 6.0
        part = torch.minimum(place, 4.0 - place).clamp(0.0, 1.0)
        channels.append(value - value * saturation * part)
    return torch.stack(channels, -3)


def adjust_gamma(image: torch.Tensor, gamma: float, gain: float) -> torch.Tensor:
    """gain * x ** gamma, of values from 0 to 1."""
    made = (gain * convert(image, torch.float32) ** gamma).clamp(0, 1)
    return convert(made, image.dtype)


def convert(image: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Another type, with white staying white."""
    if image.dtype is dtype:
        return image
    if image.is_floating_point():
        if dtype.is_floating_point:
            return image.to(dtype)
        return (image * (max_value(dtype) + 1.0 - 1e-3)).to(dtype)
    high = max_value(image.dtype)
    if dtype.is_floating_point:
        return image.to(dtype) / high
    other = max_value(dtype)
    if high > other:
        return (image // int((high + 1) // (other + 1))).to(dtype)
    return image.to(dtype) * int((other + 1) // (high + 1))


def affine(
    image: torch.Tensor, matrix: Sequence[float], interpolation: str, fill: Any,
    size: tuple[int, int] | None = None,
) -> torch.Tensor:  # fmt: skip
    """By the matrix from results' places to the image's, both from the centre; size is the
    result's (height, width)."""
    height, width = image.shape[-2:]
    return _sampled(image, _grid(matrix, height, width, size), interpolation, fill)


def _grid(
    matrix: Sequence[float], height: int, width: int, size: tuple[int, int] | None
) -> torch.Tensor:
    a, b, c, d, e, f = matrix
    tall, wide = size or (height, width)
    x = torch.arange(wide, dtype=torch.float32) - (wide - 1) * 0.5
    y = (torch.arange(tall, dtype=torch.float32) - (tall - 1) * 0.5)[:, None]
    column = (a * x + b * y + c) / (0.5 * width)
    row = (d * x + e * y + f) / (0.5 * height)
    return torch.stack([column, row], -1)


def perspective(
    image: torch.Tensor, numbers: Sequence[float], interpolation: str, fill: Any
) -> torch.Tensor:
    """By the eight numbers from results' places to the image's."""
    height, width = image.shape[-2:]
    a, b, c, d, e, f, g, h = numbers
    x = torch.arange(width, dtype=torch.float32) + 0.5
    y = (torch.arange(height, dtype=torch.float32) + 0.5)[:, None]
    below = g * x + h * y + 1.0
    column = (a * x + b * y + c) / (0.5 * width) / below - 1.0
    row = (d * x + e * y + f) / (0.5 * height) / below - 1.0
    return _sampled(image, torch.stack([column, row], -1), interpolation, fill)


def displaced(
    image: torch.Tensor, displacement: torch.Tensor, interpolation: str, fill: Any
) -> torch.Tensor:
    """Each pixel from where it is plus a displacement (height, width, 2)."""
    height, width = image.shape[-2:]
    grid = _grid((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), height, width, None)
    return _sampled(image, grid + displacement.to(grid.dtype), interpolation, fill)


def _sampled(
    image: torch.Tensor, grid: torch.Tensor, interpolation: str, fill: Any
) -> torch.Tensor:
    given = _as_float(_batched(image))
    count, channels = given.shape[:2]
    if fill is not None:
        given = torch.cat([given, given.new_ones(count, 1, *given.shape[-2:])], 1)
    places = grid.to(given.dtype).expand(count, *grid.shape)
    made = F.grid_sample(
        given, places, mode=interpolation, padding_mode="zeros", align_corners=False
    )
    if fill is not None:
        made, there = made[:, :channels], made[:, channels:]
        numbers = list(fill) if isinstance(fill, list | tuple) else [float(fill)]
        colour = torch.tensor(numbers, dtype=made.dtype).reshape(1, -1, 1, 1)
        if interpolation == "nearest":
            made = torch.where(there < 0.5, colour, made)
        else:
            made = made * there + (1.0 - there) * colour
    return _restored(made, image.dtype).reshape(*image.shape[:-2], *made.shape[-2:])


def gaussian_blur(
    image: torch.Tensor, size: Sequence[int], sigma: Sequence[float]
) -> torch.Tensor:
    """Smoothed by a Gaussian; size and sigma are (x, y)."""
    along_x, along_y = (_gauss(n, s) for n, s in zip(size, sigma, strict=True))
    kernel = along_y[:, None] * along_x
    x, y = size[0] // 2, size[1] // 2
    given = F.pad(_as_float(_batched(image)), [x, x, y, y], mode="reflect")
    made = _filtered(given, kernel)
    return _restored(made, image.dtype).reshape(image.shape)


def _gauss(size: int, sigma: float) -> torch.Tensor:
    at = torch.arange(size, dtype=torch.float32) - (size - 1) * 0.5
    weights = torch.exp(-0.5 * (at / sigma) ** 2)
    return weights / weights.sum()


def invert(image: torch.Tensor) -> torch.Tensor:
    """The negative."""
    return max_value(image.dtype) - image


def _need_bytes(image: torch.Tensor) -> None:
    if image.dtype is not torch.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {image.dtype}")


def posterize(image: torch.Tensor, bits: int) -> torch.Tensor:
    """Fewer bits a channel."""
    _need_bytes(image)
    return image & (256 - 2 ** (8 - bits))


def solarize(image: torch.Tensor, threshold: float) -> torch.Tensor:
    """The negative of what is above the threshold."""
    if threshold > max_value(image.dtype):
        raise TypeError("Threshold should be less than bound of img.")
    return torch.where(image >= threshold, invert(image), image)


def autocontrast(image: torch.Tensor) -> torch.Tensor:
    """Each channel stretched over all values."""
    white = max_value(image.dtype)
    given = _as_float(image)
    low, high = given.amin((-2, -1), keepdim=True), given.amax((-2, -1), keepdim=True)
    flat = high == low
    scale = torch.where(flat, 1.0, white / torch.where(flat, 1.0, high - low))
    low = torch.where(flat, 0.0, low)
    return ((given - low) * scale).clamp(0, white).to(image.dtype)


def equalize(image: torch.Tensor) -> torch.Tensor:
    """Each channel's values spread evenly (uint8)."""
    _need_bytes(image)
    flat = image.reshape(-1, *image.shape[-2:])
    made = [_equalized(one) for one in flat]
    return torch.stack(made).reshape(image.shape)


def _equalized(channel: torch.Tensor) -> torch.Tensor:
    counts = torch.bincount(channel.reshape(-1).to(torch.int64), minlength=256)
    full = counts[counts != 0]
    step = int(full[:-1].sum()) // 255
    if step == 0:
        return channel
    table = ((counts.cumsum(0) + step // 2) // step).clamp(0, 255)
    table = F.pad(table, [1, 0])[:-1]
    return table[channel.to(torch.int64)].to(torch.uint8)
