"""The transforms that published checkpoints expect, under the names libraries import."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.vision.transforms import functional as F
from compat.vision.transforms.names import InterpolationMode

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _numbers(image: Any) -> torch.Tensor:
    tensor = image if isinstance(image, torch.Tensor) else F.pil_to_tensor(image)
    return F.convert_image_dtype(tensor, torch.float)


class ObjectDetection(torch.nn.Module):
    """A picture as float32 numbers from 0 to 1."""

    def forward(self, img: Any) -> torch.Tensor:
        return _numbers(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ImageClassification(torch.nn.Module):
    """A picture brought to a size, its middle cut out, and its colours normed."""

    def __init__(
        self, *, crop_size: int, resize_size: int = 256, mean: Any = _MEAN, std: Any = _STD,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.crop_size, self.resize_size = [crop_size], [resize_size]
        self.mean, self.std = list(mean), list(std)
        self.interpolation, self.antialias = interpolation, antialias

    def forward(self, img: Any) -> torch.Tensor:
        img = F.resize(img, self.resize_size, self.interpolation, antialias=self.antialias)
        return F.normalize(_numbers(F.center_crop(img, self.crop_size)), self.mean, self.std)

    def __repr__(self) -> str:
        facts = ("crop_size", "resize_size", "mean", "std", "interpolation")
        lines = "".join(f"\n    {name}={getattr(self, name)}" for name in facts)
        return f"{type(self).__name__}({lines}\n)"


class SemanticSegmentation(torch.nn.Module):
    """A picture brought to a size, its colours normed."""

    def __init__(
        self, *, resize_size: int | None, mean: Any = _MEAN, std: Any = _STD,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.resize_size = None if resize_size is None else [resize_size]
        self.mean, self.std = list(mean), list(std)
        self.interpolation, self.antialias = interpolation, antialias

    def forward(self, img: Any) -> torch.Tensor:
        if self.resize_size is not None:
            img = F.resize(img, self.resize_size, self.interpolation, antialias=self.antialias)
        return F.normalize(_numbers(img), self.mean, self.std)

    def __repr__(self) -> str:
        facts = ("resize_size", "mean", "std", "interpolation")
        lines = "".join(f"\n    {name}={getattr(self, name)}" for name in facts)
        return f"{type(self).__name__}({lines}\n)"


class VideoClassification(torch.nn.Module):
    """A film (..., T, C, H, W) brought to a size, its middle cut out, its colours normed; gives
    (..., C, T, H, W)."""

    def __init__(
        self, *, crop_size: tuple[int, int], resize_size: Any,
        mean: Any = (0.43216, 0.394666, 0.37645), std: Any = (0.22803, 0.22145, 0.216989),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
    ) -> None:  # fmt: skip
        super().__init__()
        self.crop_size, self.resize_size = list(crop_size), list(resize_size)
        self.mean, self.std, self.interpolation = list(mean), list(std), interpolation

    def forward(self, vid: torch.Tensor) -> torch.Tensor:
        films = vid.unsqueeze(0) if vid.dim() < 5 else vid
        count, length, channels, height, width = films.shape
        pictures = films.reshape(-1, channels, height, width)
        # Films are not smoothed before they are made smaller, unlike pictures.
        pictures = F.resize(pictures, self.resize_size, self.interpolation, antialias=False)
        pictures = _numbers(F.center_crop(pictures, self.crop_size))
        pictures = F.normalize(pictures, self.mean, self.std)
        made = pictures.reshape(count, length, channels, *self.crop_size).permute(0, 2, 1, 3, 4)
        return made.squeeze(0) if vid.dim() < 5 else made

    def __repr__(self) -> str:
        facts = ("crop_size", "resize_size", "mean", "std", "interpolation")
        lines = "".join(f"\n    {name}={getattr(self, name)}" for name in facts)
        return f"{type(self).__name__}({lines}\n)"
