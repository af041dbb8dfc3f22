"""Pillow, when it is there, and the names of ways to interpolate."""

from __future__ import annotations

import enum
from typing import Any

Image: Any
ImageColor: Any
ImageDraw: Any
ImageEnhance: Any
ImageFont: Any
ImageOps: Any
try:
    from PIL import Image, ImageColor, ImageDraw, ImageEnhance, ImageFont, ImageOps
except ImportError:  # told when an image is first needed
    Image = ImageColor = ImageDraw = ImageEnhance = ImageFont = ImageOps = None


def need() -> None:
    """ImportError, with the way to get it, without Pillow."""
    if Image is None:
        raise ImportError("torchvision's images need Pillow: pip install 'compat[vision]'")


class InterpolationMode(enum.Enum):
    """How pixels between pixels are made."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


_BY_CODE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}


def mode_name(interpolation: Any) -> str:
    """The name of a mode given as such, as its text, or as PIL's number."""
    if isinstance(interpolation, InterpolationMode):
        return interpolation.value
    if isinstance(interpolation, str):
        return InterpolationMode(interpolation).value
    if isinstance(interpolation, int):
        return _BY_CODE[interpolation]
    raise TypeError("Argument interpolation should be a InterpolationMode or a corresponding "
                    "Pillow integer constant")  # fmt: skip
