"""Learnt and random sequences of changes: AutoAugment, RandAugment, TrivialAugment and AugMix.

Cubuk et al. 2018 and 2019, Mueller and Hutter 2021, Hendrycks et al. 2019.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import compat as torch
from compat.vision.transforms import functional as F
from compat.vision.transforms.base import Transform
from compat.vision.transforms.names import InterpolationMode

# For each change its sizes, None for one without, and whether its sign is drawn.
Space = dict[str, tuple[list[float] | None, bool]]


class AutoAugmentPolicy(enum.Enum):
    """The data that a policy was learnt on."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


# The papers' policies: two changes each, with their probability and size.
_POLICIES = {
    AutoAugmentPolicy.IMAGENET: """
        Posterize .4 8 Rotate .6 9; Solarize .6 5 AutoContrast .6 -;
        Equalize .8 - Equalize .6 -; Posterize .6 7 Posterize .6 6;
        Equalize .4 - Solarize .2 4; Equalize .4 - Rotate .8 8;
        Solarize .6 3 Equalize .6 -; Posterize .8 5 Equalize 1 -;
        Rotate .2 3 Solarize .6 8; Equalize .6 - Posterize .4 6;
        Rotate .8 8 Color .4 0; Rotate .4 9 Equalize .6 -;
        Equalize 0 - Equalize .8 -; Invert .6 - Equalize 1 -;
        Color .6 4 Contrast 1 8; Rotate .8 8 Color 1 2;
        Color .8 8 Solarize .8 7; Sharpness .4 7 Invert .6 -;
        ShearX .6 5 Equalize 1 -; Color .4 0 Equalize .6 -;
        Equalize .4 - Solarize .2 4; Solarize .6 5 AutoContrast .6 -;
        Invert .6 - Equalize 1 -; Color .6 4 Contrast 1 8;
        Equalize .8 - Equalize .6 -
    """,
    AutoAugmentPolicy.CIFAR10: """
        Invert .1 - Contrast .2 6; Rotate .7 2 TranslateX .3 9;
        Sharpness .8 1 Sharpness .9 3; ShearY .5 8 TranslateY .7 9;
        AutoContrast .5 - Equalize .9 -; ShearY .2 7 Posterize .3 7;
        Color .4 3 Brightness .6 7; Sharpness .3 9 Brightness .7 9;
        Equalize .6 - Equalize .5 -; Contrast .6 7 Sharpness .6 5;
        Color .7 7 TranslateX .5 8; Equalize .3 - AutoContrast .4 -;
        TranslateY .4 3 Sharpness .2 6; Brightness .9 6 Color .2 8;
        Solarize .5 2 Invert 0 -; Equalize .2 - AutoContrast .6 -;
        Equalize .2 - Equalize .6 -; Color .9 9 Equalize .6 -;
        AutoContrast .8 - Solarize .2 8; Brightness .1 3 Color .7 0;
        Solarize .4 5 AutoContrast .9 -; TranslateY .9 9 TranslateY .7 9;
        AutoContrast .9 - Solarize .8 3; Equalize .8 - Invert .1 -;
        TranslateY .7 9 AutoContrast .9 -
    """,
    AutoAugmentPolicy.SVHN: """
        ShearX .9 4 Invert .2 -; ShearY .9 8 Invert .7 -;
        Equalize .6 - Solarize .6 6; Invert .9 - Equalize .6 -;
        Equalize .6 - Rotate .9 3; ShearX .9 4 AutoContrast .8 -;
        ShearY .9 8 Invert .4 -; ShearY .9 5 Solarize .2 6;
        Invert .9 - AutoContrast .8 -; Equalize .6 - Rotate .9 3;
        ShearX .9 4 Solarize .3 3; ShearY .8 8 Invert .7 -;
        Equalize .9 - TranslateY .6 6; Invert .9 - Equalize .6 -;
        Contrast .3 3 Rotate .8 4; Invert .8 - TranslateY 0 2;
        ShearY .7 6 Solarize .4 8; Invert .6 - Rotate .8 4;
        ShearY .3 7 TranslateX .9 3; ShearX .1 6 Invert .6 -;
        Solarize .7 2 TranslateY .6 7; ShearY .8 4 Invert .8 -;
        ShearX .7 9 TranslateY .8 3; ShearY .8 5 AutoContrast .7 -;
        ShearX .7 2 Invert .1 -
    """,
}


Step = tuple[str, float, int | None]


def policies(policy: AutoAugmentPolicy) -> list[tuple[Step, Step]]:
    """The 25 pairs of changes of a policy: name, probability, and number of the size."""
    if policy not in _POLICIES:
        raise ValueError(f"The provided policy {policy} is not recognized.")
    found = []
    for line in _POLICIES[policy].split(";"):
        words = line.split()
        pair = [
            (words[at], float(words[at + 1]), None if words[at + 2] == "-" else int(words[at + 2]))
            for at in (0, 3)
        ]
        found.append((pair[0], pair[1]))
    return found


