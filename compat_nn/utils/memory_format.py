"""Convolution weights laid out with the channels last."""

from __future__ import annotations

from typing import Any

from ..modules.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d
from ..modules.module import Module


def _converted(module: Module, memory_format: Any, kinds: tuple[type, ...]) -> Module:
    for each in module.modules():
        if isinstance(each, kinds):
            each.weight.data = each.weight.detach().clone().contiguous(memory_format=memory_format)
    return module


def convert_conv2d_weight_memory_format(module: Module, memory_format: Any) -> Module:
    """Lays the weights of all `Conv2d` and `ConvTranspose2d` out anew."""
    return _converted(module, memory_format, (Conv2d, ConvTranspose2d))


def convert_conv3d_weight_memory_format(module: Module, memory_format: Any) -> Module:
    """Lays the weights of all `Conv3d` and `ConvTranspose3d` out anew."""
    return _converted(module, memory_format, (Conv3d, ConvTranspose3d))
