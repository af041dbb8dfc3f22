"""DropBlock: zeroes blocks of neighbours rather than single places (Ghiasi et al. 2018)."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat import nn

F = nn.functional


def _dropped(
    input: torch.Tensor, p: float, block_size: int, inplace: bool, eps: float, training: bool,
    pool: Any,
) -> torch.Tensor:  # fmt: skip
    if p < 0.0 or p > 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}.")
    rank = input.dim() - 2
    if not training or p == 0.0:
        return input
    count, channels, *sizes = input.shape
    block = min(block_size, *sizes)
    if block % 2 == 0:
        raise ValueError(f"block size should be odd. Got {block} which is even.")
    # A place is lost with probability p when a block starts with this one.
    rate = p / block**rank
    starts = []
    for length in sizes:
        rate *= length / (length - block + 1)
        starts.append(length - block + 1)
    noise = torch.empty((count, channels, *starts), dtype=input.dtype, device=input.device)
    noise.bernoulli_(rate)
    noise = F.pad(noise, [block // 2] * (2 * rank), value=0)
    kept = 1 - pool(noise, stride=1, kernel_size=block, padding=block // 2)
    scale = kept.numel() / (eps + kept.sum())
    if inplace:
        input.mul_(kept).mul_(scale)
        return input
    return input * kept * scale


def drop_block2d(
    input: torch.Tensor, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6,
    training: bool = True,
) -> torch.Tensor:  # fmt: skip
    """Zeroes squares of (N, C, H, W), so that about a part p is lost, and scales the rest up."""
    if input.dim() != 4:
        raise ValueError(f"input should be 4 dimensional. Got {input.dim()} dimensions.")
    return _dropped(input, p, block_size, inplace, eps, training, F.max_pool2d)


def drop_block3d(
    input: torch.Tensor, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6,
    training: bool = True,
) -> torch.Tensor:  # fmt: skip
    """Zeroes cubes of (N, C, D, H, W), so that about a part p is lost, and scales the rest up."""
    if input.dim() != 5:
        raise ValueError(f"input should be 5 dimensional. Got {input.dim()} dimensions.")
    return _dropped(input, p, block_size, inplace, eps, training, F.max_pool3d)


class DropBlock2d(nn.Module):
    """`drop_block2d` while training."""

    def __init__(
        self, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6
    ) -> None:
        super().__init__()
        self.p, self.block_size, self.inplace, self.eps = p, block_size, inplace, eps

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return drop_block2d(
            input, self.p, self.block_size, self.inplace, self.eps, self.training
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p={self.p}, block_size={self.block_size}, "
            f"inplace={self.inplace})"
        )


class DropBlock3d(DropBlock2d):
    """`drop_block3d` while training."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return drop_block3d(
            input, self.p, self.block_size, self.inplace, self.eps, self.training
        )
