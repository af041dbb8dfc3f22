"""RegNet: Radosavovic et al. 2020, "Designing Network Design Spaces"."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import compat as torch
from compat import nn
from compat.vision.models._utils import _make_divisible
from compat.vision.models.weights import File, builder, imagenet
from compat.vision.ops.layers import Conv2dNormActivation, SqueezeExcitation
from compat.vision.transforms.names import InterpolationMode

__all__ = [
    "RegNet", "RegNet_X_16GF_Weights", "RegNet_X_1_6GF_Weights", "RegNet_X_32GF_Weights",
    "RegNet_X_3_2GF_Weights", "RegNet_X_400MF_Weights", "RegNet_X_800MF_Weights",
    "RegNet_X_8GF_Weights", "RegNet_Y_128GF_Weights", "RegNet_Y_16GF_Weights",
    "RegNet_Y_1_6GF_Weights", "RegNet_Y_32GF_Weights", "RegNet_Y_3_2GF_Weights",
    "RegNet_Y_400MF_Weights", "RegNet_Y_800MF_Weights", "RegNet_Y_8GF_Weights",
    "regnet_x_16gf", "regnet_x_1_6gf", "regnet_x_32gf", "regnet_x_3_2gf", "regnet_x_400mf",
    "regnet_x_800mf", "regnet_x_8gf", "regnet_y_128gf", "regnet_y_16gf", "regnet_y_1_6gf",
    "regnet_y_32gf", "regnet_y_3_2gf", "regnet_y_400mf", "regnet_y_800mf", "regnet_y_8gf",
]  # fmt: skip

Layer = Callable[..., nn.Module]


class SimpleStemIN(Conv2dNormActivation):
    """A 3 x 3 convolution that halves the size."""

    def __init__(
        self, width_in: int, width_out: int, norm_layer: Layer, activation_layer: Layer
    ) -> None:
        super().__init__(
            width_in, width_out, kernel_size=3, stride=2, norm_layer=norm_layer,
            activation_layer=activation_layer,
        )  # fmt: skip


class BottleneckTransform(nn.Sequential):
    """1 x 1, 3 x 3 in groups, perhaps weighed channels, 1 x 1."""

    def __init__(
        self, width_in: int, width_out: int, stride: int, norm_layer: Layer,
        activation_layer: Layer, group_width: int, bottleneck_multiplier: float,
        se_ratio: float | None,
    ) -> None:  # fmt: skip
        width = int(round(width_out * bottleneck_multiplier))
        options: dict[str, Any] = {
            "norm_layer": norm_layer, "activation_layer": activation_layer,
        }  # fmt: skip
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["a"] = Conv2dNormActivation(width_in, width, kernel_size=1, **options)
        layers["b"] = Conv2dNormActivation(
            width, width, stride=stride, groups=width // group_width, **options
        )
        if se_ratio:
            # The narrow layer's width is a part of the block's input, not of its own.
            narrow = int(round(se_ratio * width_in))
            layers["se"] = SqueezeExcitation(width, narrow, activation=activation_layer)
        layers["c"] = Conv2dNormActivation(
            width, width_out, kernel_size=1, norm_layer=norm_layer, activation_layer=None
        )
        super().__init__(layers)


class ResBottleneckBlock(nn.Module):
    """A bottleneck and what goes past it."""

    def __init__(
        self, width_in: int, width_out: int, stride: int, norm_layer: Layer,
        activation_layer: Layer, group_width: int = 1, bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.proj = None
        if width_in != width_out or stride != 1:
            self.proj = Conv2dNormActivation(
                width_in, width_out, kernel_size=1, stride=stride, norm_layer=norm_layer,
                activation_layer=None,
            )  # fmt: skip
        self.f = BottleneckTransform(
            width_in, width_out, stride, norm_layer, activation_layer, group_width,
            bottleneck_multiplier, se_ratio,
        )  # fmt: skip
        self.activation = activation_layer(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        past = x if self.proj is None else self.proj(x)
        return self.activation(past + self.f(x))


class AnyStage(nn.Sequential):
    """Blocks of one width."""

    def __init__(
        self, width_in: int, width_out: int, stride: int, depth: int, block_constructor: Layer,
        norm_layer: Layer, activation_layer: Layer, group_width: int,
        bottleneck_multiplier: float, se_ratio: float | None = None, stage_index: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        for at in range(depth):
            block = block_constructor(
                width_in if at == 0 else width_out, width_out, stride if at == 0 else 1,
                norm_layer, activation_layer, group_width, bottleneck_multiplier, se_ratio,
            )  # fmt: skip
            self.add_module(f"block{stage_index}-{at}", block)


class BlockParams:
    """Depth, width, width of groups, bottleneck and stride of each stage."""

    def __init__(
        self, depths: list[int], widths: list[int], group_widths: list[int],
        bottleneck_multipliers: list[float], strides: list[int], se_ratio: float | None = None,
    ) -> None:  # fmt: skip
        self.depths, self.widths, self.group_widths = depths, widths, group_widths
        self.bottleneck_multipliers, self.strides = bottleneck_multipliers, strides
        self.se_ratio = se_ratio

    @classmethod
    def from_init_params(
        cls, depth: int, w_0: int, w_a: float, w_m: float, group_width: int,
        bottleneck_multiplier: float = 1.0, se_ratio: float | None = None, **kwargs: Any,
    ) -> BlockParams:  # fmt: skip
        """The stages of a line: block at has about w_0 + w_a * at channels, a power of w_m times
        w_0, as a multiple of 8; blocks of equal width are a stage."""
        if w_a < 0 or w_0 <= 0 or w_m <= 1 or w_0 % 8 != 0:
            raise ValueError("Invalid RegNet settings")
        line = w_0 + w_a * np.arange(depth)
        powers = np.round(np.log(line / w_0) / math.log(w_m))
        blocks = (np.round(w_0 * np.power(w_m, powers) / 8) * 8).astype(int)
        widths, depths = np.unique(blocks, return_counts=True)  # they never fall
        count, m = len(widths), bottleneck_multiplier
        groups = [min(group_width, int(width * m)) for width in widths]
        fitting = [
            int(_make_divisible(int(width * m), group) / m)
            for width, group in zip(widths, groups, strict=True)
        ]
        return cls(
            [int(one) for one in depths], fitting, groups, [m] * count, [2] * count, se_ratio
        )

    def _get_expanded_params(self) -> Iterator[tuple[int, int, int, int, float]]:
        return zip(
            self.widths, self.strides, self.depths, self.group_widths,
            self.bottleneck_multipliers, strict=True,
        )  # fmt: skip


class RegNet(nn.Module):
    """Stages of bottlenecks on images (N, 3, H, W)."""

    def __init__(
        self, block_params: BlockParams, num_classes: int = 1000, stem_width: int = 32,
        stem_type: Layer | None = None, block_type: Layer | None = None,
        norm_layer: Layer | None = None, activation: Layer | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        norm, active = norm_layer or nn.BatchNorm2d, activation or nn.ReLU
        self.stem = (stem_type or SimpleStemIN)(3, stem_width, norm, active)
        width, stages = stem_width, OrderedDict()
        for at, facts in enumerate(block_params._get_expanded_params(), start=1):
            out, stride, depth, group_width, multiplier = facts
            stages[f"block{at}"] = AnyStage(
                width, out, stride, depth, block_type or ResBottleneckBlock, norm, active,
                group_width, multiplier, block_params.se_ratio, at,
            )  # fmt: skip
            width = out
        self.trunk_output = nn.Sequential(stages)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
                nn.init.normal_(module.weight, mean=0.0, std=math.sqrt(2.0 / fan_out))
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, mean=0.0, std=0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.avgpool(self.trunk_output(self.stem(x)))
        return self.fc(x.flatten(start_dim=1))


def _regnet(
    depth: int, w_0: int, w_a: float, w_m: float, group_width: int, settings: dict[str, Any],
    se_ratio: float | None = None,
) -> RegNet:  # fmt: skip
    params = BlockParams.from_init_params(depth, w_0, w_a, w_m, group_width, se_ratio=se_ratio)
    return RegNet(params, **settings)


def _files(first: str, second: str, swag: str = "", linear: str = "") -> dict[str, str | File]:
    files: dict[str, str | File] = {}
    if first:
        files["IMAGENET1K_V1"] = f"regnet_{first}.pth"
        files["IMAGENET1K_V2"] = File(f"regnet_{second}.pth", resize=232)
    cubic = InterpolationMode.BICUBIC
    if swag:
        files["IMAGENET1K_SWAG_E2E_V1"] = File(f"regnet_{swag}.pth", 384, 384, cubic)
        files["IMAGENET1K_SWAG_LINEAR_V1"] = File(f"regnet_{linear}.pth", 224, 224, cubic)
    return files


_V2 = "IMAGENET1K_V2"
RegNet_Y_400MF_Weights = imagenet(
    "RegNet_Y_400MF", _V2,
    **_files("y_400mf-c65dace8", "y_400mf-e6988f5f"),
)  # fmt: skip
RegNet_Y_800MF_Weights = imagenet(
    "RegNet_Y_800MF", _V2,
    **_files("y_800mf-1b27b58c", "y_800mf-58fc7688"),
)  # fmt: skip
RegNet_Y_1_6GF_Weights = imagenet(
    "RegNet_Y_1_6GF", _V2,
    **_files("y_1_6gf-b11a554e", "y_1_6gf-0d7bc02a"),
)  # fmt: skip
RegNet_Y_3_2GF_Weights = imagenet(
    "RegNet_Y_3_2GF", _V2,
    **_files("y_3_2gf-b5a9779c", "y_3_2gf-9180c971"),
)  # fmt: skip
RegNet_Y_8GF_Weights = imagenet("RegNet_Y_8GF", _V2, **_files("y_8gf-d0d0e4a8", "y_8gf-dc2b1b54"))
RegNet_Y_16GF_Weights = imagenet(
    "RegNet_Y_16GF", _V2,
    **_files(
        "y_16gf-9e6ed7dd", "y_16gf-3e4a00f9",
        "y_16gf_swag-43afe44d", "y_16gf_lc_swag-f3ec0043",
    ),
)  # fmt: skip
RegNet_Y_32GF_Weights = imagenet(
    "RegNet_Y_32GF", _V2,
    **_files(
        "y_32gf-4dee3f7a", "y_32gf-8db6d4b5",
        "y_32gf_swag-04fdfa75", "y_32gf_lc_swag-e1583746",
    ),
)  # fmt: skip
RegNet_Y_128GF_Weights = imagenet(
    "RegNet_Y_128GF", "IMAGENET1K_SWAG_E2E_V1",
    **_files("", "", "y_128gf_swag-c8ce3e52", "y_128gf_lc_swag-cbe8ce12"),
)  # fmt: skip
RegNet_X_400MF_Weights = imagenet(
    "RegNet_X_400MF", _V2,
    **_files("x_400mf-adf1edd5", "x_400mf-62229a5f"),
)  # fmt: skip
RegNet_X_800MF_Weights = imagenet(
    "RegNet_X_800MF", _V2,
    **_files("x_800mf-ad17e45c", "x_800mf-94a99ebd"),
)  # fmt: skip
RegNet_X_1_6GF_Weights = imagenet(
    "RegNet_X_1_6GF", _V2,
    **_files("x_1_6gf-e3633e7f", "x_1_6gf-a12f2b72"),
)  # fmt: skip
RegNet_X_3_2GF_Weights = imagenet(
    "RegNet_X_3_2GF", _V2,
    **_files("x_3_2gf-f342aeae", "x_3_2gf-7071aa85"),
)  # fmt: skip
RegNet_X_8GF_Weights = imagenet("RegNet_X_8GF", _V2, **_files("x_8gf-03ceed89", "x_8gf-2b70d774"))
RegNet_X_16GF_Weights = imagenet(
    "RegNet_X_16GF", _V2,
    **_files("x_16gf-2007eb11", "x_16gf-ba3796d7"),
)  # fmt: skip
RegNet_X_32GF_Weights = imagenet(
    "RegNet_X_32GF", _V2,
    **_files("x_32gf-9d47f8d0", "x_32gf-6eb8fdc6"),
)  # fmt: skip


@builder(RegNet_Y_400MF_Weights)
def regnet_y_400mf(**kwargs: Any) -> RegNet:
    """RegNet with weighed channels, of some 400 million operations."""
    return _regnet(16, 48, 27.89, 2.09, 8, kwargs, se_ratio=0.25)


@builder(RegNet_Y_800MF_Weights)
def regnet_y_800mf(**kwargs: Any) -> RegNet:
    """RegNet with weighed channels, of some 800 million operations."""
    return _regnet(14, 56, 38.84, 2.4, 16, kwargs, se_ratio=0.25)


@builder(RegNet_Y_1_6GF_Weights)
def regnet_y_1_6gf(**kwargs: Any) -> RegNet:
    """RegNet with weighed channels, of some 1.6 thousand million operations."""
    return _regnet(27, 48, 20.71, 2.65, 24, kwargs, se_ratio=0.25)


@builder(RegNet_Y_3_2GF_Weights)
def regnet_y_3_2gf(**kwargs: Any) -> RegNet:
    """RegNet with weighed channels, of some 3.2 thousand million operations."""
    return _regnet(21, 80, 42.63, 2.66, 24, kwargs, se_ratio=0.25)


@builder(RegNet_Y_8GF_Weights)
def regnet_y_8gf(**kwargs: Any) -> RegNet:
    """RegNet with weighed channels, of some 8 thousand million operations."""
    return _regnet(17, 192, 76.82, 2.19, 56, kwargs, se_ratio=0.25)


@builder(RegNet_Y_16GF_Weights)
def regnet_y_16gf(**kwargs: Any) -> RegNet:
    """RegNet with weighed channels, of some 16 thousand million operations."""
    return _regnet(18, 200, 106.23, 2.48, 112, kwargs, se_ratio=0.25)


@builder(RegNet_Y_32GF_Weights)
def regnet_y_32gf(**kwargs: Any) -> RegNet:
    """RegNet with weighed channels, of some 32 thousand million operations."""
    return _regnet(20, 232, 115.89, 2.53, 232, kwargs, se_ratio=0.25)


@builder(RegNet_Y_128GF_Weights)
def regnet_y_128gf(**kwargs: Any) -> RegNet:
    """RegNet with weighed channels, of some 128 thousand million operations."""
    return _regnet(27, 456, 160.83, 2.52, 264, kwargs, se_ratio=0.25)


@builder(RegNet_X_400MF_Weights)
def regnet_x_400mf(**kwargs: Any) -> RegNet:
    """RegNet of some 400 million operations."""
    return _regnet(22, 24, 24.48, 2.54, 16, kwargs)


@builder(RegNet_X_800MF_Weights)
def regnet_x_800mf(**kwargs: Any) -> RegNet:
    """RegNet of some 800 million operations."""
    return _regnet(16, 56, 35.73, 2.28, 16, kwargs)


@builder(RegNet_X_1_6GF_Weights)
def regnet_x_1_6gf(**kwargs: Any) -> RegNet:
    """RegNet of some 1.6 thousand million operations."""
    return _regnet(18, 80, 34.01, 2.25, 24, kwargs)


@builder(RegNet_X_3_2GF_Weights)
def regnet_x_3_2gf(**kwargs: Any) -> RegNet:
    """RegNet of some 3.2 thousand million operations."""
    return _regnet(25, 88, 26.31, 2.25, 48, kwargs)


@builder(RegNet_X_8GF_Weights)
def regnet_x_8gf(**kwargs: Any) -> RegNet:
    """RegNet of some 8 thousand million operations."""
    return _regnet(23, 80, 49.56, 2.88, 120, kwargs)


@builder(RegNet_X_16GF_Weights)
def regnet_x_16gf(**kwargs: Any) -> RegNet:
    """RegNet of some 16 thousand million operations."""
    return _regnet(22, 216, 55.59, 2.1, 128, kwargs)


@builder(RegNet_X_32GF_Weights)
def regnet_x_32gf(**kwargs: Any) -> RegNet:
    """RegNet of some 32 thousand million operations."""
    return _regnet(23, 320, 69.86, 2.0, 168, kwargs)
