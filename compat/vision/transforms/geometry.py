"""Sizes, parts, turns: transforms of where pixels are."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Sequence
from typing import Any

import compat as torch
from compat.vision.transforms import functional as F
from compat.vision.transforms.base import Transform, between, chance, uniform, whole_number
from compat.vision.transforms.names import InterpolationMode

_BILINEAR, _NEAREST = InterpolationMode.BILINEAR, InterpolationMode.NEAREST


class Resize(Transform):
    """`functional.resize`: to (height, width), or the shorter side to a length."""

    def __init__(
        self, size: Any, interpolation: Any = _BILINEAR, max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if not isinstance(size, int | Sequence):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size, self.max_size, self.antialias = size, max_size, antialias
        self.interpolation = interpolation

    shown = ("size", "interpolation", "max_size", "antialias")

    def forward(self, img: Any) -> Any:
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)


class Scale(Resize):
    """The old name of Resize."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn("transforms.Scale is the old name of Resize", FutureWarning, stacklevel=2)
        super().__init__(*args, **kwargs)


class CenterCrop(Transform):
    """`functional.center_crop`."""

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = F.pair(size)

    shown = ("size",)

    def forward(self, img: Any) -> Any:
        return F.center_crop(img, self.size)


class Pad(Transform):
    """`functional.pad`."""

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    shown = ("padding", "fill", "padding_mode")

    def forward(self, img: Any) -> Any:
        return F.pad(img, self.padding, self.fill, self.padding_mode)


