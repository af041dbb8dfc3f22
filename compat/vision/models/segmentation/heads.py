"""What segmentation networks have in common: a backbone, heads on it, pictures' own size again."""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import Any

import compat as torch
from compat import nn
from compat.vision.models.weights import SITE, Weights, checkpoints, loaded
from compat.vision.transforms._presets import SemanticSegmentation

F = nn.functional

VOC = (
    "__background__", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat",
    "chair", "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep",
    "sofa", "train", "tvmonitor",
)  # fmt: skip


def voc(name: str, file: str) -> Any:
    """The checkpoint of a model trained on COCO with the classes of VOC."""
    meta = {"categories": list(VOC), "min_size": (1, 1), "num_classes": len(VOC)}
    transforms = functools.partial(SemanticSegmentation, resize_size=520)
    key = "COCO_WITH_VOC_LABELS_V1"
    return checkpoints(name, {key: Weights(SITE + file, transforms, meta)}, key)


def _fixed(settings: dict[str, Any], name: str, value: Any) -> None:
    given = settings.get(name)
    if given is not None and given != value:
        raise ValueError(
            f"The parameter '{name}' expected value {value} but got {given} instead."
        )
    settings[name] = value


def with_head(
    function: Any, settings: dict[str, Any], chosen: Any, progress: bool, aside: bool = True
) -> Any:
    """A checkpoint is of 21 classes and, where there is one, has the head on the side."""
    _fixed(settings, "num_classes", len(chosen.meta["categories"]))
    if aside:
        _fixed(settings, "aux_loss", True)
    return loaded(function, settings, chosen, progress)


class SimpleSegmentationModel(nn.Module):
    """A head on a backbone's "out", and perhaps one on its "aux".

    It gives an OrderedDict of logits (N, classes, H, W) for images (N, 3, H, W).
    """

    __constants__ = ["aux_classifier"]

    def __init__(
        self, backbone: nn.Module, classifier: nn.Module, aux_classifier: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.backbone, self.classifier, self.aux_classifier = backbone, classifier, aux_classifier

    def forward(self, x: torch.Tensor) -> OrderedDict[str, torch.Tensor]:
        size, features = x.shape[-2:], self.backbone(x)
        made: OrderedDict[str, torch.Tensor] = OrderedDict()
        for name, head in (("out", self.classifier), ("aux", self.aux_classifier)):
            if head is not None:
                small = head(features[name])
                made[name] = F.interpolate(small, size=size, mode="bilinear", align_corners=False)
        return made


class FCNHead(nn.Sequential):
    """A 3 x 3 convolution and a classifier of each place."""

    def __init__(self, in_channels: int, channels: int) -> None:
        width = in_channels // 4
        super().__init__(
            nn.Conv2d(in_channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width),
            nn.ReLU(), nn.Dropout(0.1), nn.Conv2d(width, channels, 1),
        )  # fmt: skip


def stages(features: nn.Sequential) -> list[int]:
    """Where a MobileNet's features halve the size, and their ends."""
    return [
        0, *(at for at, one in enumerate(features) if getattr(one, "_is_cn", False)),
        len(features) - 1,
    ]  # fmt: skip
