"""Rectangles erased, and pictures of a batch mixed with their labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import compat as torch
from compat.utils import _pytree
from compat.vision.transforms import geometry as first
from compat.vision.transforms.v2 import functional as F
from compat.vision.transforms.v2.base import Leaves, Transform, channels_of, sample_of, size_of
from compat.vision.transforms.v2.colour import Coloured, SometimesColoured
from compat.vision.tv_tensors import BoundingBoxes, Image, KeyPoints, Mask, Video


class RandomErasing(SometimesColoured):
    """A rectangle overwritten with a probability.

    value  a number, one for each channel, or "random" for a normal draw
    """

    def __init__(
        self, p: float = 0.5, scale: Any = (0.02, 0.33), ratio: Any = (0.3, 3.3), value: Any = 0.0,
        inplace: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(p)
        known = first.RandomErasing(p, scale, ratio, value, inplace)
        self.scale, self.ratio = known.scale, known.ratio
        if isinstance(value, int | float):
            value = [float(value)]
        self.value = None if isinstance(value, str) else [float(one) for one in value]
        self.inplace = inplace

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        channels, (height, width) = channels_of(flat_inputs), size_of(flat_inputs)
        if self.value is not None and len(self.value) not in (1, channels):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{channels} (number of inpt channels)"
            )
        blank = torch.empty(channels, height, width, device="meta")
        *place, drawn = first.RandomErasing.get_params(blank, self.scale, self.ratio, self.value)
        return {"place": place, "drawn": None if drawn is blank else drawn}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        if params["drawn"] is None:
            return inpt
        top, left, height, width = params["place"]
        return F.erase(inpt, top, left, height, width, params["drawn"], self.inplace)


def _labels(inputs: Any) -> Any:
    """The labels of a batch: the second of two, or what a dict has under a name like "label"."""
    if isinstance(inputs, tuple | list) and len(inputs) >= 2:
        return inputs[1]
    if isinstance(inputs, dict):
        for name in inputs:
            if isinstance(name, str) and name.lower() in ("label", "labels", "target", "targets"):
                return inputs[name]
    raise ValueError(
        "Could not infer where the labels are in the sample. Try passing a callable as the "
        "labels_getter parameter?"
    )


class _Mixed(Transform):
    """Pictures (N, C, H, W) and labels (N,) or (N, classes), each with the one before it."""

    def __init__(
        self, *, alpha: float = 1.0, num_classes: int | None = None,
        labels_getter: Callable[[Any], Any] | str = "default",
    ) -> None:  # fmt: skip
        super().__init__()
        self.alpha, self.num_classes = float(alpha), num_classes
        self._labels_getter = _labels if labels_getter == "default" else labels_getter

    def _beta(self) -> float:
        """A draw from Beta(alpha, alpha), of two gamma draws as torch makes it."""
        both = torch._standard_gamma(torch.full((2,), self.alpha, dtype=torch.float64))
        return float((both[0] / both.sum()).item())

    def forward(self, *inputs: Any) -> Any:
        sample = sample_of(inputs)
        leaves, spec = _pytree.tree_flatten(sample)
        if any(isinstance(one, BoundingBoxes | Mask | KeyPoints) or F.pictures.is_picture(one)
               for one in leaves):  # fmt: skip
            raise ValueError(
                f"{type(self).__name__}() does not support PIL images, bounding boxes, keypoints "
                "and masks."
            )
        getter: Any = self._labels_getter
        labels = getter(sample)
        if not isinstance(labels, torch.Tensor):
            raise ValueError(f"The labels must be a tensor, but got {type(labels)} instead.")
        if labels.dim() not in (1, 2):
            raise ValueError(
                "labels should be index based with shape (batch_size,) or probability based with "
                f"shape (batch_size, num_classes), but got a tensor of shape {labels.shape} "
                "instead."
            )
        if labels.dim() == 1 and self.num_classes is None:
            raise ValueError(
                "num_classes must be passed if the labels are index-based (1D)"
            )
        pictures = [
            one
            for one in leaves
            if one is not labels and (F.is_pure_tensor(one) or isinstance(one, Image | Video))
        ]
        for one in pictures:
            rank = 5 if isinstance(one, Video) else 4
            if one.dim() != rank:
                raise ValueError(
                    f"Expected a batched input with {rank} dims, but got {one.dim()} dimensions "
                    "instead."
                )
            if one.shape[0] != labels.shape[0]:
                raise ValueError(
                    f"The batch size of the image or video does not match the batch size of the "
                    f"labels: {one.shape[0]} != {labels.shape[0]}."
                )
        drawn = self.make_params(pictures)
        made = []
        for one in leaves:
            if one is labels:
                made.append(self._label(one, drawn["kept"]))
            elif any(one is picture for picture in pictures):
                made.append(self.transform(one, drawn))
            else:
                made.append(one)
        return _pytree.tree_unflatten(made, spec)

    def _label(self, labels: torch.Tensor, kept: float) -> torch.Tensor:
        if labels.dim() == 1:
            labels = torch.nn.functional.one_hot(labels, num_classes=self.num_classes)
        if not labels.is_floating_point():
            labels = labels.float()
        return labels.roll(1, 0).mul(1.0 - kept).add(labels.mul(kept))


class MixUp(_Mixed):
    """Weighted means of pictures and of their labels (Zhang et al. 2018); the weight is drawn from
    Beta(alpha, alpha)."""

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one batch."""
        return {"kept": self._beta()}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        plain = F._plain(inpt)
        made = plain.roll(1, 0).mul(1.0 - params["kept"]).add(plain.mul(params["kept"]))
        return F._kept(inpt, made)


