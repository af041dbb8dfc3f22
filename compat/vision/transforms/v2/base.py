"""What transforms of version 2 have in common: samples of any structure, one draw for each."""

from __future__ import annotations

import enum
from typing import Any

import compat as torch
from compat.utils import _pytree
from compat.vision.transforms import pictures
from compat.vision.transforms.base import chance
from compat.vision.transforms.names import InterpolationMode
from compat.vision.transforms.v2 import functional as F
from compat.vision.tv_tensors import BoundingBoxes, Image, KeyPoints, Mask, TVTensor, Video

Leaves = list[Any]


def is_image(inpt: Any) -> bool:
    """Whether this is a picture, as an Image, a Video, or one of PIL's."""
    return isinstance(inpt, Image | Video) or pictures.is_picture(inpt)


def sample_of(inputs: tuple[Any, ...]) -> Any:
    """What a transform was called with: one input, or several as a tuple."""
    return next(iter(inputs)) if len(inputs) == 1 else inputs


def size_of(leaves: Leaves) -> tuple[int, int]:
    """The one (height, width) of all pictures, masks and boxes; ValueError when they differ."""
    found = {
        tuple(F.get_size(one))
        for one in leaves
        if is_image(one) or F.is_pure_tensor(one)
        or isinstance(one, Mask | BoundingBoxes | KeyPoints)
    }  # fmt: skip
    if not found:
        raise TypeError("No image, video, mask, bounding box of keypoint was found in the sample")
    if len(found) > 1:
        raise ValueError(f"Found multiple HxW dimensions in the sample: {sorted(found)}")
    height, width = found.pop()
    return height, width


def channels_of(leaves: Leaves) -> int:
    """The number of channels of the pictures."""
    found = {F.get_num_channels(one) for one in leaves if is_image(one) or F.is_pure_tensor(one)}
    if len(found) != 1:
        raise ValueError(f"Found multiple numbers of channels in the sample: {sorted(found)}")
    return found.pop()


class Transform(torch.nn.Module):
    """A transform of samples; to be inherited from.

    make_params(flat_inputs)  draws what a sample needs, as a dict
    transform(inpt, params)   changes one part of it

    It takes pictures, masks, boxes and so on, in tuples, lists and dicts. A plain tensor counts as
    the picture where it is the first and there is no other; the rest stays as it is.
    """

    _transformed_types: tuple[Any, ...] = (torch.Tensor,)

    def check_inputs(self, flat_inputs: Leaves) -> None:
        """Refuses samples that this transform cannot take."""

    def make_params(self, flat_inputs: Leaves) -> dict[str, Any]:
        """Draws for one sample."""
        return {}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        raise NotImplementedError(f"{type(self).__name__}.transform")

    def _flat(self, inputs: tuple[Any, ...]) -> tuple[Leaves, Any]:
        return _pytree.tree_flatten(sample_of(inputs))

    def forward(self, *inputs: Any) -> Any:
        leaves, spec = self._flat(inputs)
        self.check_inputs(leaves)
        wanted = self._wanted(leaves)
        params = self.make_params([one for one, yes in zip(leaves, wanted, strict=True) if yes])
        made = [
            self.transform(one, params) if yes else one
            for one, yes in zip(leaves, wanted, strict=True)
        ]
        return _pytree.tree_unflatten(made, spec)

    def _takes(self, inpt: Any) -> bool:
        return isinstance(inpt, self._transformed_types) or pictures.is_picture(inpt)

    def _wanted(self, leaves: Leaves) -> list[bool]:
        open_ = not any(is_image(one) for one in leaves)
        wanted = []
        for one in leaves:
            takes = self._takes(one)
            if takes and F.is_pure_tensor(one):
                takes, open_ = open_, False
            wanted.append(takes)
        return wanted

    def extra_repr(self) -> str:
        """The settings that are plain."""
        plain = (bool, int, float, str, tuple, list, enum.Enum)
        facts = []
        for name, value in self.__dict__.items():
            if name.startswith("_") or name == "training" or not isinstance(value, plain):
                continue
            shown = value.value if isinstance(value, InterpolationMode) else value
            facts.append(f"{name}={shown}")
        return ", ".join(facts)


class Sometimes(Transform):
    """A transform applied with a probability, one draw a sample."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        self.p = p

    def forward(self, *inputs: Any) -> Any:
        leaves, _ = self._flat(inputs)
        self.check_inputs(leaves)
        if not chance(self.p):
            return sample_of(inputs)
        return super().forward(*inputs)


def is_kind(inpt: Any, *kinds: type) -> bool:
    """Whether this is a tensor of one of these kinds."""
    return isinstance(inpt, TVTensor) and isinstance(inpt, kinds)
