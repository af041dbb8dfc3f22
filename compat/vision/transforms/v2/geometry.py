"""Sizes, parts, turns: transforms of where pixels, masks and boxes are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import compat as torch
from compat.vision.ops.boxes import box_iou
from compat.vision.transforms import functional as F1
from compat.vision.transforms import geometry as first
from compat.vision.transforms.base import uniform
from compat.vision.transforms.names import InterpolationMode
from compat.vision.transforms.v2 import functional as F
from compat.vision.transforms.v2.base import (
    Leaves,
    Sometimes,
    Transform,
    is_image,
    sample_of,
    size_of,
)
from compat.vision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Mask, wrap

_BILINEAR, _NEAREST = InterpolationMode.BILINEAR, InterpolationMode.NEAREST


class RandomHorizontalFlip(Sometimes):
    """Left and right exchanged with a probability."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.horizontal_flip(inpt)


class RandomVerticalFlip(Sometimes):
    """Top and bottom exchanged with a probability."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.vertical_flip(inpt)


class Resize(Transform):
    """`functional.resize`: to (height, width), or the shorter side, or the longer to max_size."""

    def __init__(
        self, size: Any, interpolation: Any = _BILINEAR, max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if isinstance(size, int):
            size = [size]
        elif isinstance(size, Sequence) and len(size) in (1, 2):
            size = list(size)
        elif size is not None:
            raise ValueError(
                "size can be an integer, a sequence of one or two integers, or None, but got "
                f"{size} instead."
            )
        self.size, self.interpolation = size, interpolation
        self.max_size, self.antialias = max_size, antialias

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.resize(inpt, self.size, self.interpolation, self.max_size, self.antialias)


class CenterCrop(Transform):
    """`functional.center_crop`."""

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = F1.pair(size)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.center_crop(inpt, self.size)


class RandomResizedCrop(Transform):
    """A part of random area and ratio, brought to a size."""

    def __init__(
        self, size: Any, scale: Any = (0.08, 1.0), ratio: Any = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = _BILINEAR, antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size = F1.pair(size)
        self.scale, self.ratio = scale, ratio
        self.interpolation, self.antialias = interpolation, antialias

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        blank = torch.empty(1, *size_of(flat_inputs), device="meta")
        place = first.RandomResizedCrop.get_params(blank, self.scale, self.ratio)
        return dict(zip(("top", "left", "height", "width"), place, strict=True))

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.resized_crop(
            inpt, **params, size=self.size, interpolation=self.interpolation,
            antialias=self.antialias,
        )  # fmt: skip


class FiveCrop(Transform):
    """`functional.five_crop` of pictures."""

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = F1.pair(size)

    def check_inputs(self, flat_inputs: Leaves) -> None:
        """Refuses masks and boxes, which have no five forms."""
        if any(isinstance(one, BoundingBoxes | Mask) for one in flat_inputs):
            raise TypeError(
                f"BoundingBoxes'es and Mask's are not supported by {type(self).__name__}()"
            )

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.five_crop(inpt, self.size)


class TenCrop(FiveCrop):
    """`functional.ten_crop` of pictures."""

    def __init__(self, size: Any, vertical_flip: bool = False) -> None:
        super().__init__(size)
        self.vertical_flip = vertical_flip

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.ten_crop(inpt, self.size, self.vertical_flip)


class Filled(Transform):
    """A transform that fills what it leaves empty.

    fill  a number or one for each channel, or a dict from kinds of input to those; "others" is
          for the kinds that it doesn't name
    """

    fill: Any

    def filling(self, inpt: Any) -> Any:
        """What to fill an input with."""
        if isinstance(self.fill, dict):
            for kind, value in self.fill.items():
                if not isinstance(kind, str) and isinstance(inpt, kind):
                    return value
            return self.fill.get("others", 0)
        return self.fill

    def spread(self, inpt: Any) -> Any:
        """`filling` with a number for each channel of a tensor, which turning it wants."""
        fill = self.filling(inpt)
        if isinstance(inpt, torch.Tensor) and not isinstance(inpt, Mask | BoundingBoxes):
            if isinstance(fill, int | float):
                return [float(fill)] * F.get_num_channels(inpt)
        return fill


class Pad(Filled):
    """`functional.pad`."""

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        self.padding = padding if isinstance(padding, int) else list(padding)
        self.fill, self.padding_mode = fill, padding_mode

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.pad(inpt, self.padding, self.filling(inpt), self.padding_mode)


class RandomZoomOut(Filled):
    """A picture in a larger empty one, with a probability: how much larger is drawn."""

    def __init__(
        self, fill: Any = 0, side_range: Sequence[float] = (1.0, 4.0), p: float = 0.5
    ) -> None:
        super().__init__()
        if side_range[0] < 1.0 or side_range[0] > side_range[1]:
            raise ValueError(f"Invalid side range provided {side_range}.")
        self.p, self.fill, self.side_range = p, fill, side_range

    def forward(self, *inputs: Any) -> Any:
        if torch.rand(1).item() >= self.p:
            return sample_of(inputs)
        return super().forward(*inputs)

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        height, width = size_of(flat_inputs)
        low, high = self.side_range
        ratio = low + float(torch.rand(1).item()) * (high - low)
        tall, wide = int(height * ratio), int(width * ratio)
        draws = torch.rand(2).tolist()
        left, top = int((wide - width) * draws[0]), int((tall - height) * draws[1])
        return {"padding": [left, top, wide - (left + width), tall - (top + height)]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.pad(inpt, params["padding"], self.filling(inpt))


class RandomRotation(Filled):
    """A turn by a random angle."""

    def __init__(
        self, degrees: Any, interpolation: Any = _NEAREST, expand: bool = False,
        center: Any = None, fill: Any = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.degrees = first.RandomRotation(degrees).degrees
        self.interpolation, self.expand = interpolation, expand
        self.fill, self.center = fill, center

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        return {"angle": uniform(self.degrees[0], self.degrees[1])}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.rotate(
            inpt, **params, interpolation=self.interpolation, expand=self.expand,
            center=self.center, fill=self.spread(inpt),
        )  # fmt: skip


class RandomAffine(Filled):
    """A random turn, shift, scale and shear."""

    def __init__(
        self, degrees: Any, translate: Any = None, scale: Any = None, shear: Any = None,
        interpolation: Any = _NEAREST, fill: Any = 0, center: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        known = first.RandomAffine(degrees, translate, scale, shear)
        self.degrees, self.translate, self.scale = known.degrees, translate, scale
        self.shear, self.interpolation = known.shear, interpolation
        self.fill, self.center = fill, center

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        height, width = size_of(flat_inputs)
        drawn = first.RandomAffine.get_params(
            self.degrees, self.translate, self.scale, self.shear, [width, height]
        )
        return dict(zip(("angle", "translate", "scale", "shear"), drawn, strict=True))

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.affine(
            inpt, **params, interpolation=self.interpolation, fill=self.spread(inpt),
            center=self.center,
        )  # fmt: skip


class RandomCrop(Filled):
    """A part of a size, somewhere; the picture is padded first where asked or needed."""

    def __init__(
        self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:  # fmt: skip
        super().__init__()
        self.size = F1.pair(size)
        self.padding = None if padding is None else F1._sides(padding)
        self.pad_if_needed, self.fill, self.padding_mode = pad_if_needed, fill, padding_mode

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        height, width = old = size_of(flat_inputs)
        tall, wide = self.size
        left, top, right, bottom = self.padding or [0, 0, 0, 0]
        height, width = height + top + bottom, width + left + right
        if self.pad_if_needed:
            more = max(tall - height, 0), max(wide - width, 0)
            left, right, top, bottom = (
                left + more[1], right + more[1], top + more[0], bottom + more[0],
            )  # fmt: skip
            height, width = height + 2 * more[0], width + 2 * more[1]
        if height < tall or width < wide:
            kind = "padded input" if self.padding is not None else "input"
            raise ValueError(
                f"Required crop size {(tall, wide)} is larger than {kind} image size "
                f"{(height, width)}."
            )
        place = [
            int(torch.randint(0, length - part + 1, (1,)).item()) if length > part else 0
            for length, part in ((height, tall), (width, wide))
        ]
        padded = (height, width) != old
        return {"padding": [left, top, right, bottom] if padded else None, "place": place}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        if params["padding"] is not None:
            inpt = F.pad(inpt, params["padding"], self.filling(inpt), self.padding_mode)
        top, left = params["place"]
        return F.crop(inpt, top, left, self.size[0], self.size[1])


class RandomPerspective(Sometimes, Filled):
    """A random projection with a probability."""

    def __init__(
        self, distortion_scale: float = 0.5, p: float = 0.5, interpolation: Any = _BILINEAR,
        fill: Any = 0,
    ) -> None:  # fmt: skip
        super().__init__(p)
        if not 0 <= distortion_scale <= 1:
            raise ValueError("Argument distortion_scale value should be between 0 and 1")
        self.distortion_scale, self.interpolation, self.fill = (
            distortion_scale, interpolation, fill,
        )  # fmt: skip

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        height, width = size_of(flat_inputs)
        starts, ends = first.RandomPerspective.get_params(width, height, self.distortion_scale)
        return {"startpoints": starts, "endpoints": ends}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.perspective(
            inpt, **params, interpolation=self.interpolation, fill=self.spread(inpt)
        )


class ElasticTransform(Filled):
    """Pixels moved by smooth random displacements; boxes and points are not moved along yet."""

    def __init__(
        self, alpha: Any = 50.0, sigma: Any = 5.0, interpolation: Any = _BILINEAR, fill: Any = 0
    ) -> None:
        super().__init__()
        known = first.ElasticTransform(alpha, sigma)
        self.alpha, self.sigma = known.alpha, known.sigma
        self.interpolation, self.fill = interpolation, fill

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        size = list(size_of(flat_inputs))
        drawn = first.ElasticTransform.get_params(self.alpha, self.sigma, size)
        return {"displacement": drawn}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.elastic(inpt, params["displacement"], self.interpolation, self.spread(inpt))


class RandomIoUCrop(Transform):
    """A part that shares enough with one of the boxes, as detectors of single shots train with.

    The boxes that the part leaves out are marked by no width or height: follow it by
    SanitizeBoundingBoxes.
    """

    def __init__(
        self, min_scale: float = 0.3, max_scale: float = 1.0, min_aspect_ratio: float = 0.5,
        max_aspect_ratio: float = 2.0, sampler_options: list[float] | None = None,
        trials: int = 40,
    ) -> None:  # fmt: skip
        super().__init__()
        self.min_scale, self.max_scale = min_scale, max_scale
        self.min_aspect_ratio, self.max_aspect_ratio = min_aspect_ratio, max_aspect_ratio
        self.options = sampler_options or [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]
        self.trials = trials

    def check_inputs(self, flat_inputs: Leaves) -> None:
        """Refuses samples without a picture and boxes."""
        if not any(isinstance(one, BoundingBoxes) for one in flat_inputs) or not any(
            is_image(one) or F.is_pure_tensor(one) for one in flat_inputs
        ):
            raise TypeError(
                f"{type(self).__name__}() requires input sample to contain tensor or PIL images "
                "and bounding boxes. Sample can also contain masks."
            )

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        height, width = size_of(flat_inputs)
        boxes = next(one for one in flat_inputs if isinstance(one, BoundingBoxes))
        corners = F.convert_bounding_box_format(boxes, new_format=BoundingBoxFormat.XYXY)
        corners = corners.as_subclass(torch.Tensor).float()
        while True:
            least = self.options[int(torch.randint(0, len(self.options), (1,)).item())]
            if least >= 1.0:  # the whole picture
                return {}
            for _ in range(self.trials):
                reach = self.max_scale - self.min_scale
                sides = (self.min_scale + reach * torch.rand(2)).tolist()
                wide, tall = int(width * sides[0]), int(height * sides[1])
                ratio = wide / tall if tall else 0.0
                if not self.min_aspect_ratio <= ratio <= self.max_aspect_ratio:
                    continue
                draws = torch.rand(2).tolist()
                left, top = int((width - wide) * draws[0]), int((height - tall) * draws[1])
                right, bottom = left + wide, top + tall
                if left == right or top == bottom:
                    continue
                x = (corners[:, 0] + corners[:, 2]) * 0.5
                y = (corners[:, 1] + corners[:, 3]) * 0.5
                inside = (left < x) & (x < right) & (top < y) & (y < bottom)
                if not bool(inside.any()):
                    continue
                part = torch.tensor([[left, top, right, bottom]], dtype=corners.dtype)
                if float(box_iou(corners[inside], part).max().item()) < least:
                    continue
                return {
                    "place": (top, left, tall, wide), "inside": inside,
                }  # fmt: skip

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        if not params:
            return inpt
        made = F.crop(inpt, *params["place"])
        if isinstance(made, BoundingBoxes):
            made = wrap(torch.where(params["inside"][:, None], made, 0), like=made)
        return made


class ScaleJitter(Transform):
    """A target size times a random factor, the ratio kept."""

    def __init__(
        self, target_size: tuple[int, int], scale_range: tuple[float, float] = (0.1, 2.0),
        interpolation: Any = _BILINEAR, antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.target_size, self.scale_range = target_size, scale_range
        self.interpolation, self.antialias = interpolation, antialias

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        height, width = size_of(flat_inputs)
        low, high = self.scale_range
        factor = low + float(torch.rand(1).item()) * (high - low)
        ratio = min(self.target_size[1] / height, self.target_size[0] / width) * factor
        return {"size": (int(height * ratio), int(width * ratio))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.resize(inpt, params["size"], self.interpolation, antialias=self.antialias)


class RandomShortestSize(Transform):
    """The shorter side to one of several lengths, the longer at most to max_size."""

    def __init__(
        self, min_size: Any, max_size: int | None = None, interpolation: Any = _BILINEAR,
        antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.min_size = [min_size] if isinstance(min_size, int) else list(min_size)
        self.max_size, self.interpolation, self.antialias = max_size, interpolation, antialias

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        height, width = size_of(flat_inputs)
        short = self.min_size[int(torch.randint(0, len(self.min_size), ()).item())]
        ratio = short / min(height, width)
        if self.max_size is not None:
            ratio = min(ratio, self.max_size / max(height, width))
        return {"size": (int(height * ratio), int(width * ratio))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.resize(inpt, params["size"], self.interpolation, antialias=self.antialias)


class RandomResize(Transform):
    """The shorter side to a random length, from min_size to max_size."""

    def __init__(
        self, min_size: int, max_size: int, interpolation: Any = _BILINEAR,
        antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.min_size, self.max_size = min_size, max_size
        self.interpolation, self.antialias = interpolation, antialias

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        size = int(torch.randint(self.min_size, self.max_size, ()).item())
        return {"size": [math.floor(size)]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.resize(inpt, params["size"], self.interpolation, antialias=self.antialias)
