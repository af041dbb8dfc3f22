"""DeepLab v3: dilated convolutions side by side (Chen et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import compat as torch
from compat import nn
from compat.vision.models._utils import IntermediateLayerGetter
from compat.vision.models.mobilenetv3 import MobileNet_V3_Large_Weights, mobilenet_v3_large
from compat.vision.models.resnet import ResNet50_Weights, ResNet101_Weights, resnet50, resnet101
from compat.vision.models.segmentation.heads import (
    FCNHead,
    SimpleSegmentationModel,
    stages,
    voc,
    with_head,
)
from compat.vision.models.weights import builder

__all__ = [
    "DeepLabV3", "DeepLabV3_MobileNet_V3_Large_Weights", "DeepLabV3_ResNet101_Weights",
    "DeepLabV3_ResNet50_Weights", "deeplabv3_mobilenet_v3_large", "deeplabv3_resnet101",
    "deeplabv3_resnet50",
]  # fmt: skip

F = nn.functional


def _narrow(in_channels: int, out_channels: int) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    ]  # fmt: skip


class ASPPConv(nn.Sequential):
    """A dilated 3 x 3 convolution."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels, out_channels, 3, padding=dilation, dilation=dilation, bias=False
            ),
            nn.BatchNorm2d(out_channels), nn.ReLU(),
        )  # fmt: skip


class ASPPPooling(nn.Sequential):
    """The picture's mean, at every place."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), *_narrow(in_channels, out_channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.interpolate(
            super().forward(x), size=x.shape[-2:], mode="bilinear", align_corners=False
        )


class ASPP(nn.Module):
    """Convolutions of several dilations side by side."""

    def __init__(
        self, in_channels: int, atrous_rates: Sequence[int], out_channels: int = 256
    ) -> None:
        super().__init__()
        self.convs = nn.ModuleList([
            nn.Sequential(*_narrow(in_channels, out_channels)),
            *(ASPPConv(in_channels, out_channels, rate) for rate in atrous_rates),
            ASPPPooling(in_channels, out_channels),
        ])  # fmt: skip
        self.project = nn.Sequential(
            *_narrow(len(self.convs) * out_channels, out_channels), nn.Dropout(0.5)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.project(torch.cat([one(x) for one in self.convs], dim=1))


class DeepLabHead(nn.Sequential):
    """ASPP and a classifier of each place."""

    def __init__(
        self, in_channels: int, num_classes: int, atrous_rates: Sequence[int] = (12, 24, 36)
    ) -> None:
        super().__init__(
            ASPP(in_channels, atrous_rates), nn.Conv2d(256, 256, 3, padding=1, bias=False),
            nn.BatchNorm2d(256), nn.ReLU(), nn.Conv2d(256, num_classes, 1),
        )  # fmt: skip


class DeepLabV3(SimpleSegmentationModel):
    """DeepLab v3."""


def _on_resnet(backbone: Any, num_classes: int | None, aux_loss: bool | None) -> DeepLabV3:
    count = 21 if num_classes is None else num_classes
    layers = {"layer4": "out"} | ({"layer3": "aux"} if aux_loss else {})
    features = IntermediateLayerGetter(backbone, layers)
    aux = FCNHead(1024, count) if aux_loss else None
    return DeepLabV3(features, DeepLabHead(2048, count), aux)


_DILATED = [False, True, True]
DeepLabV3_ResNet50_Weights = voc("DeepLabV3_ResNet50", "deeplabv3_resnet50_coco-cd0a2569.pth")
DeepLabV3_ResNet101_Weights = voc("DeepLabV3_ResNet101", "deeplabv3_resnet101_coco-586e9e4e.pth")
DeepLabV3_MobileNet_V3_Large_Weights = voc(
    "DeepLabV3_MobileNet_V3_Large", "deeplabv3_mobilenet_v3_large-fc3c493d.pth"
)


@builder(DeepLabV3_ResNet50_Weights, load=with_head, backbone=ResNet50_Weights.IMAGENET1K_V1)
def deeplabv3_resnet50(
    num_classes: int | None = None, aux_loss: bool | None = None, weights_backbone: Any = None,
    **kwargs: Any,
) -> DeepLabV3:  # fmt: skip
    """DeepLab v3 on a dilated ResNet of 50 layers."""
    backbone = resnet50(weights=weights_backbone, replace_stride_with_dilation=_DILATED)
    return _on_resnet(backbone, num_classes, aux_loss)


@builder(DeepLabV3_ResNet101_Weights, load=with_head, backbone=ResNet101_Weights.IMAGENET1K_V1)
def deeplabv3_resnet101(
    num_classes: int | None = None, aux_loss: bool | None = None, weights_backbone: Any = None,
    **kwargs: Any,
) -> DeepLabV3:  # fmt: skip
    """DeepLab v3 on a dilated ResNet of 101 layers."""
    backbone = resnet101(weights=weights_backbone, replace_stride_with_dilation=_DILATED)
    return _on_resnet(backbone, num_classes, aux_loss)


@builder(
    DeepLabV3_MobileNet_V3_Large_Weights, load=with_head,
    backbone=MobileNet_V3_Large_Weights.IMAGENET1K_V1,
)  # fmt: skip
def deeplabv3_mobilenet_v3_large(
    num_classes: int | None = None, aux_loss: bool | None = None, weights_backbone: Any = None,
    **kwargs: Any,
) -> DeepLabV3:  # fmt: skip
    """DeepLab v3 on a dilated large MobileNet v3."""
    count = 21 if num_classes is None else num_classes
    features = mobilenet_v3_large(weights=weights_backbone, dilated=True).features
    places = stages(features)
    out, aside = places[-1], places[-4]
    layers = {str(out): "out"} | ({str(aside): "aux"} if aux_loss else {})
    aux = FCNHead(features[aside].out_channels, count) if aux_loss else None
    head = DeepLabHead(features[out].out_channels, count)
    return DeepLabV3(IntermediateLayerGetter(features, layers), head, aux)