class CutMix(_Mixed):
    """A rectangle of the picture before it, with as much of its label (Yun et al. 2019)."""

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one batch."""
        kept = self._beta()
        height, width = size_of(flat_inputs)
        x, y = (int(torch.randint(length, (1,)).item()) for length in (width, height))
        half = 0.5 * math.sqrt(1.0 - kept)
        wide, tall = int(half * width), int(half * height)
        left, top = max(x - wide, 0), max(y - tall, 0)
        right, bottom = min(x + wide, width), min(y + tall, height)
        part = (right - left) * (bottom - top) / (width * height)
        return {"box": (left, top, right, bottom), "kept": 1.0 - part}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        left, top, right, bottom = params["box"]
        plain = F._plain(inpt)
        made = plain.clone()
        made[..., top:bottom, left:right] = plain.roll(1, 0)[..., top:bottom, left:right]
        return F._kept(inpt, made)


class JPEG(Coloured):
    """Pictures as a JPEG of a random quality makes them."""

    def __init__(self, quality: Any) -> None:
        super().__init__()
        self.quality = [quality, quality] if isinstance(quality, int) else quality
        if not 1 <= self.quality[0] <= self.quality[1] <= 100:
            raise ValueError(f"quality must be an integer from 1 to 100, got {self.quality =}")

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        low, high = self.quality
        return {"quality": int(torch.randint(low, high + 1, ()).item())}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.jpeg(inpt, params["quality"])


class SanitizeBoundingBoxes(Transform):
    """Leaves out boxes that are too small or reach beyond the picture, with their labels and
    masks.

    labels_getter  finds the labels of a sample, or None for none
    """

    def __init__(
        self, min_size: float = 1.0, min_area: float = 1.0,
        labels_getter: Callable[[Any], Any] | str | None = "default",
    ) -> None:  # fmt: skip
        super().__init__()
        if min_size < 1:
            raise ValueError(f"min_size must be >= 1, got {min_size}.")
        if min_area < 1:
            raise ValueError(f"min_area must be >= 1, got {min_area}.")
        self.min_size, self.min_area, self.labels_getter = min_size, min_area, labels_getter

    def forward(self, *inputs: Any) -> Any:
        sample = sample_of(inputs)
        getter: Any = self.labels_getter
        if getter == "default":
            found = sample[1] if isinstance(sample, tuple) else sample
            labels = _labels(found) if isinstance(found, dict) else _labels(sample)
        else:
            labels = None if getter is None else getter(sample)
        several = () if labels is None else labels if isinstance(labels, tuple) else (labels,)
        leaves, spec = _pytree.tree_flatten(sample)
        boxes = next((one for one in leaves if isinstance(one, BoundingBoxes)), None)
        if boxes is None:
            raise ValueError("No bounding boxes were found in the sample")
        valid = F.valid_boxes(boxes, self.min_size, self.min_area)
        made = []
        for one in leaves:
            chosen = any(one is label for label in several)
            if chosen or one is boxes or (
                isinstance(one, Mask) and one.shape[0] == len(valid) and one.dim() == 3
            ):
                one = F._kept(one, F._plain(one)[valid])
            made.append(one)
        return _pytree.tree_unflatten(made, spec)
