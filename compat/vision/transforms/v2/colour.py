"""Colours, brightness, sharpness, noise: transforms of what pixels are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import compat as torch
from compat.vision.transforms import colour as first
from compat.vision.transforms.base import uniform
from compat.vision.transforms.v2 import functional as F
from compat.vision.transforms.v2.base import Leaves, Sometimes, Transform, channels_of
from compat.vision.tv_tensors import Image, Video


class Coloured(Transform):
    """A transform of pictures and films only."""

    def _takes(self, inpt: Any) -> bool:
        return F.is_pure_tensor(inpt) or isinstance(inpt, Image | Video) or F.pictures.is_picture(
            inpt
        )


class SometimesColoured(Sometimes, Coloured):
    """A function of colours applied with a probability; `settings` names its arguments."""

    function: Callable[..., Any]
    settings: tuple[str, ...] = ()

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return type(self).function(inpt, *(getattr(self, name) for name in self.settings))


class Grayscale(Coloured):
    """`functional.rgb_to_grayscale`."""

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.rgb_to_grayscale(inpt, self.num_output_channels)


class RGB(Coloured):
    """`functional.grayscale_to_rgb`."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.grayscale_to_rgb(inpt)


class RandomGrayscale(SometimesColoured):
    """Grey with a probability, with as many channels as before."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """What the sample is like."""
        return {"channels": channels_of(flat_inputs)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.rgb_to_grayscale(inpt, params["channels"])


class ColorJitter(Coloured):
    """Brightness, contrast, saturation and hue changed at random, in random order."""

    def __init__(
        self, brightness: Any = None, contrast: Any = None, saturation: Any = None, hue: Any = None
    ) -> None:
        super().__init__()
        given = (0 if one is None else one for one in (brightness, contrast, saturation, hue))
        known = first.ColorJitter(*given)
        self.brightness, self.contrast = known.brightness, known.contrast
        self.saturation, self.hue = known.saturation, known.hue

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        order, *factors = first.ColorJitter.get_params(
            self.brightness, self.contrast, self.saturation, self.hue
        )
        return {"order": order.tolist(), "factors": factors}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for at in params["order"]:
            if params["factors"][at] is not None:
                inpt = changes[at](inpt, params["factors"][at])
        return inpt


class RandomChannelPermutation(Coloured):
    """The channels in a random order."""

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        return {"permutation": torch.randperm(channels_of(flat_inputs)).tolist()}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.permute_channels(inpt, params["permutation"])


class RandomPhotometricDistort(Coloured):
    """Brightness, contrast, saturation, hue and the order of channels changed, each perhaps."""

    def __init__(
        self, brightness: tuple[float, float] = (0.875, 1.125),
        contrast: tuple[float, float] = (0.5, 1.5), saturation: tuple[float, float] = (0.5, 1.5),
        hue: tuple[float, float] = (-0.05, 0.05), p: float = 0.5,
    ) -> None:  # fmt: skip
        super().__init__()
        self.brightness, self.contrast = brightness, contrast
        self.hue, self.saturation, self.p = hue, saturation, p

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        count = channels_of(flat_inputs)

        def factor(low: float, high: float) -> float | None:
            return uniform(low, high) if torch.rand(1).item() < self.p else None

        names = ("brightness", "contrast", "saturation", "hue")
        drawn: dict[str, Any] = {name: factor(*getattr(self, name)) for name in names}
        drawn["before"] = torch.rand(()).item() < 0.5
        permuted = torch.rand(1).item() < self.p
        drawn["order"] = torch.randperm(count).tolist() if permuted else None
        return drawn

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        steps: list[tuple[Any, Any]] = [(F.adjust_brightness, params["brightness"])]
        contrast = (F.adjust_contrast, params["contrast"])
        rest = [(F.adjust_saturation, params["saturation"]), (F.adjust_hue, params["hue"])]
        steps += [contrast, *rest] if params["before"] else [*rest, contrast]
        steps.append((F.permute_channels, params["order"]))
        for function, value in steps:
            if value is not None:
                inpt = function(inpt, value)
        return inpt


class GaussianBlur(Coloured):
    """Smoothed by a Gaussian of random width."""

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        super().__init__()
        known = first.GaussianBlur(kernel_size, sigma)
        self.kernel_size, self.sigma = known.kernel_size, list(known.sigma)

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        sigma = uniform(self.sigma[0], self.sigma[1])
        return {"sigma": [sigma, sigma]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.gaussian_blur(inpt, list(self.kernel_size), params["sigma"])


class GaussianNoise(Coloured):
    """`functional.gaussian_noise`."""

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> None:
        super().__init__()
        self.mean, self.sigma, self.clip = mean, sigma, clip

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.gaussian_noise(inpt, self.mean, self.sigma, self.clip)


class RandomInvert(SometimesColoured):
    """The negative with a probability."""

    function = F.invert


class RandomAutocontrast(SometimesColoured):
    """Each channel stretched over all values, with a probability."""

    function = F.autocontrast


class RandomEqualize(SometimesColoured):
    """Each channel's values spread evenly, with a probability."""

    function = F.equalize


class RandomPosterize(SometimesColoured):
    """Fewer bits a channel with a probability."""

    function, settings = F.posterize, ("bits",)

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits


class RandomSolarize(SometimesColoured):
    """The negative of what is bright, with a probability."""

    function, settings = F.solarize, ("threshold",)

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold


class RandomAdjustSharpness(SometimesColoured):
    """`functional.adjust_sharpness` with a probability."""

    function, settings = F.adjust_sharpness, ("sharpness_factor",)

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor
