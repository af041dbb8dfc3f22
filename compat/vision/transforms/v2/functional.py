"""torchvision.transforms.v2.functional: one function a transform, of pictures, tensors, films,
masks, boxes and points.

What keeps places as they are gives masks, boxes and points back as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import compat as torch
from compat.vision.transforms import arrays, pictures
from compat.vision.transforms import functional as F
from compat.vision.transforms.functional import pil_to_tensor as pil_to_tensor
from compat.vision.transforms.functional import to_pil_image as to_pil_image
from compat.vision.transforms.functional import to_tensor as to_tensor
from compat.vision.transforms.names import InterpolationMode
from compat.vision.transforms.v2 import boxes as places
from compat.vision.transforms.v2.pixels import _colour as _colour
from compat.vision.transforms.v2.pixels import _image as _image
from compat.vision.transforms.v2.pixels import _kept as _kept
from compat.vision.transforms.v2.pixels import _plain as _plain
from compat.vision.transforms.v2.pixels import adjust_brightness as adjust_brightness
from compat.vision.transforms.v2.pixels import adjust_contrast as adjust_contrast
from compat.vision.transforms.v2.pixels import adjust_gamma as adjust_gamma
from compat.vision.transforms.v2.pixels import adjust_hue as adjust_hue
from compat.vision.transforms.v2.pixels import adjust_saturation as adjust_saturation
from compat.vision.transforms.v2.pixels import adjust_sharpness as adjust_sharpness
from compat.vision.transforms.v2.pixels import autocontrast as autocontrast
from compat.vision.transforms.v2.pixels import equalize as equalize
from compat.vision.transforms.v2.pixels import erase as erase
from compat.vision.transforms.v2.pixels import gaussian_blur as gaussian_blur
from compat.vision.transforms.v2.pixels import gaussian_noise as gaussian_noise
from compat.vision.transforms.v2.pixels import grayscale_to_rgb as grayscale_to_rgb
from compat.vision.transforms.v2.pixels import invert as invert
from compat.vision.transforms.v2.pixels import is_pure_tensor as is_pure_tensor
from compat.vision.transforms.v2.pixels import jpeg as jpeg
from compat.vision.transforms.v2.pixels import permute_channels as permute_channels
from compat.vision.transforms.v2.pixels import posterize as posterize
from compat.vision.transforms.v2.pixels import rgb_to_grayscale as rgb_to_grayscale
from compat.vision.transforms.v2.pixels import solarize as solarize
from compat.vision.transforms.v2.pixels import to_grayscale as to_grayscale
from compat.vision.transforms.v2.pixels import (
    uniform_temporal_subsample as uniform_temporal_subsample,
)
from compat.vision.tv_tensors import (
    BoundingBoxes,
    BoundingBoxFormat,
    Image,
    KeyPoints,
    Mask,
    wrap,
)

_NEAREST, _BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR
_PLACED = (BoundingBoxes, KeyPoints)


def _mask(inpt: Mask, function: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of images on masks, as channels of one or several."""
    plain = _plain(inpt)
    made = function(plain.unsqueeze(0) if plain.dim() < 3 else plain, *args, **kwargs)
    return wrap(made.squeeze(0) if plain.dim() < 3 else made, like=inpt)


# Facts.


def get_dimensions(inpt: Any) -> list[int]:
    """Channels, height, width."""
    return F.get_dimensions(_plain(inpt))


def get_num_channels(inpt: Any) -> int:
    """The number of channels."""
    return get_dimensions(inpt)[0]


get_image_num_channels = get_num_channels


def get_size(inpt: Any) -> list[int]:
    """Height, width: of the picture, or of the one that boxes and points are on."""
    if isinstance(inpt, _PLACED):
        return list(inpt.canvas_size)
    if isinstance(inpt, torch.Tensor):
        return list(inpt.shape[-2:])
    return F.get_dimensions(inpt)[1:]


def get_num_frames(inpt: Any) -> int:
    """The number of a film's pictures."""
    return inpt.shape[-4]


# Kinds and types.


def to_image(inpt: Any) -> Image:
    """A picture, an array (H, W, C) or a tensor as an Image."""
    if isinstance(inpt, np.ndarray):
        array = np.atleast_3d(inpt)
        return Image(torch.tensor(np.ascontiguousarray(array.transpose(2, 0, 1))))
    if pictures.is_picture(inpt):
        return Image(F.pil_to_tensor(inpt))
    if isinstance(inpt, torch.Tensor):
        return Image(_plain(inpt))
    raise TypeError(
        "Input can either be a pure Tensor, a numpy array, or a PIL image, but got "
        f"{type(inpt)} instead."
    )


def to_dtype(inpt: Any, dtype: Any = torch.float32, scale: bool = False) -> Any:
    """Another type; with `scale` white stays white in images."""
    if isinstance(inpt, Mask | BoundingBoxes | KeyPoints) or not scale:
        return inpt.to(dtype)
    return _image(inpt, arrays.convert, dtype)


def convert_image_dtype(image: Any, dtype: Any = torch.float32) -> Any:
    """`to_dtype` with `scale`."""
    return to_dtype(image, dtype, scale=True)


def convert_bounding_box_format(
    inpt: torch.Tensor, old_format: Any = None, new_format: Any = None, inplace: bool = False
) -> Any:
    """Boxes in another form; old_format for plain tensors only."""
    if new_format is None:
        raise TypeError(
            "convert_bounding_box_format() missing 1 required argument: 'new_format'"
        )
    new = BoundingBoxFormat[new_format.upper()] if isinstance(new_format, str) else new_format
    if isinstance(inpt, BoundingBoxes):
        if old_format is not None:
            raise ValueError(
                "For bounding box tv_tensor inputs, `old_format` must not be passed."
            )
        made = places.converted(_plain(inpt), inpt.format, new)
        return wrap(made, like=inpt, format=new)
    if old_format is None:
        raise ValueError("For pure tensor inputs, `old_format` has to be passed.")
    old = BoundingBoxFormat[old_format.upper()] if isinstance(old_format, str) else old_format
    return places.converted(inpt, old, new)


def clamp_bounding_boxes(inpt: torch.Tensor, format: Any = None, canvas_size: Any = None) -> Any:
    """Boxes cut at the picture's edges; format and canvas_size for plain tensors only."""
    xyxy = BoundingBoxFormat.XYXY
    if isinstance(inpt, BoundingBoxes):
        if inpt.clamping_mode is None:
            return inpt
        corners = places.converted(_plain(inpt), inpt.format, xyxy)
        cut = places.clamped(corners, inpt.canvas_size)
        return wrap(places.converted(cut, xyxy, inpt.format), like=inpt)
    if format is None or canvas_size is None:
        raise ValueError(
            "For pure tensor inputs, `format`, and `canvas_size` have to be passed."
        )
    form = BoundingBoxFormat[format.upper()] if isinstance(format, str) else format
    cut = places.clamped(places.converted(inpt, form, xyxy), canvas_size)
    return places.converted(cut, xyxy, form)


def valid_boxes(boxes: BoundingBoxes, min_size: float, min_area: float) -> torch.Tensor:
    """Which boxes are within the picture, with sides and area of at least so much, bool (N,)."""
    corners = places.converted(_plain(boxes), boxes.format, BoundingBoxFormat.XYXY)
    left, top, right, bottom = corners.unbind(-1)
    wide, tall = right - left, bottom - top
    height, width = boxes.canvas_size
    valid = (wide >= min_size) & (tall >= min_size) & (wide * tall >= min_area)
    return valid & (left >= 0) & (top >= 0) & (right <= width) & (bottom <= height)


