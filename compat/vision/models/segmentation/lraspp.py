"""Lite R-ASPP, MobileNet v3's own network for segmentation: Howard et al. 2019."""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import Any

import compat as torch
from compat import nn
from compat.vision.models._utils import IntermediateLayerGetter
from compat.vision.models.mobilenetv3 import MobileNet_V3_Large_Weights, mobilenet_v3_large
from compat.vision.models.segmentation.heads import stages, voc, with_head
from compat.vision.models.weights import builder

__all__ = ["LRASPP", "LRASPP_MobileNet_V3_Large_Weights", "lraspp_mobilenet_v3_large"]

F = nn.functional


class LRASPPHead(nn.Module):
    """Logits of coarse features, weighed by their mean, and of fine ones."""

    def __init__(
        self, low_channels: int, high_channels: int, num_classes: int, inter_channels: int
    ) -> None:
        super().__init__()
        self.cbr = nn.Sequential(
            nn.Conv2d(high_channels, inter_channels, 1, bias=False),
            nn.BatchNorm2d(inter_channels), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.scale = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(high_channels, inter_channels, 1, bias=False),
            nn.Sigmoid(),
        )  # fmt: skip
        self.low_classifier = nn.Conv2d(low_channels, num_classes, 1)
        self.high_classifier = nn.Conv2d(inter_channels, num_classes, 1)

    def forward(self, input: dict[str, torch.Tensor]) -> torch.Tensor:
        low, high = input["low"], input["high"]
        x = self.cbr(high) * self.scale(high)
        x = F.interpolate(x, size=low.shape[-2:], mode="bilinear", align_corners=False)
        return self.low_classifier(low) + self.high_classifier(x)


class LRASPP(nn.Module):
    """Lite R-ASPP on a backbone that gives "low" and "high"; "out" in an OrderedDict."""

    def __init__(
        self, backbone: nn.Module, low_channels: int, high_channels: int, num_classes: int,
        inter_channels: int = 128,
    ) -> None:  # fmt: skip
        super().__init__()
        self.backbone = backbone
        self.classifier = LRASPPHead(low_channels, high_channels, num_classes, inter_channels)

    def forward(self, input: torch.Tensor) -> OrderedDict[str, torch.Tensor]:
        small = self.classifier(self.backbone(input))
        size = input.shape[-2:]
        made = F.interpolate(small, size=size, mode="bilinear", align_corners=False)
        return OrderedDict(out=made)


LRASPP_MobileNet_V3_Large_Weights = voc(
    "LRASPP_MobileNet_V3_Large", "lraspp_mobilenet_v3_large-d234d4ea.pth"
)


@builder(
    LRASPP_MobileNet_V3_Large_Weights, load=functools.partial(with_head, aside=False),
    backbone=MobileNet_V3_Large_Weights.IMAGENET1K_V1,
)  # fmt: skip
def lraspp_mobilenet_v3_large(
    num_classes: int | None = None, weights_backbone: Any = None, **kwargs: Any
) -> LRASPP:
    """Lite R-ASPP on a dilated large MobileNet v3."""
    features = mobilenet_v3_large(weights=weights_backbone, dilated=True).features
    places = stages(features)
    low, high = places[-4], places[-1]
    return LRASPP(
        IntermediateLayerGetter(features, {str(low): "low", str(high): "high"}),
        features[low].out_channels, features[high].out_channels,
        21 if num_classes is None else num_classes, **kwargs,
    )  # fmt: skip
