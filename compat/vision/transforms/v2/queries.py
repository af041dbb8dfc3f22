"""Questions about samples: torchvision.transforms.v2's own, for those who write transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compat.vision.transforms.v2 import functional as F
from compat.vision.transforms.v2.base import Leaves, channels_of, is_image, size_of
from compat.vision.tv_tensors import BoundingBoxes, KeyPoints

Kind = type | Callable[[Any], bool]


def check_type(obj: Any, types_or_checks: tuple[Kind, ...]) -> bool:
    """Whether something is of one of these types, or one of these functions says so."""
    return any(
        isinstance(obj, one) if isinstance(one, type) else bool(one(obj))
        for one in types_or_checks
    )


def has_any(flat_inputs: Leaves, *types_or_checks: Kind) -> bool:
    """Whether one of the inputs is of one of these kinds."""
    return any(check_type(one, types_or_checks) for one in flat_inputs)


def has_all(flat_inputs: Leaves, *types_or_checks: Kind) -> bool:
    """Whether each of these kinds is among the inputs."""
    return all(has_any(flat_inputs, kind) for kind in types_or_checks)


def query_size(flat_inputs: Leaves) -> tuple[int, int]:
    """The one (height, width) of a sample; ValueError when there are several."""
    return size_of(flat_inputs)


def query_chw(flat_inputs: Leaves) -> tuple[int, int, int]:
    """The one (channels, height, width) of a sample's pictures."""
    found = [
        one
        for one in flat_inputs
        if F.is_pure_tensor(one) or is_image(one)
    ]
    return channels_of(found), *size_of(found)


def get_bounding_boxes(flat_inputs: Leaves) -> BoundingBoxes:
    """The first boxes of a sample; ValueError without any."""
    for one in flat_inputs:
        if isinstance(one, BoundingBoxes):
            return one
    raise ValueError("No bounding boxes were found in the sample")


def get_keypoints(flat_inputs: Leaves) -> KeyPoints:
    """The first points of a sample; ValueError without any."""
    for one in flat_inputs:
        if isinstance(one, KeyPoints):
            return one
    raise ValueError("No keypoints were found in the sample")
