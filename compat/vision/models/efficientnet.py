"""EfficientNet: Tan and Le 2019, and version 2 with fused blocks, 2021."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import compat as torch
from compat import nn
from compat.vision.models._utils import _make_divisible
from compat.vision.models.weights import File, builder, imagenet
from compat.vision.ops.layers import Conv2dNormActivation, SqueezeExcitation, StochasticDepth
from compat.vision.transforms.names import InterpolationMode

__all__ = [
    "EfficientNet", "EfficientNet_B0_Weights", "EfficientNet_B1_Weights",
    "EfficientNet_B2_Weights", "EfficientNet_B3_Weights", "EfficientNet_B4_Weights",
    "EfficientNet_B5_Weights", "EfficientNet_B6_Weights", "EfficientNet_B7_Weights",
    "EfficientNet_V2_L_Weights", "EfficientNet_V2_M_Weights", "EfficientNet_V2_S_Weights",
    "efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b3",
    "efficientnet_b4", "efficientnet_b5", "efficientnet_b6", "efficientnet_b7",
    "efficientnet_v2_l", "efficientnet_v2_m", "efficientnet_v2_s",
]  # fmt: skip

Norm = Callable[..., nn.Module]


class _MBConvConfig:
    """What the blocks of a stage are."""

    def __init__(
        self, expand_ratio: float, kernel: int, stride: int, input_channels: int,
        out_channels: int, num_layers: int, block: Callable[..., nn.Module],
    ) -> None:  # fmt: skip
        self.expand_ratio, self.kernel, self.stride = expand_ratio, kernel, stride
        self.input_channels, self.out_channels = input_channels, out_channels
        self.num_layers, self.block = num_layers, block

    @staticmethod
    def adjust_channels(
        channels: int, width_mult: float, min_value: int | None = None
    ) -> int:
        """A width times a factor, as a multiple of 8."""
        return _make_divisible(channels * width_mult, 8, min_value)

    def __repr__(self) -> str:
        names = ("expand_ratio", "kernel", "stride", "input_channels", "out_channels", "num_layers")
        facts = ", ".join(f"{name}={getattr(self, name)}" for name in names)
        return f"{type(self).__name__}({facts})"


class MBConvConfig(_MBConvConfig):
    """Inverted residuals, with widths and their number multiplied."""

    def __init__(
        self, expand_ratio: float, kernel: int, stride: int, input_channels: int,
        out_channels: int, num_layers: int, width_mult: float = 1.0, depth_mult: float = 1.0,
        block: Callable[..., nn.Module] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            expand_ratio, kernel, stride, self.adjust_channels(input_channels, width_mult),
            self.adjust_channels(out_channels, width_mult),
            self.adjust_depth(num_layers, depth_mult), block or MBConv,
        )  # fmt: skip

    @staticmethod
    def adjust_depth(num_layers: int, depth_mult: float) -> int:
        """A number of blocks times a factor, rounded up."""
        return int(math.ceil(num_layers * depth_mult))


class FusedMBConvConfig(_MBConvConfig):
    """Inverted residuals whose first two convolutions are one."""

    def __init__(
        self, expand_ratio: float, kernel: int, stride: int, input_channels: int,
        out_channels: int, num_layers: int, block: Callable[..., nn.Module] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            expand_ratio, kernel, stride, input_channels, out_channels, num_layers,
            block or FusedMBConv,
        )  # fmt: skip


class _Residual(nn.Module):
    """A block that is added to what it is given where shapes are equal."""

    def __init__(self, cnf: _MBConvConfig, probability: float, layers: list[nn.Module]) -> None:
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(probability, "row")
        self.out_channels = cnf.out_channels

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        made = self.block(input)
        if self.use_res_connect:
            made = self.stochastic_depth(made)
            made += input
        return made


class MBConv(_Residual):
    """Wide convolutions of single channels, weighed, between narrow ends."""

    def __init__(
        self, cnf: MBConvConfig, stochastic_depth_prob: float, norm_layer: Norm,
        se_layer: Callable[..., nn.Module] = SqueezeExcitation,
    ) -> None:  # fmt: skip
        given, wide = cnf.input_channels, cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        options: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        layers: list[nn.Module] = []
        if wide != given:
            layers.append(Conv2dNormActivation(given, wide, kernel_size=1, **options))
        layers += [
            Conv2dNormActivation(wide, wide, cnf.kernel, cnf.stride, groups=wide, **options),
            se_layer(wide, max(1, given // 4), activation=partial(nn.SiLU, inplace=True)),
            Conv2dNormActivation(
                wide, cnf.out_channels, 1, norm_layer=norm_layer, activation_layer=None
            ),
        ]
        super().__init__(cnf, stochastic_depth_prob, layers)


class FusedMBConv(_Residual):
    """One wide convolution, then a narrow end."""

    def __init__(
        self, cnf: FusedMBConvConfig, stochastic_depth_prob: float, norm_layer: Norm
    ) -> None:
        given, wide = cnf.input_channels, cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        options: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        if wide == given:
            layers = [
                Conv2dNormActivation(given, cnf.out_channels, cnf.kernel, cnf.stride, **options)
            ]
        else:
            layers = [
                Conv2dNormActivation(given, wide, cnf.kernel, cnf.stride, **options),
                Conv2dNormActivation(
                    wide, cnf.out_channels, 1, norm_layer=norm_layer, activation_layer=None
                ),
            ]
        super().__init__(cnf, stochastic_depth_prob, layers)


class EfficientNet(nn.Module):
    """Stages of blocks on images (N, 3, H, W).

    stochastic_depth_prob  the last block's, of which earlier ones have a part
    """

    def __init__(
        self, inverted_residual_setting: Sequence[_MBConvConfig], dropout: float,
        stochastic_depth_prob: float = 0.2, num_classes: int = 1000,
        norm_layer: Norm | None = None, last_channel: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if not inverted_residual_setting:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not isinstance(inverted_residual_setting, Sequence) or not all(
            isinstance(one, _MBConvConfig) for one in inverted_residual_setting
        ):
            raise TypeError("The inverted_residual_setting should be List[MBConvConfig]")
        norm = norm_layer or nn.BatchNorm2d
        options: dict[str, Any] = {"norm_layer": norm, "activation_layer": nn.SiLU}
        first = inverted_residual_setting[0].input_channels
        layers: list[nn.Module] = [Conv2dNormActivation(3, first, 3, 2, **options)]
        total, at = sum(one.num_layers for one in inverted_residual_setting), 0
        for setting in inverted_residual_setting:
            stage: list[nn.Module] = []
            for _ in range(setting.num_layers):
                one = copy.copy(setting)
                if stage:
                    one.input_channels, one.stride = one.out_channels, 1
                stage.append(one.block(one, stochastic_depth_prob * float(at) / total, norm))
                at += 1
            layers.append(nn.Sequential(*stage))
        before = inverted_residual_setting[-1].out_channels
        last = 4 * before if last_channel is None else last_channel
        layers.append(Conv2dNormActivation(before, last, 1, **options))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout, inplace=True), nn.Linear(last, num_classes)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                bound = 1.0 / math.sqrt(module.out_features)
                nn.init.uniform_(module.weight, -bound, bound)
                nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


_STAGES = (
    (1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3), (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1),
)  # fmt: skip


def _first(width: float, depth: float, dropout: float, settings: dict[str, Any]) -> EfficientNet:
    """A network of version 1: b0's stages, wider and deeper."""
    stages = [MBConvConfig(*row, width_mult=width, depth_mult=depth) for row in _STAGES]
    return EfficientNet(stages, settings.pop("dropout", dropout), last_channel=None, **settings)