def _line(start: float, end: float, count: int) -> list[float]:
    """Evenly from one number to another, from the nearer end, each rounded once to float32: the
    last bit tells on which side of a threshold a pixel is."""
    first, last = np.float32(start), np.float32(end)
    step, at = float((last - first) / np.float32(count - 1)), np.arange(count)
    up, down = float(first) + step * at, float(last) - step * (count - 1 - at)
    return np.where(at < count // 2, up, down).astype(np.float32).tolist()


def _bits(most: int, lost: int, count: int) -> list[float]:
    """Fewer and fewer bits: from `most`, `lost` of them in all."""
    gone = np.round(np.arange(count, dtype=np.float32) / np.float32((count - 1) / lost))
    return (most - gone).astype(int).tolist()


def space(
    count: int, shear: float, across: float, along: float, turn: float, bright: float,
    bits: list[float],
) -> Space:  # fmt: skip
    """The changes of all four, of sizes from none to these."""
    made: Space = {
        "ShearX": (_line(0.0, shear, count), True), "ShearY": (_line(0.0, shear, count), True),
        "TranslateX": (_line(0.0, across, count), True),
        "TranslateY": (_line(0.0, along, count), True), "Rotate": (_line(0.0, turn, count), True),
    }  # fmt: skip
    for name in ("Brightness", "Color", "Contrast", "Sharpness"):
        made[name] = _line(0.0, bright, count), True
    made["Posterize"] = bits, False
    made["Solarize"] = _line(255.0, 0.0, count), False
    return made | {"AutoContrast": (None, False), "Equalize": (None, False)}


def learnt_space(count: int, size: tuple[int, int]) -> Space:
    """AutoAugment's and RandAugment's changes for a (height, width)."""
    across, along = (150.0 / 331.0 * length for length in (size[1], size[0]))
    return space(count, 0.3, across, along, 30.0, 0.9, _bits(8, 4, count))


def wide_space(count: int) -> Space:
    """TrivialAugment's changes."""
    return space(count, 0.99, 32.0, 32.0, 135.0, 0.99, _bits(8, 6, count))


def mixed_space(count: int, size: tuple[int, int], all_ops: bool) -> Space:
    """AugMix's changes, with those of colours last or left out."""
    found = space(
        count, 0.3, size[1] / 3.0, size[0] / 3.0, 30.0, 0.9, _bits(4, 4, count)
    )
    late = ("Brightness", "Color", "Contrast", "Sharpness")
    early = {name: one for name, one in found.items() if name not in late}
    return early | ({name: found[name] for name in late} if all_ops else {})


def _slanted(image: Any, shear: list[float], mode: Any, fill: Any) -> Any:
    return F.affine(image, 0.0, [0, 0], 1.0, shear, mode, fill, [0, 0])


_ENHANCED: dict[str, Callable[[Any, float], Any]] = {
    "Brightness": F.adjust_brightness, "Color": F.adjust_saturation,
    "Contrast": F.adjust_contrast, "Sharpness": F.adjust_sharpness,
}  # fmt: skip
_PLAIN: dict[str, Callable[[Any], Any]] = {
    "AutoContrast": F.autocontrast, "Equalize": F.equalize, "Invert": F.invert,
    "Identity": lambda image: image,
}  # fmt: skip


def changed(image: Any, name: str, size: float, mode: Any, fill: Any) -> Any:
    """An image after a change of a size."""
    if name in _ENHANCED:
        return _ENHANCED[name](image, 1.0 + size)
    if name in _PLAIN:
        return _PLAIN[name](image)
    if name == "ShearX":
        return _slanted(image, [math.degrees(math.atan(size)), 0.0], mode, fill)
    if name == "ShearY":
        return _slanted(image, [0.0, math.degrees(math.atan(size))], mode, fill)
    if name in ("TranslateX", "TranslateY"):
        shift = [int(size), 0] if name == "TranslateX" else [0, int(size)]
        return F.affine(image, 0.0, shift, 1.0, [0.0, 0.0], mode, fill)
    if name == "Rotate":
        return F.rotate(image, size, mode, fill=fill)
    if name == "Posterize":
        return F.posterize(image, int(size))
    if name == "Solarize":
        return F.solarize(image, size)
    raise ValueError(f"The provided operator {name} is not recognized.")


def filling(image: Any, fill: Any) -> Any:
    """A fill as turning an image wants it: a number for each channel of a tensor."""
    if not isinstance(image, torch.Tensor) or fill is None:
        return fill
    if isinstance(fill, int | float):
        return [float(fill)] * F.get_dimensions(image)[0]
    return [float(one) for one in fill]


def _draw(limit: int) -> int:
    return int(torch.randint(limit, (1,)).item())


class _Augment(Transform):
    interpolation: Any
    fill: Any

    def _change(self, image: Any, name: str, size: float, signed: bool) -> Any:
        """A change whose sign is drawn where it has one."""
        size = -size if signed and _draw(2) else size
        return changed(image, name, size, self.interpolation, filling(image, self.fill))

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={getattr(self, name)}" for name in self.shown)
        return f"{type(self).__name__}({facts})"


class AutoAugment(_Augment):
    """One of the pairs of changes that were learnt on some data."""

    shown = ("policy", "fill")

    def __init__(
        self, policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: Any = InterpolationMode.NEAREST, fill: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.policy, self.interpolation, self.fill = policy, interpolation, fill
        self.policies = policies(policy)

    @staticmethod
    def get_params(transform_num: int) -> tuple[int, torch.Tensor, torch.Tensor]:
        """The pair, two numbers for the probabilities, and two signs, of a draw."""
        return _draw(transform_num), torch.rand((2,)), torch.randint(2, (2,))

    def forward(self, img: Any) -> Any:
        which, chances, signs = self.get_params(len(self.policies))
        _, height, width = F.get_dimensions(img)
        sizes = learnt_space(10, (height, width)) | {"Invert": (None, False)}
        steps = zip(self.policies[which], chances.tolist(), signs.tolist(), strict=True)
        fill = filling(img, self.fill)
        for (name, probability, number), chance, sign in steps:
            if chance > probability:
                continue
            listed, signed = sizes[name]
            size = 0.0 if number is None or listed is None else listed[number]
            size = -size if signed and sign == 0 else size
            img = changed(img, name, size, self.interpolation, fill)
        return img


class RandAugment(_Augment):
    """Some changes, all of one size."""

    shown = ("num_ops", "magnitude", "num_magnitude_bins", "interpolation", "fill")

    def __init__(
        self, num_ops: int = 2, magnitude: int = 9, num_magnitude_bins: int = 31,
        interpolation: Any = InterpolationMode.NEAREST, fill: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_ops, self.magnitude = num_ops, magnitude
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation, self.fill = interpolation, fill

    def forward(self, img: Any) -> Any:
        _, height, width = F.get_dimensions(img)
        sizes: Space = {"Identity": (None, False)}
        sizes |= learnt_space(self.num_magnitude_bins, (height, width))
        names = list(sizes)
        for _ in range(self.num_ops):
            name = names[_draw(len(names))]
            listed, signed = sizes[name]
            img = self._change(img, name, listed[self.magnitude] if listed else 0.0, signed)
        return img


class TrivialAugmentWide(_Augment):
    """One change of any size."""

    shown = ("num_magnitude_bins", "interpolation", "fill")

    def __init__(
        self, num_magnitude_bins: int = 31, interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation, self.fill = interpolation, fill

    def forward(self, img: Any) -> Any:
        sizes: Space = {"Identity": (None, False)} | wide_space(self.num_magnitude_bins)
        name = list(sizes)[_draw(len(sizes))]
        listed, signed = sizes[name]
        return self._change(img, name, listed[_draw(len(listed))] if listed else 0.0, signed)


def dirichlet(alpha: list[float]) -> list[float]:
    """A draw from a Dirichlet distribution, of gamma draws as torch makes it."""
    drawn = torch._standard_gamma(torch.tensor(alpha, dtype=torch.float64))
    return (drawn / drawn.sum()).tolist()


class AugMix(_Augment):
    """A mean of an image and of several chains of changes of it."""

    shown = (
        "severity", "mixture_width", "chain_depth", "alpha", "all_ops", "interpolation", "fill",
    )  # fmt: skip

    def __init__(
        self, severity: int = 3, mixture_width: int = 3, chain_depth: int = -1,
        alpha: float = 1.0, all_ops: bool = True,
        interpolation: Any = InterpolationMode.BILINEAR, fill: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if not 1 <= severity <= 10:
            raise ValueError(f"The severity must be between [1, 10]. Got {severity} instead.")
        self.severity, self.mixture_width = severity, mixture_width
        self.chain_depth, self.alpha, self.all_ops = chain_depth, alpha, all_ops
        self.interpolation, self.fill = interpolation, fill

    def forward(self, orig_img: Any) -> Any:
        image = orig_img
        if not isinstance(image, torch.Tensor):
            image = F.pil_to_tensor(image)
        if image.dim() > 3:
            raise NotImplementedError("transforms.AugMix of several images at once")
        _, height, width = F.get_dimensions(image)
        sizes = mixed_space(10, (height, width), self.all_ops)
        names = list(sizes)
        kept, rest = dirichlet([self.alpha, self.alpha])
        weights = dirichlet([self.alpha] * self.mixture_width)
        made = kept * image
        for weight in weights:
            part = image
            depth = self.chain_depth
            if depth <= 0:
                depth = int(torch.randint(low=1, high=4, size=(1,)).item())
            for _ in range(depth):
                name = names[_draw(len(names))]
                listed, signed = sizes[name]
                size = listed[_draw(self.severity)] if listed else 0.0
                part = self._change(part, name, size, signed)
            made = made + weight * rest * part
        made = made.to(image.dtype)
        return made if isinstance(orig_img, torch.Tensor) else F.to_pil_image(made)