def sanitize_bounding_boxes(
    bounding_boxes: BoundingBoxes, format: Any = None, canvas_size: Any = None,
    min_size: float = 1.0, min_area: float = 1.0,
) -> tuple[Any, torch.Tensor]:  # fmt: skip
    """The boxes that are within the picture and large enough, and which those are, bool (N,).

    format and canvas_size are for plain tensors only.
    """
    boxes = bounding_boxes
    if not isinstance(boxes, BoundingBoxes):
        if format is None or canvas_size is None:
            raise ValueError(
                "format and canvas_size cannot be None if bounding_boxes is a pure tensor. Got "
                f"format={format} and canvas_size={canvas_size}.Set those to appropriate values "
                "or pass bounding_boxes as a tv_tensors.BoundingBoxes object."
            )
        boxes = BoundingBoxes(boxes, format=format, canvas_size=canvas_size)
    valid = valid_boxes(boxes, min_size, min_area)
    return _kept(bounding_boxes, _plain(bounding_boxes)[valid]), valid


def clamp_keypoints(inpt: KeyPoints) -> Any:
    """Points brought onto the picture."""
    return places.onto(inpt)


def normalize(
    inpt: torch.Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False
) -> Any:
    """(x - mean) / std, a number for each channel."""
    return _colour(inpt, F.normalize, mean, std, inplace)


# Places.


def horizontal_flip(inpt: Any) -> Any:
    """Left and right exchanged."""
    return places.flipped(inpt, 0) if isinstance(inpt, _PLACED) else _image(inpt, F.hflip)


def vertical_flip(inpt: Any) -> Any:
    """Top and bottom exchanged."""
    return places.flipped(inpt, 1) if isinstance(inpt, _PLACED) else _image(inpt, F.vflip)


hflip, vflip = horizontal_flip, vertical_flip


def _wanted(size: Any, old: Sequence[int], max_size: int | None) -> tuple[int, int]:
    """The size (height, width) that `resize` makes."""
    if size is not None:
        height, width = F.wanted_size(size, old, max_size)
        return height, width
    if max_size is None:
        raise ValueError("max_size must be an integer when size is None, but got None instead.")
    ratio = max_size / max(old)
    if old[0] >= old[1]:
        return max_size, int(ratio * old[1])
    return int(ratio * old[0]), max_size


