"""The gradients of convolutions as functions of their own."""

from __future__ import annotations

from typing import Any

import compat as torch

from . import functional as F


def _of_input(rank: int) -> Any:
    def gradient(input_size: Any, weight: Any, grad_output: Any, stride: Any = 1,
                 padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:  # fmt: skip
        input = torch.zeros(
            input_size, dtype=grad_output.dtype, device=grad_output.device, requires_grad=True
        )
        return _pulled(rank, input, weight, grad_output, input, stride, padding, dilation, groups)

    gradient.__name__ = gradient.__qualname__ = f"conv{rank}d_input"
    gradient.__doc__ = f"The gradient of `conv{rank}d` by its input."
    return gradient


def _of_weight(rank: int) -> Any:
    def gradient(input: Any, weight_size: Any, grad_output: Any, stride: Any = 1,
                 padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:  # fmt: skip
        weight = torch.zeros(
            weight_size, dtype=grad_output.dtype, device=grad_output.device, requires_grad=True
        )
        return _pulled(rank, input, weight, grad_output, weight, stride, padding, dilation, groups)

    gradient.__name__ = gradient.__qualname__ = f"conv{rank}d_weight"
    gradient.__doc__ = f"The gradient of `conv{rank}d` by its weight."
    return gradient


def _pulled(
    rank: int, input: Any, weight: Any, grad_output: Any, wanted: Any, *settings: Any
) -> Any:
    convolution = getattr(F, f"conv{rank}d")
    with torch.enable_grad():
        made = convolution(input, weight, None, *settings)
    return torch.autograd.grad(made, wanted, grad_output)[0]


conv1d_input, conv2d_input, conv3d_input = (_of_input(rank) for rank in (1, 2, 3))
conv1d_weight, conv2d_weight, conv3d_weight = (_of_weight(rank) for rank in (1, 2, 3))
