"""ConvNeXt: Liu et al. 2022, "A ConvNet for the 2020s"."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import compat as torch
from compat import nn
from compat.vision.models.weights import File, builder, imagenet
from compat.vision.ops.layers import Conv2dNormActivation, Permute, StochasticDepth

__all__ = [
    "ConvNeXt", "ConvNeXt_Base_Weights", "ConvNeXt_Large_Weights", "ConvNeXt_Small_Weights",
    "ConvNeXt_Tiny_Weights", "convnext_base", "convnext_large", "convnext_small",
    "convnext_tiny",
]  # fmt: skip

F = nn.functional
Norm = Callable[..., nn.Module]


class LayerNorm2d(nn.LayerNorm):
    """Layer normalisation over the channels of (N, C, H, W)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        last = x.permute(0, 2, 3, 1)
        normed = F.layer_norm(last, self.normalized_shape, self.weight, self.bias, self.eps)
        return normed.permute(0, 3, 1, 2)


_NORM: Norm = LayerNorm2d


class CNBlock(nn.Module):
    """A 7 x 7 convolution of single channels and two linear layers, scaled and added."""

    def __init__(
        self, dim: int, layer_scale: float, stochastic_depth_prob: float,
        norm_layer: Norm | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        norm = norm_layer or partial(nn.LayerNorm, eps=1e-6)
        self.block = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim, bias=True),
            Permute([0, 2, 3, 1]), norm(dim),
            nn.Linear(in_features=dim, out_features=4 * dim, bias=True), nn.GELU(),
            nn.Linear(in_features=4 * dim, out_features=dim, bias=True), Permute([0, 3, 1, 2]),
        )  # fmt: skip
        self.layer_scale = nn.Parameter(torch.ones(dim, 1, 1) * layer_scale)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return self.stochastic_depth(self.layer_scale * self.block(input)) + input


class CNBlockConfig:
    """A stage's width, the next one's (None at the end), and its number of blocks."""

    def __init__(self, input_channels: int, out_channels: int | None, num_layers: int) -> None:
        self.input_channels, self.out_channels = input_channels, out_channels
        self.num_layers = num_layers

    def __repr__(self) -> str:
        names = ("input_channels", "out_channels", "num_layers")
        facts = ", ".join(f"{name}={getattr(self, name)}" for name in names)
        return f"{type(self).__name__}({facts})"


class ConvNeXt(nn.Module):
    """Stages of blocks on images (N, 3, H, W)."""

    def __init__(
        self, block_setting: list[CNBlockConfig], stochastic_depth_prob: float = 0.0,
        layer_scale: float = 1e-6, num_classes: int = 1000,
        block: Callable[..., nn.Module] | None = None, norm_layer: Norm | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        if not block_setting:
            raise ValueError("The block_setting should not be empty")
        if not isinstance(block_setting, list | tuple) or not all(
            isinstance(one, CNBlockConfig) for one in block_setting
        ):
            raise TypeError("The block_setting should be List[CNBlockConfig]")
        block, norm = block or CNBlock, norm_layer or partial(_NORM, eps=1e-6)
        layers: list[nn.Module] = [
            Conv2dNormActivation(
                3, block_setting[0].input_channels, kernel_size=4, stride=4, padding=0,
                norm_layer=norm, activation_layer=None, bias=True,
            )
        ]  # fmt: skip
        total, at = sum(one.num_layers for one in block_setting), 0
        for one in block_setting:
            stage = []
            for _ in range(one.num_layers):
                probability = stochastic_depth_prob * at / (total - 1.0)
                stage.append(block(one.input_channels, layer_scale, probability))
                at += 1
            layers.append(nn.Sequential(*stage))
            if one.out_channels is not None:
                halve = nn.Conv2d(one.input_channels, one.out_channels, kernel_size=2, stride=2)
                layers.append(nn.Sequential(norm(one.input_channels), halve))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        last = block_setting[-1].out_channels or block_setting[-1].input_channels
        self.classifier = nn.Sequential(norm(last), nn.Flatten(1), nn.Linear(last, num_classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.avgpool(self.features(x)))


def _made(width: int, deep: int, depth_prob: float, settings: dict[str, Any]) -> ConvNeXt:
    stages = [
        CNBlockConfig(width, 2 * width, 3), CNBlockConfig(2 * width, 4 * width, 3),
        CNBlockConfig(4 * width, 8 * width, deep), CNBlockConfig(8 * width, None, 3),
    ]  # fmt: skip
    return ConvNeXt(stages, settings.pop("stochastic_depth_prob", depth_prob), **settings)


ConvNeXt_Tiny_Weights = imagenet(
    "ConvNeXt_Tiny", IMAGENET1K_V1=File("convnext_tiny-983f1562.pth", resize=236)
)
ConvNeXt_Small_Weights = imagenet(
    "ConvNeXt_Small", IMAGENET1K_V1=File("convnext_small-0c510722.pth", resize=230)
)
ConvNeXt_Base_Weights = imagenet(
    "ConvNeXt_Base", IMAGENET1K_V1=File("convnext_base-6075fbad.pth", resize=232)
)
ConvNeXt_Large_Weights = imagenet(
    "ConvNeXt_Large", IMAGENET1K_V1=File("convnext_large-ea097f82.pth", resize=232)
)


@builder(ConvNeXt_Tiny_Weights)
def convnext_tiny(**kwargs: Any) -> ConvNeXt:
    """The tiny ConvNeXt."""
    return _made(96, 9, 0.1, kwargs)


@builder(ConvNeXt_Small_Weights)
def convnext_small(**kwargs: Any) -> ConvNeXt:
    """The small ConvNeXt."""
    return _made(96, 27, 0.4, kwargs)


@builder(ConvNeXt_Base_Weights)
def convnext_base(**kwargs: Any) -> ConvNeXt:
    """The ConvNeXt of the paper's base size."""
    return _made(128, 27, 0.5, kwargs)


@builder(ConvNeXt_Large_Weights)
def convnext_large(**kwargs: Any) -> ConvNeXt:
    """The large ConvNeXt."""
    return _made(192, 27, 0.5, kwargs)
