"""Transforms of PIL's images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compat.vision.transforms.names import Image, ImageEnhance, ImageOps

CODES = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}


def is_picture(image: Any) -> bool:
    """Whether this is an image of PIL's."""
    return Image is not None and isinstance(image, Image.Image)


def dimensions(image: Any) -> list[int]:
    """Channels, height, width."""
    return [len(image.getbands()), image.height, image.width]


def fill_of(image: Any, fill: Any) -> Any:
    """A fill as PIL takes it: one number a channel where the image has several."""
    count = len(image.getbands())
    if fill is None:
        fill = 0
    if isinstance(fill, int | float) and count > 1:
        return tuple([int(fill)] * count)
    if isinstance(fill, list | tuple):
        if len(fill) == 1 and count > 1:
            fill = tuple(fill) * count
        if count > 1 and len(fill) != count:
            raise ValueError(
                "The number of elements in 'fill' does not match the number of channels of the "
                f"image ({len(fill)} != {count})"
            )
        fill = tuple(int(one) for one in fill)
        return fill[0] if count == 1 else fill
    return int(fill) if image.mode != "F" else fill


def resize(image: Any, size: Sequence[int], interpolation: str, antialias: Any) -> Any:
    """Another (height, width)."""
    return image.resize(tuple(size[::-1]), CODES[interpolation])


def crop(image: Any, top: int, left: int, height: int, width: int) -> Any:
    """A part; what lies outside is black."""
    return image.crop((left, top, left + width, top + height))


def pad(image: Any, sides: Sequence[int], fill: Any, mode: str) -> Any:
    """Pixels around; sides are left, top, right, bottom."""
    left, top, right, bottom = sides
    if mode == "constant":
        made = ImageOps.expand(image, border=tuple(sides), fill=fill_of(image, fill))
        if image.mode == "P":
            made.putpalette(image.getpalette())
        return made
    if min(sides) < 0:
        height, width = image.height, image.width
        image = image.crop((max(-left, 0), max(-top, 0), width - max(-right, 0),
                            height - max(-bottom, 0)))  # fmt: skip
        left, top, right, bottom = (max(one, 0) for one in sides)
    array = np.asarray(image)
    amounts = ((top, bottom), (left, right), (0, 0))[: array.ndim]
    made = Image.fromarray(np.pad(array, amounts, mode=mode))  # type: ignore[call-overload]
    if image.mode == "P":
        made.putpalette(image.getpalette())
    return made


def hflip(image: Any) -> Any:
    """Left and right exchanged."""
    return image.transpose(0)


def vflip(image: Any) -> Any:
    """Top and bottom exchanged."""
    return image.transpose(1)


def adjust_brightness(image: Any, factor: float) -> Any:
    """Between black (0) and the image (1), and beyond."""
    return ImageEnhance.Brightness(image).enhance(factor)


def adjust_contrast(image: Any, factor: float) -> Any:
    """Between its mean grey (0) and the image (1), and beyond."""
    return ImageEnhance.Contrast(image).enhance(factor)


def adjust_saturation(image: Any, factor: float) -> Any:
    """Between its grey form (0) and the image (1), and beyond."""
    return ImageEnhance.Color(image).enhance(factor)


def adjust_sharpness(image: Any, factor: float) -> Any:
    """Between its smooth form (0) and the image (1), and beyond."""
    return ImageEnhance.Sharpness(image).enhance(factor)


def adjust_hue(image: Any, factor: float) -> Any:
    """Turns the colours by a part of the circle."""
    mode = image.mode
    if mode in ("L", "1", "I", "F"):
        return image
    hue, saturation, value = image.convert("HSV").split()
    turned = np.asarray(hue).astype(np.int32) + int(factor * 255)
    hue = Image.fromarray(turned.astype(np.uint8), "L")
    return Image.merge("HSV", (hue, saturation, value)).convert(mode)


def adjust_gamma(image: Any, gamma: float, gain: float) -> Any:
    """255 * gain * (x / 255) ** gamma."""
    mode = image.mode
    table = [int((255 + 1 - 1e-3) * gain * pow(at / 255.0, gamma)) for at in range(256)] * 3
    image = image.convert("RGB")
    return image.point(table).convert(mode)


def to_grayscale(image: Any, channels: int) -> Any:
    """Luminance in 1 or 3 channels."""
    grey = image.convert("L")
    if channels == 1:
        return grey
    return Image.merge("RGB", (grey, grey, grey))


def rotate(
    image: Any, angle: float, interpolation: str, expand: bool, center: Any, fill: Any
) -> Any:
    """Counter-clockwise by degrees."""
    return image.rotate(
        angle, CODES[interpolation], bool(expand), center, fillcolor=fill_of(image, fill)
    )


def affine(image: Any, matrix: Sequence[float], interpolation: str, fill: Any) -> Any:
    """By the matrix from results' places to the image's."""
    return image.transform(
        image.size, 0, matrix, CODES[interpolation], fillcolor=fill_of(image, fill)
    )


def perspective(image: Any, matrix: Sequence[float], interpolation: str, fill: Any) -> Any:
    """By the eight numbers from results' places to the image's."""
    return image.transform(
        image.size, 2, matrix, CODES[interpolation], fillcolor=fill_of(image, fill)
    )


def invert(image: Any) -> Any:
    """The negative."""
    return ImageOps.invert(image)


def posterize(image: Any, bits: int) -> Any:
    """Fewer bits a channel."""
    return ImageOps.posterize(image, bits)


def solarize(image: Any, threshold: float) -> Any:
    """The negative of what is above the threshold."""
    return ImageOps.solarize(image, threshold)


def autocontrast(image: Any) -> Any:
    """Each channel stretched over all values."""
    return ImageOps.autocontrast(image)


def equalize(image: Any) -> Any:
    """Each channel's values spread evenly."""
    return ImageOps.equalize(image)
