"""Backbones with a feature pyramid on top, for detectors."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import compat as torch
from compat import nn
from compat.vision.models import mobilenet, resnet
from compat.vision.models._utils import IntermediateLayerGetter
from compat.vision.models.weights import get_model
from compat.vision.ops.feature_pyramid_network import (
    ExtraFPNBlock,
    FeaturePyramidNetwork,
    LastLevelMaxPool,
)
from compat.vision.ops.layers import FrozenBatchNorm2d

Norm = Callable[..., nn.Module]


class BackboneWithFPN(nn.Module):
    """Some layers of a network, with a pyramid on them; gives an OrderedDict of features."""

    def __init__(
        self, backbone: nn.Module, return_layers: dict[str, str], in_channels_list: list[int],
        out_channels: int, extra_blocks: ExtraFPNBlock | None = None,
        norm_layer: Norm | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.body = IntermediateLayerGetter(backbone, return_layers=return_layers)
        self.fpn = FeaturePyramidNetwork(
            in_channels_list, out_channels, extra_blocks or LastLevelMaxPool(), norm_layer
        )
        self.out_channels = out_channels

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.fpn(self.body(x))


def resnet_fpn_backbone(
    *, backbone_name: str, weights: Any, norm_layer: Norm = FrozenBatchNorm2d,
    trainable_layers: int = 3, returned_layers: list[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None,
) -> BackboneWithFPN:  # fmt: skip
    """A ResNet with a pyramid of 256 channels.

    trainable_layers  how many of the last layers (0 to 5) go on learning
    returned_layers   which of the four stages the pyramid stands on
    """
    backbone = get_model(backbone_name, weights=weights, norm_layer=norm_layer)
    return _resnet_fpn_extractor(backbone, trainable_layers, returned_layers, extra_blocks)


def _resnet_fpn_extractor(
    backbone: resnet.ResNet, trainable_layers: int, returned_layers: list[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None, norm_layer: Norm | None = None,
) -> BackboneWithFPN:  # fmt: skip
    if not 0 <= trainable_layers <= 5:
        raise ValueError(
            f"Trainable layers should be in the range [0,5], got {trainable_layers}"
        )
    learning = ["layer4", "layer3", "layer2", "layer1", "conv1"][:trainable_layers]
    if trainable_layers == 5:
        learning.append("bn1")
    for name, parameter in backbone.named_parameters():
        if not any(name.startswith(layer) for layer in learning):
            parameter.requires_grad_(False)
    stages = returned_layers or [1, 2, 3, 4]
    if min(stages) <= 0 or max(stages) >= 5:
        raise ValueError(
            f"Each returned layer should be in the range [1,4]. Got {stages}"
        )
    layers = {f"layer{stage}": str(at) for at, stage in enumerate(stages)}
    widths = [backbone.inplanes // 8 * 2 ** (stage - 1) for stage in stages]
    return BackboneWithFPN(backbone, layers, widths, 256, extra_blocks, norm_layer)


def _validate_trainable_layers(
    is_trained: bool, trainable_backbone_layers: int | None, max_value: int, default_value: int
) -> int:
    """How many layers go on learning: all of them where nothing was learnt before."""
    if not is_trained:
        if trainable_backbone_layers is not None:
            warnings.warn(
                "Changing trainable_backbone_layers has no effect if neither pretrained nor "
                f"pretrained_backbone have been set to True, falling back to "
                f"trainable_backbone_layers={max_value} so that all layers are trainable",
                stacklevel=2,
            )
        return max_value
    count = default_value if trainable_backbone_layers is None else trainable_backbone_layers
    if not 0 <= count <= max_value:
        raise ValueError(
            f"Trainable backbone layers should be in the range [0,{max_value}], got {count} "
        )
    return count


def mobilenet_backbone(
    *, backbone_name: str, weights: Any, fpn: bool, norm_layer: Norm = FrozenBatchNorm2d,
    trainable_layers: int = 2, returned_layers: list[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None,
) -> nn.Module:  # fmt: skip
    """A MobileNet, with a pyramid or with one convolution to 256 channels."""
    backbone = get_model(backbone_name, weights=weights, norm_layer=norm_layer)
    return _mobilenet_extractor(backbone, fpn, trainable_layers, returned_layers, extra_blocks)


def _mobilenet_extractor(
    backbone: mobilenet.MobileNetV2 | mobilenet.MobileNetV3, fpn: bool, trainable_layers: int,
    returned_layers: list[int] | None = None, extra_blocks: ExtraFPNBlock | None = None,
    norm_layer: Norm | None = None,
) -> nn.Module:  # fmt: skip
    features = backbone.features
    halving = [at for at, one in enumerate(features) if getattr(one, "_is_cn", False)]
    stages = [0, *halving, len(features) - 1]
    count = len(stages)
    if not 0 <= trainable_layers <= count:
        raise ValueError(
            f"Trainable layers should be in the range [0,{count}], got {trainable_layers} "
        )
    frozen = len(features) if trainable_layers == 0 else stages[count - trainable_layers]
    for block in features[:frozen]:
        for parameter in block.parameters():
            parameter.requires_grad_(False)
    if not fpn:
        made = nn.Sequential(features, nn.Conv2d(features[-1].out_channels, 256, 1))
        made.out_channels = 256
        return made
    chosen = returned_layers or [count - 2, count - 1]
    if min(chosen) < 0 or max(chosen) >= count:
        raise ValueError(
            f"Each returned layer should be in the range [0,{count - 1}], got {chosen} "
        )
    layers = {str(stages[stage]): str(at) for at, stage in enumerate(chosen)}
    widths = [features[stages[stage]].out_channels for stage in chosen]
    return BackboneWithFPN(features, layers, widths, 256, extra_blocks, norm_layer)
