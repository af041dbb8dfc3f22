"""Boxes, masks and points drawn on pictures, and flow as colours; `torchvision.utils` has them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

import compat as torch
from compat.vision.transforms.functional import pil_to_tensor, to_pil_image
from compat.vision.transforms.names import ImageColor, ImageDraw, ImageFont, need

Colour = tuple[int, int, int]


def _checked(image: Any, grey: bool = False) -> torch.Tensor:
    """An image (3, H, W), or (1, H, W) where grey ones do, as one of three channels."""
    if not isinstance(image, torch.Tensor):
        kind = type(image)
        raise TypeError(
            f"Tensor expected, got {kind}" if grey else f"The image must be a tensor, got {kind}"
        )
    if not (image.dtype == torch.uint8 or image.is_floating_point()):
        raise ValueError(f"The image dtype must be uint8 or float, got {image.dtype}")
    if image.dim() != 3:
        raise ValueError("Pass individual images, not batches")
    if image.shape[0] not in ((1, 3) if grey else (3,)):
        raise ValueError(
            "Only grayscale and RGB images are supported" if grey else
            "Pass an RGB image. Other Image formats are not supported"
        )  # fmt: skip
    return image.expand(3, -1, -1) if image.shape[0] == 1 else image


def _palette(count: int) -> list[Colour]:
    """Colours that differ, the same ones each time."""
    steps = (2**25 - 1, 2**15 - 1, 2**21 - 1)
    return [(at * steps[0] % 255, at * steps[1] % 255, at * steps[2] % 255) for at in range(count)]


def _colours(given: Any, count: int) -> list[Colour]:
    """One colour an object: given by names, triples, or one for all of them."""
    need()
    if given is None:
        found: list[Any] = list(_palette(count))
    elif isinstance(given, list):
        if len(given) < count:
            raise ValueError(
                f"Number of colors must be equal or larger than the number of objects, but got "
                f"{len(given)} < {count}."
            )
        found = given[:count]
    elif isinstance(given, str | tuple):
        found = [given] * count
    else:
        raise ValueError("colors must be a tuple or a string, or a list thereof, but got "
                         f"{given}.")  # fmt: skip
    return [ImageColor.getrgb(one) if isinstance(one, str) else one for one in found]


def _as_bytes(image: torch.Tensor) -> torch.Tensor:
    return (image * 255).to(torch.uint8) if image.is_floating_point() else image


def _like(pixels: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    return pixels.to(image.dtype) / 255 if image.is_floating_point() else pixels


def draw_bounding_boxes(
    image: torch.Tensor, boxes: torch.Tensor, labels: Sequence[str | None] | None = None,
    colors: Any = None, fill: bool | None = False, width: int = 1, font: str | None = None,
    font_size: int | None = None, label_colors: Any = None, label_background_colors: Any = None,
    fill_labels: bool = False,
) -> torch.Tensor:  # fmt: skip
    """Rectangles on an image (3, H, W), with text in them.

    boxes    (N, 4): left, top, right, bottom
    labels   a text a box, or None
    colors   one for all boxes or one each: names or (red, green, blue)
    fill     covers the boxes, half transparent
    font     a TrueType file, of size font_size (10)
    label_colors, label_background_colors, fill_labels  of the text and what is behind it
    """
    shown = _checked(image, grey=True)
    if boxes.numel() and bool(((boxes[:, 0] > boxes[:, 2]) | (boxes[:, 1] > boxes[:, 3])).any()):
        raise ValueError(
            "Boxes need to be in (xmin, ymin, xmax, ymax) format. Use torchvision.ops.box_convert "
            "to convert them"
        )
    count = boxes.shape[0]
    if count == 0:
        warnings.warn("boxes doesn't contain any box. No box was drawn", stacklevel=2)
        return image
    texts = [None] * count if labels is None else list(labels)
    if len(texts) != count:
        raise ValueError(
            f"Number of boxes ({count}) and labels ({len(texts)}) mismatch. Please specify labels "
            "for each box."
        )
    lines = _colours(colors, count)
    inks = _colours(label_colors or ("black" if fill_labels else lines), count)
    if font is None:
        if font_size is not None:
            warnings.warn("Argument 'font_size' will be ignored since 'font' is not set.",
                          stacklevel=2)  # fmt: skip
        letters = ImageFont.load_default()
    else:
        letters = ImageFont.truetype(font=font, size=font_size or 10)
    behind = _colours(label_background_colors or lines, count) if fill_labels else None
    picture = to_pil_image(_as_bytes(shown))
    pen = ImageDraw.Draw(picture, "RGBA") if fill else ImageDraw.Draw(picture)
    for at, box in enumerate(boxes.to(torch.int64).tolist()):
        inner = (*lines[at], 100) if fill else None
        pen.rectangle(box, width=width, outline=lines[at], fill=inner)
        if texts[at] is None:
            continue
        corner = (box[0] + width + 1, box[1] + width + 1)
        if behind is not None:
            left, top, right, bottom = pen.textbbox(corner, texts[at], font=letters)
            pen.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=behind[at])
        pen.text(corner, texts[at], fill=inks[at], font=letters)
    return _like(pil_to_tensor(picture), image)


def draw_segmentation_masks(
    image: torch.Tensor, masks: torch.Tensor, alpha: float = 0.8, colors: Any = None
) -> torch.Tensor:
    """Masks as colours on an image (3, H, W); black where several are.

    masks   bool, (N, H, W) or (H, W)
    alpha   from 0, not to be seen, to 1, opaque
    colors  one for all masks or one each: names or (red, green, blue)
    """
    shown = _checked(image)
    if masks.dim() == 2:
        masks = masks[None]
    if masks.dim() != 3:
        raise ValueError("masks must be of shape (H, W) or (batch_size, H, W)")
    if masks.dtype != torch.bool:
        raise ValueError(f"The masks must be of dtype bool. Got {masks.dtype}")
    if masks.shape[-2:] != image.shape[-2:]:
        raise ValueError("The image and the masks must have the same height and width")
    count = masks.shape[0]
    if count == 0:
        warnings.warn("masks doesn't contain any mask. No mask was drawn", stacklevel=2)
        return image
    paints = torch.tensor(_colours(colors, count), dtype=torch.float32, device=image.device)
    if image.is_floating_point():
        paints = paints / 255
    base = shown.to(torch.float32)
    covered = masks.sum(0)
    # A pixel of one mask has its colour, one of several is black.
    single = (masks & (covered == 1)).to(torch.float32)
    painted = torch.where(covered > 0, torch.einsum("nhw,nc->chw", single, paints), base)
    return (base * (1 - alpha) + painted * alpha).to(image.dtype)


def draw_keypoints(
    image: torch.Tensor, keypoints: torch.Tensor, connectivity: Any = None, colors: Any = None,
    radius: int = 2, width: int = 3, visibility: torch.Tensor | None = None,
) -> torch.Tensor:  # fmt: skip
    """Points on an image (3, H, W), and lines between them.

    keypoints     (instances, points, 2): x, y
    connectivity  pairs of points with a line between them
    colors        a name or (red, green, blue)
    visibility    bool, (instances, points): which points to draw
    """
    shown = _checked(image)
    if keypoints.dim() != 3:
        raise ValueError("keypoints must be of shape (num_instances, K, 2)")
    there: Any = visibility
    if there is None:
        there = torch.ones(keypoints.shape[:-1], dtype=torch.bool)
    if there.dim() == 3:
        there = there.squeeze(-1)
    if there.dim() != 2:
        raise ValueError(
            f"visibility must be of shape (num_instances, K). Got ndim={there.dim()}"
        )
    if there.shape != keypoints.shape[:-1]:
        raise ValueError(
            "keypoints and visibility must have the same dimensionality for num_instances and K. "
            f"Got {there.shape} and {keypoints.shape}"
        )
    need()
    picture = to_pil_image(_as_bytes(shown))
    pen = ImageDraw.Draw(picture)
    seen = there.to(torch.bool).tolist()
    for points, visible in zip(keypoints.to(torch.int64).tolist(), seen, strict=True):
        for (x, y), shows in zip(points, visible, strict=True):
            if shows:
                place = (x - radius, y - radius, x + radius, y + radius)
                pen.ellipse(place, fill=colors, outline=None, width=0)
        for one, other in connectivity or ():
            if visible[one] and visible[other]:
                pen.line((*points[one], *points[other]), width=width)
    return _like(pil_to_tensor(picture), image)


def _wheel() -> np.ndarray[Any, Any]:
    """The 55 colours of directions of Baker et al. 2007, float32 (55, 3)."""
    steps = (("r", "g", 15), ("g", "r", 6), ("g", "b", 4), ("b", "g", 11), ("b", "r", 13),
             ("r", "b", 6))  # fmt: skip
    parts = []
    for at, (full, changing, count) in enumerate(steps):
        part = np.zeros((count, 3), np.float32)
        ramp = np.floor(255 * np.arange(count) / count)
        part[:, "rgb".index(full)] = 255
        # A colour comes in beside a full one, then the full one's old companion goes.
        part[:, "rgb".index(changing)] = ramp if at % 2 == 0 else 255 - ramp
        parts.append(part)
    return np.concatenate(parts)


def flow_to_image(flow: torch.Tensor) -> torch.Tensor:
    """Optical flow (2, H, W) or (N, 2, H, W), float32, as colours of its directions, uint8."""
    if flow.dtype != torch.float:
        raise ValueError(f"Flow should be of dtype torch.float, got {flow.dtype}.")
    shape = flow.shape
    if flow.dim() not in (3, 4) or shape[-3] != 2:
        raise ValueError(
            f"Input flow should have shape (2, H, W) or (N, 2, H, W), got {shape}."
        )
    many = flow[None] if flow.dim() == 3 else flow
    longest = (many**2).sum(1).sqrt().max()
    many = many / (longest + torch.finfo(flow.dtype).eps)
    length = (many**2).sum(1).sqrt()
    wheel = torch.tensor(_wheel(), device=flow.device)
    place = (torch.atan2(-many[:, 1], -many[:, 0]) / np.pi + 1) / 2 * (len(wheel) - 1)
    low = place.floor().long()
    part = (place - low)[:, None]
    colours = [wheel[at % len(wheel)].permute(0, 3, 1, 2) / 255 for at in (low, low + 1)]
    mixed = (1 - part) * colours[0] + part * colours[1]
    made = (255 * (1 - length[:, None] * (1 - mixed))).floor().to(torch.uint8)
    return made[0] if flow.dim() == 3 else made
