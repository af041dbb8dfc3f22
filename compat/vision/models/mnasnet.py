"""MNASNet: Tan et al. 2018, "Platform-Aware Neural Architecture Search for Mobile"."""

from __future__ import annotations

import warnings
from typing import Any

import compat as torch
from compat import nn
from compat.vision.models.weights import File, builder, imagenet

__all__ = [
    "MNASNet", "MNASNet0_5_Weights", "MNASNet0_75_Weights", "MNASNet1_0_Weights",
    "MNASNet1_3_Weights", "mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3",
]  # fmt: skip

_MOMENTUM = 1 - 0.9997


def _block(conv: nn.Module, channels: int, active: bool = True) -> list[nn.Module]:
    made = [conv, nn.BatchNorm2d(channels, momentum=_MOMENTUM)]
    return [*made, nn.ReLU(inplace=True)] if active else made


class _InvertedResidual(nn.Module):
    """Wide convolutions of single channels between narrow ends."""

    def __init__(
        self, in_ch: int, out_ch: int, kernel_size: int, stride: int, expansion_factor: int
    ) -> None:
        super().__init__()
        if stride not in [1, 2]:
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        if kernel_size not in [3, 5]:
            raise ValueError(f"kernel_size should be 3 or 5 instead of {kernel_size}")
        wide = in_ch * expansion_factor
        self.apply_residual = in_ch == out_ch and stride == 1
        alone = nn.Conv2d(
            wide, wide, kernel_size, stride, kernel_size // 2, groups=wide, bias=False
        )
        narrow = nn.Conv2d(in_ch, wide, 1, bias=False)
        self.layers = nn.Sequential(
            *_block(narrow, wide), *_block(alone, wide),
            *_block(nn.Conv2d(wide, out_ch, 1, bias=False), out_ch, active=False),
        )  # fmt: skip

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return self.layers(input) + input if self.apply_residual else self.layers(input)


def _stack(
    in_ch: int, out_ch: int, kernel_size: int, stride: int, factor: int, repeats: int
) -> nn.Sequential:
    if repeats < 1:
        raise ValueError(f"repeats should be >= 1, instead got {repeats}")
    first = _InvertedResidual(in_ch, out_ch, kernel_size, stride, factor)
    rest = [_InvertedResidual(out_ch, out_ch, kernel_size, 1, factor) for _ in range(1, repeats)]
    return nn.Sequential(first, *rest)


def _near(value: float, divisor: int, up: float = 0.9) -> int:
    """The multiple of the divisor next to a value, rounding up where it would lose a tenth."""
    near = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return near if near >= up * value else near + divisor


class MNASNet(nn.Module):
    """MNASNet of a width (alpha) on images (N, 3, H, W)."""

    _version = 2

    def __init__(self, alpha: float, num_classes: int = 1000, dropout: float = 0.2) -> None:
        super().__init__()
        if alpha <= 0.0:
            raise ValueError(f"alpha should be greater than 0.0 instead of {alpha}")
        self.alpha, self.num_classes = alpha, num_classes
        widths = [_near(one * alpha, 8) for one in (32, 16, 24, 40, 80, 96, 192, 320)]
        self.layers = nn.Sequential(*self._stem(widths[0], widths[1]), *self._rest(widths))
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True),
                                        nn.Linear(1280, num_classes))  # fmt: skip
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.kaiming_uniform_(module.weight, mode="fan_out", nonlinearity="sigmoid")
                nn.init.zeros_(module.bias)

    @staticmethod
    def _stem(first: int, second: int) -> list[nn.Module]:
        start = nn.Conv2d(3, first, 3, padding=1, stride=2, bias=False)
        alone = nn.Conv2d(first, first, 3, padding=1, stride=1, groups=first, bias=False)
        narrow = nn.Conv2d(first, second, 1, bias=False)
        return [
            *_block(start, first), *_block(alone, first), *_block(narrow, second, active=False)
        ]  # fmt: skip

    @staticmethod
    def _rest(widths: list[int]) -> list[nn.Module]:
        kernels = (3, 5, 5, 3, 5, 3)
        strides, factors, repeats = (2, 2, 2, 1, 2, 1), (3, 3, 6, 6, 6, 6), (3, 3, 3, 2, 4, 1)
        stacks: list[nn.Module] = [
            _stack(widths[at + 1], widths[at + 2], kernels[at], strides[at], factors[at],
                   repeats[at])
            for at in range(6)
        ]  # fmt: skip
        return [*stacks, *_block(nn.Conv2d(widths[7], 1280, 1, bias=False), 1280)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.layers(x).mean([2, 3]))

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *args: Any
    ) -> None:
        """Files of the first version have a stem that is 32 and 16 wide, whatever alpha is."""
        version = local_metadata.get("version", None)
        if version not in [1, 2]:
            raise ValueError(f"version shluld be set to 1 or 2 instead of {version}")
        if version == 1 and self.alpha != 1.0:
            after = _near(24 * self.alpha, 8)
            self.layers[:9] = nn.Sequential(*self._stem(32, 16), _stack(16, after, 3, 2, 3, 3))
            self._version = 1
            warnings.warn(
                "A new version of MNASNet model has been implemented. Your checkpoint was saved "
                "using the previous version. This checkpoint will load and work as before, but "
                "you may want to upgrade by training a newer model or transfer learning from an "
                "updated ImageNet checkpoint.",
                UserWarning,
                stacklevel=2,
            )
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


MNASNet0_5_Weights = imagenet(
    "MNASNet0_5", IMAGENET1K_V1="mnasnet0.5_top1_67.823-3ffadce67e.pth"
)
MNASNet0_75_Weights = imagenet(
    "MNASNet0_75", IMAGENET1K_V1=File("mnasnet0_75-7090bc5f.pth", resize=232)
)
MNASNet1_0_Weights = imagenet(
    "MNASNet1_0", IMAGENET1K_V1="mnasnet1.0_top1_73.512-f206786ef8.pth"
)
MNASNet1_3_Weights = imagenet(
    "MNASNet1_3", IMAGENET1K_V1=File("mnasnet1_3-a4c69d6f.pth", resize=232)
)


@builder(MNASNet0_5_Weights)
def mnasnet0_5(**kwargs: Any) -> MNASNet:
    """MNASNet, half as wide."""
    return MNASNet(0.5, **kwargs)


@builder(MNASNet0_75_Weights)
def mnasnet0_75(**kwargs: Any) -> MNASNet:
    """MNASNet, three quarters as wide."""
    return MNASNet(0.75, **kwargs)


@builder(MNASNet1_0_Weights)
def mnasnet1_0(**kwargs: Any) -> MNASNet:
    """MNASNet."""
    return MNASNet(1.0, **kwargs)


@builder(MNASNet1_3_Weights)
def mnasnet1_3(**kwargs: Any) -> MNASNet:
    """MNASNet, 1.3 times as wide."""
    return MNASNet(1.3, **kwargs)
