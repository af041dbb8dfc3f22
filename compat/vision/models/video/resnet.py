"""ResNets for films: Tran et al. 2018, "A Closer Look at Spatiotemporal Convolutions"."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import compat as torch
from compat import nn
from compat.vision.models.weights import SITE, Weights, builder, checkpoints
from compat.vision.transforms._presets import VideoClassification

__all__ = [
    "MC3_18_Weights", "R2Plus1D_18_Weights", "R3D_18_Weights", "VideoResNet", "mc3_18",
    "r2plus1d_18", "r3d_18",
]  # fmt: skip

Layer = Callable[..., nn.Module]
Steps = tuple[int, int, int]


class Conv3DSimple(nn.Conv3d):
    """A 3 x 3 x 3 convolution."""

    def __init__(
        self, in_planes: int, out_planes: int, midplanes: int | None = None, stride: int = 1,
        padding: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(in_planes, out_planes, (3, 3, 3), stride, padding, bias=False)

    @staticmethod
    def get_downsample_stride(stride: int) -> Steps:
        """The steps of what goes past a block."""
        return stride, stride, stride


class Conv2Plus1D(nn.Sequential):
    """A convolution of each picture, then one along time."""

    def __init__(
        self, in_planes: int, out_planes: int, midplanes: int, stride: int = 1, padding: int = 1
    ) -> None:
        super().__init__(
            nn.Conv3d(
                in_planes, midplanes, (1, 3, 3), (1, stride, stride), (0, padding, padding),
                bias=False,
            ),
            nn.BatchNorm3d(midplanes), nn.ReLU(inplace=True),
            nn.Conv3d(
                midplanes, out_planes, (3, 1, 1), (stride, 1, 1), (padding, 0, 0), bias=False
            ),
        )  # fmt: skip

    @staticmethod
    def get_downsample_stride(stride: int) -> Steps:
        """The steps of what goes past a block."""
        return stride, stride, stride


class Conv3DNoTemporal(nn.Conv3d):
    """A 3 x 3 convolution of each picture."""

    def __init__(
        self, in_planes: int, out_planes: int, midplanes: int | None = None, stride: int = 1,
        padding: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(
            in_planes, out_planes, (1, 3, 3), (1, stride, stride), (0, padding, padding),
            bias=False,
        )  # fmt: skip

    @staticmethod
    def get_downsample_stride(stride: int) -> Steps:
        """The steps of what goes past a block."""
        return 1, stride, stride


class BasicBlock(nn.Module):
    """Two convolutions and what goes past them."""

    expansion = 1

    def __init__(
        self, inplanes: int, planes: int, conv_builder: Layer, stride: int = 1,
        downsample: nn.Module | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        # As wide in between as makes two convolutions as large as one.
        middle = (inplanes * planes * 27) // (inplanes * 9 + 3 * planes)
        self.conv1 = nn.Sequential(
            conv_builder(inplanes, planes, middle, stride), nn.BatchNorm3d(planes),
            nn.ReLU(inplace=True),
        )  # fmt: skip
        self.conv2 = nn.Sequential(conv_builder(planes, planes, middle), nn.BatchNorm3d(planes))
        self.relu = nn.ReLU(inplace=True)
        self.downsample, self.stride = downsample, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = self.conv2(self.conv1(x))
        made += x if self.downsample is None else self.downsample(x)
        return self.relu(made)


class BasicStem(nn.Sequential):
    """A 3 x 7 x 7 convolution that halves the pictures."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv3d(3, 64, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False), nn.BatchNorm3d(64),
            nn.ReLU(inplace=True),
        )  # fmt: skip


class R2Plus1dStem(nn.Sequential):
    """A 7 x 7 convolution that halves the pictures, then one along time."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv3d(3, 45, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False), nn.BatchNorm3d(45),
            nn.ReLU(inplace=True),
            nn.Conv3d(45, 64, (3, 1, 1), (1, 1, 1), (1, 0, 0), bias=False), nn.BatchNorm3d(64),
            nn.ReLU(inplace=True),
        )  # fmt: skip


class VideoResNet(nn.Module):
    """Four stages of blocks on films (N, 3, T, H, W); gives (N, num_classes)."""

    def __init__(
        self, block: Any, conv_makers: Sequence[Any], layers: list[int], stem: Layer,
        num_classes: int = 400, zero_init_residual: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.inplanes = 64
        self.stem = stem()
        for at, (maker, count) in enumerate(zip(conv_makers, layers, strict=True)):
            stage = self._make_layer(block, maker, 64 * 2**at, count, 1 if at == 0 else 2)
            setattr(self, f"layer{at + 1}", stage)
        self.avgpool = nn.AdaptiveAvgPool3d((1, 1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.constant_(module.bias, 0)
            elif isinstance(module, nn.BatchNorm3d):
                nn.init.constant_(module.weight, 1)
                nn.init.constant_(module.bias, 0)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.constant_(module.bias, 0)
        for module in self.modules() if zero_init_residual else ():
            if isinstance(module, BasicBlock):
                nn.init.constant_(module.conv2[1].weight, 0)

    def _make_layer(
        self, block: Any, conv_builder: Any, planes: int, blocks: int, stride: int
    ) -> nn.Sequential:
        past, width = None, planes * block.expansion
        if stride != 1 or self.inplanes != width:
            steps = conv_builder.get_downsample_stride(stride)
            past = nn.Sequential(
                nn.Conv3d(self.inplanes, width, kernel_size=1, stride=steps, bias=False),
                nn.BatchNorm3d(width),
            )
        layers = [block(self.inplanes, planes, conv_builder, stride, past)]
        self.inplanes = width
        layers += [block(width, planes, conv_builder) for _ in range(1, blocks)]
        return nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def _kinetics(name: str, file: str) -> Any:
    transforms = functools.partial(
        VideoClassification, crop_size=(112, 112), resize_size=(128, 171)
    )
    facts = {"min_size": (1, 1), "num_classes": 400}
    key = "KINETICS400_V1"
    return checkpoints(name, {key: Weights(SITE + file, transforms, facts)}, key)


def _made(makers: list[Any], stem: Layer, settings: dict[str, Any]) -> VideoResNet:
    return VideoResNet(BasicBlock, makers, [2, 2, 2, 2], stem, **settings)


R3D_18_Weights = _kinetics("R3D_18", "r3d_18-b3b3357e.pth")
MC3_18_Weights = _kinetics("MC3_18", "mc3_18-a90a0ba3.pth")
R2Plus1D_18_Weights = _kinetics("R2Plus1D_18", "r2plus1d_18-91a641e6.pth")


@builder(R3D_18_Weights)
def r3d_18(**kwargs: Any) -> VideoResNet:
    """A ResNet of 18 layers whose convolutions see time too."""
    return _made([Conv3DSimple] * 4, BasicStem, kwargs)


@builder(MC3_18_Weights)
def mc3_18(**kwargs: Any) -> VideoResNet:
    """A ResNet of 18 layers of which only the first see time."""
    return _made([Conv3DSimple, *[Conv3DNoTemporal] * 3], BasicStem, kwargs)


@builder(R2Plus1D_18_Weights)
def r2plus1d_18(**kwargs: Any) -> VideoResNet:
    """A ResNet of 18 layers with convolutions of pictures and of time in turn."""
    return _made([Conv2Plus1D] * 4, R2Plus1dStem, kwargs)
