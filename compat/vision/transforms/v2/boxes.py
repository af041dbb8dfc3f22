"""What transforms do to boxes and points: numbers of pixels' edges on a picture.

Each function takes boxes as corners (N, 4), or points (..., 2), and tells the new picture's size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import compat as torch
from compat.vision.ops.boxes import box_convert
from compat.vision.transforms.functional import inverse_affine, turned_size
from compat.vision.tv_tensors import BoundingBoxes, BoundingBoxFormat, KeyPoints, wrap

Size = tuple[int, int]
Move = Callable[[torch.Tensor], torch.Tensor]


def converted(boxes: torch.Tensor, old: BoundingBoxFormat, new: BoundingBoxFormat) -> torch.Tensor:
    """Boxes in another form, of the same type."""
    if old is new:
        return boxes
    made = box_convert(boxes, old.value.lower(), new.value.lower())
    return made.to(boxes.dtype)


def clamped(corners: torch.Tensor, size: Size) -> torch.Tensor:
    """Boxes, as corners, cut at the picture's edges."""
    height, width = size
    x, y = corners[..., 0::2].clamp(0, width), corners[..., 1::2].clamp(0, height)
    return torch.stack([x[..., 0], y[..., 0], x[..., 1], y[..., 1]], -1)


def _finished(boxes: BoundingBoxes, corners: torch.Tensor, size: Size, cut: bool) -> BoundingBoxes:
    if cut and boxes.clamping_mode is not None:
        corners = clamped(corners, size)
    made = converted(corners, BoundingBoxFormat.XYXY, boxes.format).to(boxes.dtype)
    return wrap(made, like=boxes, canvas_size=size)


def moved(item: Any, move: Move, size: Size, cut: bool = True) -> Any:
    """Boxes or points whose corners (..., 2) a function moves onto a picture of a size.

    A box becomes the smallest one around its four corners, cut at the picture's edges. Whole
    numbers are cut off once all is done.
    """
    plain = item.as_subclass(torch.Tensor)
    exact = plain if plain.is_floating_point() else plain.to(torch.float32)
    if isinstance(item, KeyPoints):
        return wrap(move(exact).to(plain.dtype), like=item, canvas_size=size)
    exact = converted(exact, item.format, BoundingBoxFormat.XYXY)
    left, top, right, bottom = exact.unbind(-1)
    points = torch.stack([left, top, right, top, right, bottom, left, bottom], -1)
    found = move(points.reshape(-1, 4, 2))
    hull = torch.cat([found.amin(1), found.amax(1)], 1)
    return _finished(item, hull, size, cut)


def shifted(item: Any, right: float, down: float, size: Size) -> Any:
    """Moved by pixels."""
    step = torch.tensor([float(right), float(down)])
    return moved(item, lambda points: points + step.to(points.dtype), size)


def onto(points: KeyPoints) -> KeyPoints:
    """Points brought onto the picture."""
    plain, (height, width) = points.as_subclass(torch.Tensor), points.canvas_size
    x, y = plain[..., 0].clamp(0, width - 1), plain[..., 1].clamp(0, height - 1)
    return wrap(torch.stack([x, y], -1), like=points)


def flipped(item: Any, along: int) -> Any:
    """Mirrored: along 0 left and right, along 1 top and bottom."""
    height, width = item.canvas_size
    length = (width, height)[along]
    if isinstance(item, KeyPoints):
        length -= 1  # points are pixels

    def move(points: torch.Tensor) -> torch.Tensor:
        x, y = points.unbind(-1)
        return torch.stack([length - x, y] if along == 0 else [x, length - y], -1)

    return moved(item, move, item.canvas_size, cut=False)


def scaled(item: Any, size: Size) -> Any:
    """For a picture brought to another size: in each form of boxes all numbers are lengths."""
    height, width = item.canvas_size
    plain = item.as_subclass(torch.Tensor)
    ratios = [size[1] / width, size[0] / height] * (plain.shape[-1] // 2)
    made = (plain * torch.tensor(ratios, device=plain.device)).to(plain.dtype)
    return wrap(made, like=item, canvas_size=size)


def turned(
    item: Any, angle: float, translate: Sequence[float], scale: float, shear: Sequence[float],
    center: Sequence[float] | None, expand: bool = False,
) -> Any:  # fmt: skip
    """By the affine map of `functional.affine`; expand for a picture as large as it has to be."""
    height, width = item.canvas_size
    middle = [width * 0.5, height * 0.5] if center is None else list(center)
    # The inverse of the map from the result's places to the picture's.
    a, b, c, d, e, f = inverse_affine(middle, angle, translate, scale, shear)
    whole = a * e - b * d
    rows = [[e / whole, -b / whole], [-d / whole, a / whole]]
    shift = [-(r[0] * c + r[1] * f) for r in rows]
    size, back = (height, width), [0.0, 0.0]
    if expand:
        ends = [
            [r[0] * x + r[1] * y + s for r, s in zip(rows, shift, strict=True)]
            for x in (0.0, width) for y in (0.0, height)
        ]  # fmt: skip
        back = [min(one[at] for one in ends) for at in (0, 1)]
        # As large as the picture becomes, which is turned the other way about its middle.
        size = turned_size(
            inverse_affine([0.0, 0.0], angle, translate, scale, shear), height, width
        )
    matrix = torch.tensor(rows, dtype=torch.float32)
    offset = torch.tensor([s - b for s, b in zip(shift, back, strict=True)], dtype=torch.float32)

    def move(points: torch.Tensor) -> torch.Tensor:
        return points @ matrix.to(points.dtype).T + offset.to(points.dtype)

    return moved(item, move, size)


def projected(item: Any, numbers: Sequence[float]) -> Any:
    """By the projection whose inverse, from results' places to the picture's, has these eight
    numbers."""
    a, b, c, d, e, f, g, h = numbers
    whole = a * e - b * d
    if math.isclose(whole, 0.0):
        raise RuntimeError("Provided perspective coefficients can not be inverted")
    inverse = torch.linalg.inv(
        torch.tensor([[a, b, c], [d, e, f], [g, h, 1.0]], dtype=torch.float64)
    )

    def move(points: torch.Tensor) -> torch.Tensor:
        given = torch.cat([points, torch.ones_like(points[..., :1])], -1)
        made = given @ inverse.to(points.dtype).T
        return made[..., :2] / made[..., 2:]

    return moved(item, move, item.canvas_size)