def resize(
    inpt: Any, size: Any, interpolation: Any = _BILINEAR, max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:  # fmt: skip
    """size  (height, width), the length of the shorter side, or None for max_size of the longer"""
    new = _wanted(size, get_size(inpt), max_size)
    if isinstance(inpt, _PLACED):
        return places.scaled(inpt, new)
    if isinstance(inpt, Mask):
        return _mask(inpt, F.resize, new, _NEAREST)
    return _image(inpt, F.resize, new, interpolation, antialias=antialias)


def crop(inpt: Any, top: int, left: int, height: int, width: int) -> Any:
    """A part; what lies outside is 0."""
    if isinstance(inpt, _PLACED):
        return places.shifted(inpt, -left, -top, (height, width))
    return _image(inpt, F.crop, top, left, height, width)


def pad(inpt: Any, padding: Any, fill: Any = None, padding_mode: str = "constant") -> Any:
    """Pixels around: padding is one number, (x, y) or (left, top, right, bottom)."""
    if isinstance(inpt, _PLACED):
        if padding_mode != "constant":
            raise ValueError(
                f"Padding mode '{padding_mode}' is not supported with bounding boxes"
            )
        left, top, right, bottom = F._sides(padding)
        height, width = inpt.canvas_size
        return places.shifted(inpt, left, top, (height + top + bottom, width + left + right))
    fill = 0 if fill is None else fill
    if isinstance(inpt, Mask):
        fill = 0 if isinstance(fill, list | tuple) else fill
        return _mask(inpt, F.pad, padding, fill, padding_mode)
    return _image(inpt, F.pad, padding, fill, padding_mode)


def center_crop(inpt: Any, output_size: Any) -> Any:
    """The middle; a smaller picture is padded with 0."""
    if isinstance(inpt, _PLACED):
        height, width = inpt.canvas_size
        tall, wide = F.pair(output_size)
        top, left = int(round((height - tall) / 2.0)), int(round((width - wide) / 2.0))
        return places.shifted(inpt, -left, -top, (tall, wide))
    return _image(inpt, F.center_crop, output_size)


def resized_crop(
    inpt: Any, top: int, left: int, height: int, width: int, size: Any,
    interpolation: Any = _BILINEAR, antialias: bool | None = True,
) -> Any:  # fmt: skip
    """A part, then another size."""
    return resize(crop(inpt, top, left, height, width), size, interpolation, antialias=antialias)


def five_crop(inpt: Any, size: Any) -> tuple[Any, ...]:
    """The four corners and the middle of a picture."""
    return tuple(_kept(inpt, one) for one in F.five_crop(_plain(inpt), size))


def ten_crop(inpt: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of a picture and of its mirror image."""
    return tuple(_kept(inpt, one) for one in F.ten_crop(_plain(inpt), size, vertical_flip))


def rotate(
    inpt: Any, angle: float, interpolation: Any = _NEAREST, expand: bool = False,
    center: Any = None, fill: Any = None,
) -> Any:  # fmt: skip
    """Counter-clockwise by degrees; expand makes the picture as large as it has to be."""
    if isinstance(inpt, _PLACED):
        middle = None if expand else center
        return places.turned(inpt, -angle, [0.0, 0.0], 1.0, [0.0, 0.0], middle, expand)
    if isinstance(inpt, Mask):
        return _mask(inpt, F.rotate, angle, _NEAREST, expand, center, _one(fill))
    return _image(inpt, F.rotate, angle, interpolation, expand, center, fill)


def _one(fill: Any) -> Any:
    return None if isinstance(fill, list | tuple) else fill


def affine(
    inpt: Any, angle: float, translate: Sequence[float], scale: float, shear: Any,
    interpolation: Any = _NEAREST, fill: Any = None, center: Any = None,
) -> Any:  # fmt: skip
    """A turn (clockwise, degrees), a shift (pixels), a scale and a shear (degrees)."""
    if isinstance(inpt, _PLACED):
        slant = [float(shear), 0.0] if isinstance(shear, int | float) else list(shear)
        slant = slant * 2 if len(slant) == 1 else slant
        return places.turned(inpt, angle, translate, scale, slant, center)
    facts = (angle, translate, scale, shear)
    if isinstance(inpt, Mask):
        return _mask(inpt, F.affine, *facts, _NEAREST, _one(fill), center)
    return _image(inpt, F.affine, *facts, interpolation, fill, center)


def perspective(
    inpt: Any, startpoints: Any, endpoints: Any, interpolation: Any = _BILINEAR, fill: Any = None,
    coefficients: Any = None,
) -> Any:  # fmt: skip
    """The projection that takes four points of the picture to four points of the result."""
    if coefficients is not None:
        raise NotImplementedError("transforms.v2.functional.perspective(coefficients=...)")
    if isinstance(inpt, _PLACED):
        return places.projected(inpt, F.perspective_numbers(startpoints, endpoints))
    if isinstance(inpt, Mask):
        return _mask(inpt, F.perspective, startpoints, endpoints, _NEAREST, _one(fill))
    return _image(inpt, F.perspective, startpoints, endpoints, interpolation, fill)


def elastic(
    inpt: Any, displacement: torch.Tensor, interpolation: Any = _BILINEAR, fill: Any = None
) -> Any:
    """Each pixel from where it is plus a displacement (1, height, width, 2)."""
    if isinstance(inpt, _PLACED):
        raise NotImplementedError(
            f"transforms.v2.functional.elastic of {type(inpt).__name__}"
        )
    if isinstance(inpt, Mask):
        return _mask(inpt, F.elastic_transform, displacement, _NEAREST, _one(fill))
    return _image(inpt, F.elastic_transform, displacement, interpolation, fill)


elastic_transform = elastic
