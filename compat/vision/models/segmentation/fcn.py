"""Fully convolutional networks for segmentation: Long et al. 2014."""

from __future__ import annotations

from typing import Any

from compat.vision.models._utils import IntermediateLayerGetter
from compat.vision.models.resnet import ResNet50_Weights, ResNet101_Weights, resnet50, resnet101
from compat.vision.models.segmentation.heads import (
    FCNHead,
    SimpleSegmentationModel,
    voc,
    with_head,
)
from compat.vision.models.weights import builder

__all__ = [
    "FCN", "FCN_ResNet101_Weights", "FCN_ResNet50_Weights", "fcn_resnet101", "fcn_resnet50",
]  # fmt: skip


class FCN(SimpleSegmentationModel):
    """A fully convolutional network."""


def _made(backbone: Any, num_classes: int | None, aux_loss: bool | None) -> FCN:
    count = 21 if num_classes is None else num_classes
    layers = {"layer4": "out"} | ({"layer3": "aux"} if aux_loss else {})
    features = IntermediateLayerGetter(backbone, layers)
    aux = FCNHead(1024, count) if aux_loss else None
    return FCN(features, FCNHead(2048, count), aux)


_DILATED = [False, True, True]
FCN_ResNet50_Weights = voc("FCN_ResNet50", "fcn_resnet50_coco-1167a1af.pth")
FCN_ResNet101_Weights = voc("FCN_ResNet101", "fcn_resnet101_coco-7ecb50ca.pth")


@builder(FCN_ResNet50_Weights, load=with_head, backbone=ResNet50_Weights.IMAGENET1K_V1)
def fcn_resnet50(
    num_classes: int | None = None, aux_loss: bool | None = None, weights_backbone: Any = None,
    **kwargs: Any,
) -> FCN:  # fmt: skip
    """A fully convolutional network on a dilated ResNet of 50 layers."""
    backbone = resnet50(weights=weights_backbone, replace_stride_with_dilation=_DILATED)
    return _made(backbone, num_classes, aux_loss)


@builder(FCN_ResNet101_Weights, load=with_head, backbone=ResNet101_Weights.IMAGENET1K_V1)
def fcn_resnet101(
    num_classes: int | None = None, aux_loss: bool | None = None, weights_backbone: Any = None,
    **kwargs: Any,
) -> FCN:  # fmt: skip
    """A fully convolutional network on a dilated ResNet of 101 layers."""
    backbone = resnet101(weights=weights_backbone, replace_stride_with_dilation=_DILATED)
    return _made(backbone, num_classes, aux_loss)
