"""Colours, brightness, sharpness: transforms of what pixels are."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import compat as torch
from compat.vision.transforms import functional as F
from compat.vision.transforms.base import Transform, chance, uniform


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue changed at random, in random order."""

    def __init__(
        self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0
    ) -> None:
        super().__init__()
        self.brightness = self._range(brightness, "brightness")
        self.contrast = self._range(contrast, "contrast")
        self.saturation = self._range(saturation, "saturation")
        self.hue = self._range(hue, "hue", 0.0, (-0.5, 0.5), False)

    shown = ("brightness", "contrast", "saturation", "hue")

    @staticmethod
    def _range(
        value: Any, name: str, center: float = 1.0, bound: Any = (0.0, float("inf")),
        clip: bool = True,
    ) -> tuple[float, float] | None:  # fmt: skip
        if isinstance(value, numbers.Number):
            if value < 0:  # type: ignore[operator]
                raise ValueError(f"If {name} is a single number, it must be non negative.")
            low, high = center - float(value), center + float(value)  # type: ignore[arg-type]
            low = max(low, 0.0) if clip else low
        elif isinstance(value, tuple | list) and len(value) == 2:
            low, high = float(value[0]), float(value[1])
        else:
            raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
        if not bound[0] <= low <= high <= bound[1]:
            raise ValueError(f"{name} values should be between {bound}, but got {[low, high]}.")
        return None if low == high == center else (low, high)

    @staticmethod
    def get_params(brightness: Any, contrast: Any, saturation: Any, hue: Any) -> tuple[Any, ...]:
        """The order and the four factors of a draw; None for what stays."""
        order = torch.randperm(4)
        draws = [
            None if one is None else uniform(one[0], one[1])
            for one in (brightness, contrast, saturation, hue)
        ]
        return order, *draws

    def forward(self, img: Any) -> Any:
        order, *factors = self.get_params(
            self.brightness, self.contrast, self.saturation, self.hue
        )
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for at in order.tolist():
            if factors[at] is not None:
                img = changes[at](img, factors[at])
        return img


class Grayscale(Transform):
    """`functional.rgb_to_grayscale`."""

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    shown = ("num_output_channels",)

    def forward(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, self.num_output_channels)


class RandomGrayscale(Transform):
    """Grey with a probability, with as many channels as before."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    shown = ("p",)

    def forward(self, img: Any) -> Any:
        channels = F.get_image_num_channels(img)
        return F.rgb_to_grayscale(img, channels) if chance(self.p) else img


class GaussianBlur(Transform):
    """Smoothed by a Gaussian of random width."""

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = F.pair(kernel_size, "Kernel size should be a tuple/list of two integers")
        if any(one <= 0 or one % 2 == 0 for one in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, numbers.Number):
            if sigma <= 0:  # type: ignore[operator]
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (sigma, sigma)
        if not 0.0 < sigma[0] <= sigma[1]:
            raise ValueError("sigma values should be positive and of the form (min, max).")
        self.sigma = sigma

    shown = ("kernel_size", "sigma")

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """The width of a draw."""
        return uniform(sigma_min, sigma_max)

    def forward(self, img: Any) -> Any:
        sigma = self.get_params(self.sigma[0], self.sigma[1])
        return F.gaussian_blur(img, list(self.kernel_size), [sigma, sigma])


class _Sometimes(Transform):
    """A function applied with a probability."""

    function: Callable[..., Any]

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    shown = ("p",)

    def arguments(self) -> tuple[Any, ...]:
        return ()

    def forward(self, img: Any) -> Any:
        return type(self).function(img, *self.arguments()) if chance(self.p) else img

    def __repr__(self) -> str:
        facts = [f"{name}={getattr(self, name)}" for name in self.shown]
        return f"{type(self).__name__}({','.join(facts)})"


class RandomInvert(_Sometimes):
    """The negative with a probability."""

    function = F.invert


class RandomAutocontrast(_Sometimes):
    """Each channel stretched over all values, with a probability."""

    function = F.autocontrast


class RandomEqualize(_Sometimes):
    """Each channel's values spread evenly, with a probability."""

    function = F.equalize


class RandomPosterize(_Sometimes):
    """Fewer bits a channel with a probability."""

    function = F.posterize
    shown = ("bits", "p")

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def arguments(self) -> tuple[Any, ...]:
        return (self.bits,)


class RandomSolarize(_Sometimes):
    """The negative of what is bright, with a probability."""

    function = F.solarize
    shown = ("threshold", "p")

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def arguments(self) -> tuple[Any, ...]:
        return (self.threshold,)


class RandomAdjustSharpness(_Sometimes):
    """`functional.adjust_sharpness` with a probability."""

    function = F.adjust_sharpness
    shown = ("sharpness_factor", "p")

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def arguments(self) -> tuple[Any, ...]:
        return (self.sharpness_factor,)
