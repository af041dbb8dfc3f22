"""MobileNet v3: Howard et al. 2019, "Searching for MobileNetV3"."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import compat as torch
from compat import nn
from compat.vision.models._utils import _make_divisible
from compat.vision.models.weights import File, builder, imagenet
from compat.vision.ops.layers import Conv2dNormActivation, SqueezeExcitation

__all__ = [
    "MobileNetV3", "MobileNet_V3_Large_Weights", "MobileNet_V3_Small_Weights",
    "mobilenet_v3_large", "mobilenet_v3_small",
]  # fmt: skip

Norm = Callable[..., nn.Module]
_SElayer = partial(SqueezeExcitation, scale_activation=nn.Hardsigmoid)


class InvertedResidualConfig:
    """A block's widths (times width_mult), kernel, activation ("RE" or "HS") and stride."""

    def __init__(
        self, input_channels: int, kernel: int, expanded_channels: int, out_channels: int,
        use_se: bool, activation: str, stride: int, dilation: int, width_mult: float,
    ) -> None:  # fmt: skip
        self.input_channels = self.adjust_channels(input_channels, width_mult)
        self.kernel = kernel
        self.expanded_channels = self.adjust_channels(expanded_channels, width_mult)
        self.out_channels = self.adjust_channels(out_channels, width_mult)
        self.use_se, self.use_hs = use_se, activation == "HS"
        self.stride, self.dilation = stride, dilation

    @staticmethod
    def adjust_channels(channels: int, width_mult: float) -> int:
        """A width times a factor, as a multiple of 8."""
        return _make_divisible(channels * width_mult, 8)


