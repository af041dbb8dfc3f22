"""Channels of several groups mixed."""

from __future__ import annotations

import compat as torch

from .. import functional as F
from .module import Module

Tensor = torch.Tensor


class ChannelShuffle(Module):
    """Takes the channels of (*, C, H, W) from each of the groups in turn (Zhang et al. 2018)."""

    __constants__ = ["groups"]

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