def _second(rows: list[tuple[Any, ...]], dropout: float, settings: dict[str, Any]) -> EfficientNet:
    """A network of version 2: rows whose first three stages are fused."""
    stages = [(FusedMBConvConfig if at < 3 else MBConvConfig)(*row) for at, row in enumerate(rows)]
    settings = {"norm_layer": partial(nn.BatchNorm2d, eps=1e-03)} | settings
    return EfficientNet(stages, settings.pop("dropout", dropout), last_channel=1280, **settings)


def _slow(settings: dict[str, Any]) -> dict[str, Any]:
    return {"norm_layer": partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)} | settings


def _file(name: str, crop: int, resize: int | None = None, **options: Any) -> File:
    options = {"mode": InterpolationMode.BICUBIC} | options
    return File(f"efficientnet_{name}.pth", crop, resize or crop, **options)


_BILINEAR = InterpolationMode.BILINEAR
EfficientNet_B0_Weights = imagenet(
    "EfficientNet_B0", IMAGENET1K_V1=_file("b0_rwightman-7f5810bc", 224, 256)
)
EfficientNet_B1_Weights = imagenet(
    "EfficientNet_B1", "IMAGENET1K_V2", IMAGENET1K_V1=_file("b1_rwightman-bac287d4", 240, 256),
    IMAGENET1K_V2=_file("b1-c27df63c", 240, 255, mode=_BILINEAR),
)  # fmt: skip
EfficientNet_B2_Weights = imagenet(
    "EfficientNet_B2", IMAGENET1K_V1=_file("b2_rwightman-c35c1473", 288)
)
EfficientNet_B3_Weights = imagenet(
    "EfficientNet_B3", IMAGENET1K_V1=_file("b3_rwightman-b3899882", 300, 320)
)
EfficientNet_B4_Weights = imagenet(
    "EfficientNet_B4", IMAGENET1K_V1=_file("b4_rwightman-23ab8bcd", 380, 384)
)
EfficientNet_B5_Weights = imagenet(
    "EfficientNet_B5", IMAGENET1K_V1=_file("b5_lukemelas-1a07897c", 456)
)
EfficientNet_B6_Weights = imagenet(
    "EfficientNet_B6", IMAGENET1K_V1=_file("b6_lukemelas-24a108a5", 528)
)
EfficientNet_B7_Weights = imagenet(
    "EfficientNet_B7", IMAGENET1K_V1=_file("b7_lukemelas-c5b4e57e", 600)
)
EfficientNet_V2_S_Weights = imagenet(
    "EfficientNet_V2_S", IMAGENET1K_V1=_file("v2_s-dd5fe13b", 384, mode=_BILINEAR)
)
EfficientNet_V2_M_Weights = imagenet(
    "EfficientNet_V2_M", IMAGENET1K_V1=_file("v2_m-dc08266a", 480, mode=_BILINEAR)
)
EfficientNet_V2_L_Weights = imagenet(
    "EfficientNet_V2_L",
    IMAGENET1K_V1=_file("v2_l-59c71312", 480, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
)


@builder(EfficientNet_B0_Weights)
def efficientnet_b0(**kwargs: Any) -> EfficientNet:
    """EfficientNet b0, for pictures of 224 x 224."""
    return _first(1.0, 1.0, 0.2, kwargs)


@builder(EfficientNet_B1_Weights)
def efficientnet_b1(**kwargs: Any) -> EfficientNet:
    """EfficientNet b1, for pictures of 240 x 240."""
    return _first(1.0, 1.1, 0.2, kwargs)


@builder(EfficientNet_B2_Weights)
def efficientnet_b2(**kwargs: Any) -> EfficientNet:
    """EfficientNet b2, for pictures of 288 x 288."""
    return _first(1.1, 1.2, 0.3, kwargs)


@builder(EfficientNet_B3_Weights)
def efficientnet_b3(**kwargs: Any) -> EfficientNet:
    """EfficientNet b3, for pictures of 300 x 300."""
    return _first(1.2, 1.4, 0.3, kwargs)


@builder(EfficientNet_B4_Weights)
def efficientnet_b4(**kwargs: Any) -> EfficientNet:
    """EfficientNet b4, for pictures of 380 x 380."""
    return _first(1.4, 1.8, 0.4, kwargs)


@builder(EfficientNet_B5_Weights)
def efficientnet_b5(**kwargs: Any) -> EfficientNet:
    """EfficientNet b5, for pictures of 456 x 456."""
    return _first(1.6, 2.2, 0.4, _slow(kwargs))


@builder(EfficientNet_B6_Weights)
def efficientnet_b6(**kwargs: Any) -> EfficientNet:
    """EfficientNet b6, for pictures of 528 x 528."""
    return _first(1.8, 2.6, 0.5, _slow(kwargs))


@builder(EfficientNet_B7_Weights)
def efficientnet_b7(**kwargs: Any) -> EfficientNet:
    """EfficientNet b7, for pictures of 600 x 600."""
    return _first(2.0, 3.1, 0.5, _slow(kwargs))


@builder(EfficientNet_V2_S_Weights)
def efficientnet_v2_s(**kwargs: Any) -> EfficientNet:
    """The small EfficientNet v2."""
    rows: list[tuple[Any, ...]] = [
        (1, 3, 1, 24, 24, 2), (4, 3, 2, 24, 48, 4), (4, 3, 2, 48, 64, 4), (4, 3, 2, 64, 128, 6),
        (6, 3, 1, 128, 160, 9), (6, 3, 2, 160, 256, 15),
    ]  # fmt: skip
    return _second(rows, 0.2, kwargs)


@builder(EfficientNet_V2_M_Weights)
def efficientnet_v2_m(**kwargs: Any) -> EfficientNet:
    """The medium EfficientNet v2."""
    rows: list[tuple[Any, ...]] = [
        (1, 3, 1, 24, 24, 3), (4, 3, 2, 24, 48, 5), (4, 3, 2, 48, 80, 5), (4, 3, 2, 80, 160, 7),
        (6, 3, 1, 160, 176, 14), (6, 3, 2, 176, 304, 18), (6, 3, 1, 304, 512, 5),
    ]  # fmt: skip
    return _second(rows, 0.3, kwargs)


@builder(EfficientNet_V2_L_Weights)
def efficientnet_v2_l(**kwargs: Any) -> EfficientNet:
    """The large EfficientNet v2."""
    rows: list[tuple[Any, ...]] = [
        (1, 3, 1, 32, 32, 4), (4, 3, 2, 32, 64, 7), (4, 3, 2, 64, 96, 7), (4, 3, 2, 96, 192, 10),
        (6, 3, 1, 192, 224, 19), (6, 3, 2, 224, 384, 25), (6, 3, 1, 384, 640, 7),
    ]  # fmt: skip
    return _second(rows, 0.4, kwargs)
