"""Learnt and random sequences of changes, of the one picture in a sample."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.utils import _pytree
from compat.vision.transforms import autoaugment as first
from compat.vision.transforms.autoaugment import AutoAugmentPolicy, Space
from compat.vision.transforms.names import InterpolationMode
from compat.vision.transforms.v2 import functional as F
from compat.vision.transforms.v2.base import Transform, is_image, sample_of
from compat.vision.tv_tensors import BoundingBoxes, KeyPoints, Mask


def _with_parts(sizes: Space, count: int) -> Space:
    """Sizes with thresholds from 1 to 0, so that they fit pictures of numbers too."""
    return sizes | {"Solarize": (first._line(1.0, 0.0, count), False)}


def _draw(limit: int) -> int:
    return int(torch.randint(limit, ()).item())


class _Augment(Transform):
    """Changes of one picture; `augmented` makes them."""

    def __init__(self, interpolation: Any, fill: Any) -> None:
        super().__init__()
        self.interpolation, self.fill = interpolation, fill

    def augmented(self, image: Any) -> Any:
        """The picture after the changes."""
        raise NotImplementedError(f"{type(self).__name__}.augmented")

    def forward(self, *inputs: Any) -> Any:
        leaves, spec = _pytree.tree_flatten(sample_of(inputs))
        for one in leaves:
            if isinstance(one, BoundingBoxes | Mask | KeyPoints):
                raise TypeError(
                    f"Inputs of type {type(one).__name__} are not supported by "
                    f"{type(self).__name__}()"
                )
        found = [at for at, one in enumerate(leaves) if is_image(one)]
        found = found or [at for at, one in enumerate(leaves) if F.is_pure_tensor(one)][:1]
        if not found:
            raise TypeError("Found no image in the sample.")
        if len(found) > 1:
            raise TypeError(
                f"Auto augment transformations are only properly defined for a single image or "
                f"video, but found {len(found)}."
            )
        leaves[found[0]] = self.augmented(leaves[found[0]])
        return _pytree.tree_unflatten(leaves, spec)

    def _filling(self, image: Any) -> Any:
        fill = self.fill.get("others") if isinstance(self.fill, dict) else self.fill
        return first.filling(F._plain(image), fill)

    def _changed(self, image: Any, name: str, size: float) -> Any:
        if name == "Solarize":  # a part of white, whatever white is
            numbers = isinstance(image, torch.Tensor) and image.is_floating_point()
            return F.solarize(image, size if numbers else 255 * size)
        if name == "Posterize":
            return F.posterize(image, int(size))
        if name == "Equalize":
            return F.equalize(image)
        return F._image(image, first.changed, name, size, self.interpolation, self._filling(image))

    def _sized(self, image: Any, name: str, size: float, signed: bool) -> Any:
        """A change whose sign is drawn where it has one."""
        size = -size if signed and torch.rand(()).item() <= 0.5 else size
        return self._changed(image, name, size)


class AutoAugment(_Augment):
    """One of the pairs of changes that were learnt on some data."""

    def __init__(
        self, policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: Any = InterpolationMode.NEAREST, fill: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(interpolation, fill)
        self.policy = policy
        self._policies = first.policies(policy)

    def augmented(self, image: Any) -> Any:
        """The picture after the changes."""
        height, width = F.get_size(image)
        sizes = _with_parts(first.learnt_space(10, (height, width)), 10)
        sizes |= {"Invert": (None, False)}
        for name, probability, number in self._policies[_draw(len(self._policies))]:
            if not torch.rand(()).item() <= probability:
                continue
            listed, signed = sizes[name]
            if listed is None or number is None:
                image = self._changed(image, name, 0.0)
            else:
                image = self._sized(image, name, listed[number], signed)
        return image


class RandAugment(_Augment):
    """Some changes, all of one size."""

    def __init__(
        self, num_ops: int = 2, magnitude: int = 9, num_magnitude_bins: int = 31,
        interpolation: Any = InterpolationMode.NEAREST, fill: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(interpolation, fill)
        self.num_ops, self.magnitude = num_ops, magnitude
        self.num_magnitude_bins = num_magnitude_bins

    def augmented(self, image: Any) -> Any:
        """The picture after the changes."""
        height, width = F.get_size(image)
        sizes: Space = {"Identity": (None, False)}
        count = self.num_magnitude_bins
        sizes |= _with_parts(first.learnt_space(count, (height, width)), count)
        for _ in range(self.num_ops):
            name = list(sizes)[_draw(len(sizes))]
            listed, signed = sizes[name]
            if listed is None:
                image = self._changed(image, name, 0.0)
            else:
                image = self._sized(image, name, listed[self.magnitude], signed)
        return image


class TrivialAugmentWide(_Augment):
    """One change of any size."""

    def __init__(
        self, num_magnitude_bins: int = 31, interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(interpolation, fill)
        self.num_magnitude_bins = num_magnitude_bins

    def augmented(self, image: Any) -> Any:
        """The picture after the change."""
        count = self.num_magnitude_bins
        sizes: Space = {"Identity": (None, False)} | _with_parts(first.wide_space(count), count)
        name = list(sizes)[_draw(len(sizes))]
        listed, signed = sizes[name]
        if listed is None:
            return self._changed(image, name, 0.0)
        return self._sized(image, name, listed[_draw(len(listed))], signed)


class AugMix(_Augment):
    """A mean of a picture and of several chains of changes of it."""

    def __init__(
        self, severity: int = 3, mixture_width: int = 3, chain_depth: int = -1,
        alpha: float = 1.0, all_ops: bool = True,
        interpolation: Any = InterpolationMode.BILINEAR, fill: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(interpolation, fill)
        if not 1 <= severity <= 10:
            raise ValueError(f"The severity must be between [1, 10]. Got {severity} instead.")
        self.severity, self.mixture_width = severity, mixture_width
        self.chain_depth, self.alpha, self.all_ops = chain_depth, alpha, all_ops

    def augmented(self, image: Any) -> Any:
        """The picture after the changes."""
        height, width = F.get_size(image)
        sizes = _with_parts(first.mixed_space(10, (height, width), self.all_ops), 10)
        names = list(sizes)
        plain = F._plain(image)
        given = plain if isinstance(plain, torch.Tensor) else F.pil_to_tensor(plain)
        if given.dim() > 3:
            raise NotImplementedError("transforms.v2.AugMix of several images at once")
        kept, rest = first.dirichlet([self.alpha, self.alpha])
        weights = first.dirichlet([self.alpha] * self.mixture_width)
        made = kept * given
        for weight in weights:
            part = given
            depth = self.chain_depth
            if depth <= 0:
                depth = int(torch.randint(low=1, high=4, size=()).item())
            for _ in range(depth):
                name = names[_draw(len(names))]
                listed, signed = sizes[name]
                if listed is None:
                    part = self._changed(part, name, 0.0)
                else:
                    part = self._sized(part, name, listed[_draw(self.severity)], signed)
            made = made + weight * rest * part
        made = made.to(given.dtype)
        if not isinstance(plain, torch.Tensor):
            return F.to_pil_image(made)
        return F._kept(image, made)
