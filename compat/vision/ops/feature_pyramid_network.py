"""Feature pyramids: Lin et al. 2017, "Feature Pyramid Networks for Object Detection"."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import compat as torch
from compat import nn
from compat.vision.ops.layers import Conv2dNormActivation

F = nn.functional
Features = list[torch.Tensor]


class ExtraFPNBlock(nn.Module):
    """Adds levels to a pyramid; to be inherited from.

    forward(results, x, names)  what the pyramid gives, what it was given, and the levels' names;
                                gives results and names with the new ones
    """

    def forward(
        self, results: Features, x: Features, names: list[str]
    ) -> tuple[Features, list[str]]:
        raise NotImplementedError(f"{type(self).__name__}.forward")


class LastLevelMaxPool(ExtraFPNBlock):
    """Every other pixel of the last level, as "pool"."""

    def forward(self, x: Features, y: Features, names: list[str]) -> tuple[Features, list[str]]:
        smaller = F.max_pool2d(x[-1], kernel_size=1, stride=2, padding=0)
        return [*x, smaller], [*names, "pool"]


class LastLevelP6P7(ExtraFPNBlock):
    """Two more levels by convolutions, as "p6" and "p7" (RetinaNet's)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.p6 = nn.Conv2d(in_channels, out_channels, 3, 2, 1)
        self.p7 = nn.Conv2d(out_channels, out_channels, 3, 2, 1)
        for module in (self.p6, self.p7):
            nn.init.kaiming_uniform_(module.weight, a=1)
            nn.init.constant_(module.bias, 0)
        self.use_P5 = in_channels == out_channels

    def forward(self, p: Features, c: Features, names: list[str]) -> tuple[Features, list[str]]:
        sixth = self.p6(p[-1] if self.use_P5 else c[-1])
        return [*p, sixth, self.p7(F.relu(sixth))], [*names, "p6", "p7"]


class FeaturePyramidNetwork(nn.Module):
    """Levels of one width, each with what coarser ones saw.

    in_channels_list  the widths of the levels, the finest first
    extra_blocks      an ExtraFPNBlock that adds levels

    It takes and gives an OrderedDict of (N, C, H, W), the finest first.
    """

    _version = 2

    def __init__(
        self, in_channels_list: list[int], out_channels: int,
        extra_blocks: ExtraFPNBlock | None = None,
        norm_layer: Callable[..., nn.Module] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.inner_blocks, self.layer_blocks = nn.ModuleList(), nn.ModuleList()
        options: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": None}
        for width in in_channels_list:
            if width == 0:
                raise ValueError("in_channels=0 is currently not supported")
            inner = Conv2dNormActivation(width, out_channels, kernel_size=1, padding=0, **options)
            self.inner_blocks.append(inner)
            self.layer_blocks.append(
                Conv2dNormActivation(out_channels, out_channels, kernel_size=3, **options)
            )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)
                if module.bias is not None:
                    nn.init.constant_(module.bias, 0)
        if extra_blocks is not None and not isinstance(extra_blocks, ExtraFPNBlock):
            raise TypeError(
                f"extra_blocks should be of type ExtraFPNBlock not {type(extra_blocks)}"
            )
        self.extra_blocks = extra_blocks

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *args: Any
    ) -> None:
        """In files of the first version the blocks are bare convolutions."""
        version = local_metadata.get("version", None)
        if version is None or version < 2:
            for block in ("inner_blocks", "layer_blocks"):
                for at in range(len(self.inner_blocks)):
                    for kind in ("weight", "bias"):
                        old = state_dict.pop(f"{prefix}{block}.{at}.{kind}", None)
                        if old is not None:
                            state_dict[f"{prefix}{block}.{at}.0.{kind}"] = old
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)

    def forward(self, x: dict[str, torch.Tensor]) -> OrderedDict[str, torch.Tensor]:
        names, given = list(x), list(x.values())
        inner = self.inner_blocks[-1](given[-1])
        made = [self.layer_blocks[-1](inner)]
        for at in range(len(given) - 2, -1, -1):
            lateral = self.inner_blocks[at](given[at])
            inner = lateral + F.interpolate(inner, size=lateral.shape[-2:], mode="nearest")
            made.insert(0, self.layer_blocks[at](inner))
        if self.extra_blocks is not None:
            made, names = self.extra_blocks(made, given, names)
        return OrderedDict(zip(names, made, strict=True))
