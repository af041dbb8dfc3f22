"""Deformable convolution: each tap of the kernel reads where an offset says.

Dai et al. 2017, "Deformable Convolutional Networks"; with a mask, Zhu et al. 2018.
"""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat import nn


def _two(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _read(input: torch.Tensor, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Bilinear samples (N, G, C / G, taps, places) at places (N, G, taps, places); 0 outside."""
    count, groups = y.shape[:2]
    _, channels, height, width = input.shape
    flat = input.reshape(count, groups, channels // groups, height * width)
    low_y, low_x = y.detach().floor(), x.detach().floor()
    below, beside = y - low_y, x - low_x
    total: Any = 0.0
    for down in (0, 1):
        for right in (0, 1):
            row, column = low_y + down, low_x + right
            # Not 1 - |y - row|, whose slope at 0 is none where the offset is a whole number.
            weight = (below if down else 1 - below) * (beside if right else 1 - beside)
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            index = row.clamp(0, height - 1).long() * width + column.clamp(0, width - 1).long()
            index = index.reshape(count, groups, 1, -1).expand(-1, -1, channels // groups, -1)
            found = torch.gather(flat, 3, index).reshape(*index.shape[:3], *y.shape[2:])
            total = total + found * (weight * inside)[:, :, None]
    return total


def deform_conv2d(
    input: torch.Tensor, offset: torch.Tensor, weight: torch.Tensor,
    bias: torch.Tensor | None = None, stride: Any = (1, 1), padding: Any = (0, 0),
    dilation: Any = (1, 1), mask: torch.Tensor | None = None,
) -> torch.Tensor:  # fmt: skip
    """A convolution whose taps are moved.

    input   (N, C, H, W)
    offset  (N, 2 * groups of offsets * taps, out H, out W): down and right, for each tap
    weight  (out C, C / groups, kernel H, kernel W)
    mask    (N, groups of offsets * taps, out H, out W), times what a tap reads
    """
    (down, right), (pad_y, pad_x) = _two(stride), _two(padding)
    step_y, step_x = _two(dilation)
    out_channels, per_group, tall, wide = weight.shape
    count, channels, height, width = input.shape
    taps, groups = tall * wide, channels // per_group
    shifts = offset.shape[1] // (2 * taps)
    if shifts == 0:
        raise RuntimeError(
            "the shape of the offset tensor at dimension 1 is not valid. It should be a multiple "
            f"of 2 * weight.size[2] * weight.size[3].\nGot offset.shape[1]={offset.shape[1]}, "
            f"while 2 * weight.size[2] * weight.size[3]={2 * taps}"
        )
    out_y = (height + 2 * pad_y - (step_y * (tall - 1) + 1)) // down + 1
    out_x = (width + 2 * pad_x - (step_x * (wide - 1) + 1)) // right + 1
    if offset.shape[2:] != (out_y, out_x):
        raise RuntimeError(
            f"offset output dims: ({offset.shape[2]}, {offset.shape[3]}) - output dims: "
            f"({out_y}, {out_x})"
        )
    kind, device = offset.dtype, offset.device
    moved = offset.reshape(count, shifts, taps, 2, out_y, out_x)
    rows = torch.arange(out_y, dtype=kind, device=device) * down - pad_y
    columns = torch.arange(out_x, dtype=kind, device=device) * right - pad_x
    tap_y = torch.arange(tall, dtype=kind, device=device).repeat_interleave(wide) * step_y
    tap_x = torch.arange(wide, dtype=kind, device=device).repeat(tall) * step_x
    y = moved[:, :, :, 0] + tap_y[:, None, None] + rows[:, None]
    x = moved[:, :, :, 1] + tap_x[:, None, None] + columns
    places = out_y * out_x
    read = _read(input, y.flatten(3), x.flatten(3))
    if mask is not None:
        read = read * mask.reshape(count, shifts, 1, taps, places)
    read = read.reshape(count, groups, per_group * taps, places)
    kernels = weight.reshape(groups, out_channels // groups, per_group * taps)
    made = torch.matmul(kernels, read).reshape(count, out_channels, out_y, out_x)
    return made if bias is None else made + bias[:, None, None]


class DeformConv2d(nn.Module):
    """`deform_conv2d` with a weight and a bias."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = _two(kernel_size), _two(stride)
        self.padding, self.dilation = _two(padding), _two(dilation)
        self.weight = nn.Parameter(
            torch.empty(out_channels, in_channels // groups, *self.kernel_size)
        )
        if bias:
            self.bias = nn.Parameter(torch.empty(out_channels))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws weight and bias as other convolutions do."""
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.weight[0].numel())
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(
        self, input: torch.Tensor, offset: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        return deform_conv2d(
            input, offset, self.weight, self.bias, self.stride, self.padding, self.dilation, mask
        )

    def __repr__(self) -> str:
        facts = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        for name, usual in (("padding", (0, 0)), ("dilation", (1, 1)), ("groups", 1)):
            if getattr(self, name) != usual:
                facts.append(f"{name}={getattr(self, name)}")
        facts += ["bias=False"] if self.bias is None else []
        return f"{type(self).__name__}({', '.join(facts)})"