class RandomCrop(Transform):
    """A part of a size, somewhere; the image is padded first where asked or needed."""

    def __init__(
        self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:  # fmt: skip
        super().__init__()
        self.size = F.pair(size)
        self.padding, self.pad_if_needed = padding, pad_if_needed
        self.fill, self.padding_mode = fill, padding_mode

    shown = ("size", "padding")

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Top, left, height, width of a draw."""
        _, height, width = F.get_dimensions(img)
        h, w = output_size
        if height < h or width < w:
            raise ValueError(
                f"Required crop size {(h, w)} is larger than input image size {(height, width)}"
            )
        if (w, h) == (width, height):
            return 0, 0, height, width
        top = whole_number(0, height - h + 1)
        left = whole_number(0, width - w + 1)
        return top, left, h, w

    def forward(self, img: Any) -> Any:
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        _, height, width = F.get_dimensions(img)
        if self.pad_if_needed and width < self.size[1]:
            img = F.pad(img, [self.size[1] - width, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and height < self.size[0]:
            img = F.pad(img, [0, self.size[0] - height], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))


class RandomHorizontalFlip(Transform):
    """Left and right exchanged with a probability."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    shown = ("p",)

    def forward(self, img: Any) -> Any:
        return F.hflip(img) if chance(self.p) else img


class RandomVerticalFlip(RandomHorizontalFlip):
    """Top and bottom exchanged with a probability."""

    def forward(self, img: Any) -> Any:
        return F.vflip(img) if chance(self.p) else img


class RandomResizedCrop(Transform):
    """A part of random area and ratio, brought to a size."""

    def __init__(
        self, size: Any, scale: Any = (0.08, 1.0), ratio: Any = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = _BILINEAR, antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size = F.pair(size)
        self.scale, self.ratio = scale, ratio
        self.interpolation, self.antialias = interpolation, antialias

    @staticmethod
    def get_params(img: Any, scale: Any, ratio: Any) -> tuple[int, int, int, int]:
        """Top, left, height, width of a draw."""
        _, height, width = F.get_dimensions(img)
        for _ in range(10):
            area = height * width * uniform(scale[0], scale[1])
            aspect = between(ratio[0], ratio[1])
            w, h = int(round(math.sqrt(area * aspect))), int(round(math.sqrt(area / aspect)))
            if 0 < w <= width and 0 < h <= height:
                top = whole_number(0, height - h + 1)
                left = whole_number(0, width - w + 1)
                return top, left, h, w
        whole = width / height
        if whole < min(ratio):
            w, h = width, int(round(width / min(ratio)))
        elif whole > max(ratio):
            w, h = int(round(height * max(ratio))), height
        else:
            w, h = width, height
        return (height - h) // 2, (width - w) // 2, h, w

    def forward(self, img: Any) -> Any:
        place = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *place, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, scale="
            f"{tuple(round(s, 4) for s in self.scale)}, ratio="
            f"{tuple(round(r, 4) for r in self.ratio)}, interpolation="
            f"{getattr(self.interpolation, 'value', self.interpolation)}, "
            f"antialias={self.antialias})"
        )


class RandomSizedCrop(RandomResizedCrop):
    """The old name of RandomResizedCrop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            "transforms.RandomSizedCrop is the old name of RandomResizedCrop", FutureWarning,
            stacklevel=2,
        )  # fmt: skip
        super().__init__(*args, **kwargs)


class FiveCrop(Transform):
    """`functional.five_crop`."""

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = F.pair(size)

    shown = ("size",)

    def forward(self, img: Any) -> Any:
        return F.five_crop(img, self.size)


class TenCrop(Transform):
    """`functional.ten_crop`."""

    def __init__(self, size: Any, vertical_flip: bool = False) -> None:
        super().__init__()
        self.size = F.pair(size)
        self.vertical_flip = vertical_flip

    shown = ("size", "vertical_flip")

    def forward(self, img: Any) -> Any:
        return F.ten_crop(img, self.size, self.vertical_flip)


def _degrees(given: Any, name: str = "degrees") -> list[float]:
    if isinstance(given, numbers.Number):
        if given < 0:  # type: ignore[operator]
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [-float(given), float(given)]  # type: ignore[arg-type]
    if len(given) not in ((2,) if name == "degrees" else (2, 4)):
        raise ValueError(f"{name} should be a sequence of length 2.")
    return [float(one) for one in given]


class RandomRotation(Transform):
    """A turn by a random angle."""

    def __init__(
        self, degrees: Any, interpolation: Any = _NEAREST, expand: bool = False,
        center: Any = None, fill: Any = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.degrees = _degrees(degrees)
        self.interpolation, self.expand = interpolation, expand
        self.center, self.fill = center, fill

    shown = ("degrees", "interpolation", "expand", "fill")

    @staticmethod
    def get_params(degrees: Any) -> float:
        """The angle of a draw."""
        return uniform(float(degrees[0]), float(degrees[1]))

    def forward(self, img: Any) -> Any:
        fill = self.fill
        if isinstance(img, torch.Tensor) and isinstance(fill, int | float):
            fill = [float(fill)] * F.get_image_num_channels(img)
        angle = self.get_params(self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, fill)


class RandomAffine(Transform):
    """A random turn, shift, scale and shear."""

    def __init__(
        self, degrees: Any, translate: Any = None, scale: Any = None, shear: Any = None,
        interpolation: Any = _NEAREST, fill: Any = 0, center: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.degrees = _degrees(degrees)
        if translate is not None and not all(0.0 <= one <= 1.0 for one in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and any(one <= 0 for one in scale):
            raise ValueError("scale values should be positive")
        self.translate, self.scale = translate, scale
        self.shear = None if shear is None else _degrees(shear, "shear")
        self.interpolation, self.fill, self.center = interpolation, fill, center

    def __repr__(self) -> str:
        facts = [f"degrees={self.degrees}"]
        for name, usual in (
            ("translate", None), ("scale", None), ("shear", None), ("interpolation", _NEAREST),
            ("fill", 0), ("center", None),
        ):  # fmt: skip
            value = getattr(self, name)
            if value != usual:
                facts.append(f"{name}={getattr(value, 'value', value)}")
        return f"{type(self).__name__}({', '.join(facts)})"

    @staticmethod
    def get_params(
        degrees: Any, translate: Any, scale_ranges: Any, shears: Any, img_size: Any
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """Angle, shift, scale and shear of a draw; img_size is (width, height)."""
        angle = uniform(float(degrees[0]), float(degrees[1]))
        shift = (0, 0)
        if translate is not None:
            dx, dy = float(translate[0] * img_size[0]), float(translate[1] * img_size[1])
            shift = int(round(uniform(-dx, dx))), int(round(uniform(-dy, dy)))
        scale = uniform(scale_ranges[0], scale_ranges[1]) if scale_ranges is not None else 1.0
        shear_x = shear_y = 0.0
        if shears is not None:
            shear_x = uniform(shears[0], shears[1])
            if len(shears) == 4:
                shear_y = uniform(shears[2], shears[3])
        return angle, shift, scale, (shear_x, shear_y)

    def forward(self, img: Any) -> Any:
        channels, height, width = F.get_dimensions(img)
        fill = self.fill
        if isinstance(img, torch.Tensor) and isinstance(fill, int | float):
            fill = [float(fill)] * channels
        drawn = self.get_params(
            self.degrees, self.translate, self.scale, self.shear, [width, height]
        )
        return F.affine(img, *drawn, self.interpolation, fill, self.center)


class RandomPerspective(Transform):
    """A random projection with a probability."""

    def __init__(
        self, distortion_scale: float = 0.5, p: float = 0.5, interpolation: Any = _BILINEAR,
        fill: Any = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.distortion_scale, self.p = distortion_scale, p
        self.interpolation, self.fill = interpolation, fill

    shown = ("p",)

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[Any, Any]:
        """Four points, and where a draw takes them."""
        dx, dy = int(distortion_scale * (width // 2)), int(distortion_scale * (height // 2))

        def draw(low: int, high: int) -> int:
            return whole_number(low, high)

        ends = [
            [draw(0, dx + 1), draw(0, dy + 1)],
            [draw(width - dx - 1, width), draw(0, dy + 1)],
            [draw(width - dx - 1, width), draw(height - dy - 1, height)],
            [draw(0, dx + 1), draw(height - dy - 1, height)],
        ]
        starts = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        return starts, ends

    def forward(self, img: Any) -> Any:
        channels, height, width = F.get_dimensions(img)
        fill = self.fill
        if isinstance(img, torch.Tensor) and isinstance(fill, int | float):
            fill = [float(fill)] * channels
        if not chance(self.p):
            return img
        starts, ends = self.get_params(width, height, self.distortion_scale)
        return F.perspective(img, starts, ends, self.interpolation, fill)


def _two_floats(value: Any, name: str) -> list[float]:
    """A number, or a list of one or two, as two."""
    if not isinstance(value, int | float | list | tuple):
        raise TypeError(f"{name} should be float or a sequence of floats. Got {type(value)}")
    given = [value] if isinstance(value, int | float) else list(value)
    if len(given) not in (1, 2):
        raise ValueError(
            f"{name} is a sequence its length should be one or two. Got {len(given)}"
        )
    return [float(one) for one in (given * 2 if len(given) == 1 else given)]


class ElasticTransform(Transform):
    """Pixels moved by smooth random displacements.

    alpha  how far, in pixels
    sigma  how smoothly, the width of a Gaussian
    """

    def __init__(
        self, alpha: Any = 50.0, sigma: Any = 5.0, interpolation: Any = _BILINEAR, fill: Any = 0
    ) -> None:
        super().__init__()
        self.alpha, self.sigma = _two_floats(alpha, "alpha"), _two_floats(sigma, "sigma")
        self.interpolation = interpolation
        many = fill if isinstance(fill, list | tuple) else [fill]
        self.fill = [float(one) for one in many]

    @staticmethod
    def get_params(alpha: list[float], sigma: list[float], size: list[int]) -> torch.Tensor:
        """The displacements of a draw, (1, height, width, 2); size is (height, width)."""
        parts = []
        # Places are (x, y), so the first displacement is of the width.
        for far, wide, length in zip(alpha, sigma, reversed(size), strict=True):
            part = torch.rand([1, 1, *size]) * 2 - 1
            if wide > 0.0:
                kernel = int(8 * wide + 1) | 1  # odd
                part = F.gaussian_blur(part, [kernel, kernel], sigma)
            parts.append(part * far / length)
        return torch.cat(parts, 1).permute([0, 2, 3, 1])

    def forward(self, img: Any) -> Any:
        _, height, width = F.get_dimensions(img)
        drawn = self.get_params(self.alpha, self.sigma, [height, width])
        return F.elastic_transform(img, drawn, self.interpolation, self.fill)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(alpha={self.alpha}, sigma={self.sigma}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )


class RandomErasing(Transform):
    """A rectangle of a tensor overwritten with a probability.

    value  a number, one for each channel, or "random" for a normal draw
    """

    def __init__(
        self, p: float = 0.5, scale: Any = (0.02, 0.33), ratio: Any = (0.3, 3.3), value: Any = 0,
        inplace: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if p < 0 or p > 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p, self.scale, self.ratio = p, scale, ratio
        self.value, self.inplace = value, inplace

    shown = ("p", "scale", "ratio", "value", "inplace")

    @staticmethod
    def get_params(
        img: torch.Tensor, scale: Any, ratio: Any, value: Any = None
    ) -> tuple[int, int, int, int, torch.Tensor]:
        """Top, left, height, width and what to write of a draw."""
        channels, height, width = img.shape[-3:]
        for _ in range(10):
            area = height * width * uniform(scale[0], scale[1])
            aspect = between(ratio[0], ratio[1])
            h, w = int(round(math.sqrt(area * aspect))), int(round(math.sqrt(area / aspect)))
            if not (h < height and w < width):
                continue
            if value is None:
                drawn = torch.empty([channels, h, w], dtype=torch.float32).normal_()
            else:
                drawn = torch.tensor(value)[:, None, None]
            top = whole_number(0, height - h + 1)
            left = whole_number(0, width - w + 1)
            return top, left, h, w, drawn
        return 0, 0, height, width, img

    def forward(self, img: torch.Tensor) -> torch.Tensor:
        if not chance(self.p):
            return img
        value = self.value
        if isinstance(value, int | float):
            value = [float(value)]
        elif isinstance(value, str):
            value = None
        elif isinstance(value, tuple):
            value = list(value)
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{img.shape[-3]} (number of input channels)"
            )
        return F.erase(img, *self.get_params(img, self.scale, self.ratio, value), self.inplace)