class InvertedResidual(nn.Module):
    """Wide convolutions of single channels between narrow ends."""

    def __init__(
        self, cnf: InvertedResidualConfig, norm_layer: Norm,
        se_layer: Callable[..., nn.Module] = _SElayer,
    ) -> None:  # fmt: skip
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        wide = cnf.expanded_channels
        options: dict[str, Any] = {
            "norm_layer": norm_layer,
            "activation_layer": nn.Hardswish if cnf.use_hs else nn.ReLU,
        }
        layers: list[nn.Module] = []
        if wide != cnf.input_channels:
            layers.append(Conv2dNormActivation(cnf.input_channels, wide, kernel_size=1, **options))
        layers.append(
            Conv2dNormActivation(
                wide, wide, kernel_size=cnf.kernel, stride=1 if cnf.dilation > 1 else cnf.stride,
                dilation=cnf.dilation, groups=wide, **options,
            )  # fmt: skip
        )
        if cnf.use_se:
            layers.append(se_layer(wide, _make_divisible(wide // 4, 8)))
        layers.append(
            Conv2dNormActivation(
                wide, cnf.out_channels, kernel_size=1, norm_layer=norm_layer, activation_layer=None
            )
        )
        self.block = nn.Sequential(*layers)
        self.out_channels = cnf.out_channels
        self._is_cn = cnf.stride > 1

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        made = self.block(input)
        if self.use_res_connect:
            made += input
        return made


class MobileNetV3(nn.Module):
    """Blocks of the settings given on images (N, 3, H, W)."""

    def __init__(
        self, inverted_residual_setting: list[InvertedResidualConfig], last_channel: int,
        num_classes: int = 1000, block: Callable[..., nn.Module] | None = None,
        norm_layer: Norm | None = None, dropout: float = 0.2, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        if not inverted_residual_setting:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not isinstance(inverted_residual_setting, list | tuple) or not all(
            isinstance(one, InvertedResidualConfig) for one in inverted_residual_setting
        ):
            raise TypeError(
                "The inverted_residual_setting should be List[InvertedResidualConfig]"
            )
        block = block or InvertedResidual
        norm = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        options: dict[str, Any] = {"norm_layer": norm, "activation_layer": nn.Hardswish}
        first = inverted_residual_setting[0].input_channels
        before = inverted_residual_setting[-1].out_channels
        last = 6 * before
        self.features = nn.Sequential(
            Conv2dNormActivation(3, first, kernel_size=3, stride=2, **options),
            *(block(one, norm) for one in inverted_residual_setting),
            Conv2dNormActivation(before, last, kernel_size=1, **options),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(last, last_channel), nn.Hardswish(inplace=True),
            nn.Dropout(p=dropout, inplace=True), nn.Linear(last_channel, num_classes),
        )  # fmt: skip
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


def _mobilenet_v3_conf(
    arch: str, width_mult: float = 1.0, reduced_tail: bool = False, dilated: bool = False,
    **kwargs: Any,
) -> tuple[list[InvertedResidualConfig], int]:  # fmt: skip
    """The blocks of a size, and the width before the last layer."""
    cut, stretch = (2 if reduced_tail else 1), (2 if dilated else 1)

    def row(*facts: Any) -> InvertedResidualConfig:
        return InvertedResidualConfig(*facts, width_mult=width_mult)

    if arch == "mobilenet_v3_large":
        tail = 160 // cut
        rows = [
            row(16, 3, 16, 16, False, "RE", 1, 1), row(16, 3, 64, 24, False, "RE", 2, 1),
            row(24, 3, 72, 24, False, "RE", 1, 1), row(24, 5, 72, 40, True, "RE", 2, 1),
            row(40, 5, 120, 40, True, "RE", 1, 1), row(40, 5, 120, 40, True, "RE", 1, 1),
            row(40, 3, 240, 80, False, "HS", 2, 1), row(80, 3, 200, 80, False, "HS", 1, 1),
            row(80, 3, 184, 80, False, "HS", 1, 1), row(80, 3, 184, 80, False, "HS", 1, 1),
            row(80, 3, 480, 112, True, "HS", 1, 1), row(112, 3, 672, 112, True, "HS", 1, 1),
            row(112, 5, 672, tail, True, "HS", 2, stretch),
            row(tail, 5, 960 // cut, tail, True, "HS", 1, stretch),
            row(tail, 5, 960 // cut, tail, True, "HS", 1, stretch),
        ]  # fmt: skip
        last = 1280
    elif arch == "mobilenet_v3_small":
        tail = 96 // cut
        rows = [
            row(16, 3, 16, 16, True, "RE", 2, 1), row(16, 3, 72, 24, False, "RE", 2, 1),
            row(24, 3, 88, 24, False, "RE", 1, 1), row(24, 5, 96, 40, True, "HS", 2, 1),
            row(40, 5, 240, 40, True, "HS", 1, 1), row(40, 5, 240, 40, True, "HS", 1, 1),
            row(40, 5, 120, 48, True, "HS", 1, 1), row(48, 5, 144, 48, True, "HS", 1, 1),
            row(48, 5, 288, tail, True, "HS", 2, stretch),
            row(tail, 5, 576 // cut, tail, True, "HS", 1, stretch),
            row(tail, 5, 576 // cut, tail, True, "HS", 1, stretch),
        ]  # fmt: skip
        last = 1024
    else:
        raise ValueError(f"Unsupported model type {arch}")
    return rows, InvertedResidualConfig.adjust_channels(last // cut, width_mult)


def _made(arch: str, settings: dict[str, Any]) -> MobileNetV3:
    return MobileNetV3(*_mobilenet_v3_conf(arch, **settings), **settings)


MobileNet_V3_Large_Weights = imagenet(
    "MobileNet_V3_Large", "IMAGENET1K_V2", IMAGENET1K_V1="mobilenet_v3_large-8738ca79.pth",
    IMAGENET1K_V2=File("mobilenet_v3_large-5c1a4163.pth", resize=232),
)  # fmt: skip
MobileNet_V3_Small_Weights = imagenet(
    "MobileNet_V3_Small", IMAGENET1K_V1="mobilenet_v3_small-047dcff4.pth"
)


@builder(MobileNet_V3_Large_Weights)
def mobilenet_v3_large(**kwargs: Any) -> MobileNetV3:
    """The large MobileNet v3."""
    return _made("mobilenet_v3_large", kwargs)


@builder(MobileNet_V3_Small_Weights)
def mobilenet_v3_small(**kwargs: Any) -> MobileNetV3:
    """The small MobileNet v3."""
    return _made("mobilenet_v3_small", kwargs)
