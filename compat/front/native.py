"""Normalisations that give their statistics, too: PyTorch's `native_*` functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compat.front.derive import FUNCTIONS


def _normalised(x: Any, dims: Sequence[int], eps: float) -> tuple[Any, Any, Any]:
    """The input without its mean and scale, the mean, and one over the scale, dims kept."""
    mean = x.mean(dims, keepdim=True)
    off = x - mean
    scale = (off.square().mean(dims, keepdim=True) + eps).rsqrt()
    return off * scale, mean, scale


def _affine(x: Any, weight: Any, bias: Any, shape: Sequence[int]) -> Any:
    x = x if weight is None else x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


def native_layer_norm(input: Any, normalized_shape: Sequence[int], weight: Any, bias: Any,
                      eps: float) -> Any:  # fmt: skip
    """`layer_norm`, with the mean and one over the standard deviation of each row."""
    shape = tuple(normalized_shape)
    if tuple(input.shape[input.dim() - len(shape) :]) != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, "
            f"{', '.join(map(str, shape))}], but got input of size{list(input.shape)}"
        )
    dims = list(range(input.dim() - len(shape), input.dim()))
    made, mean, scale = _normalised(input, dims, eps)
    return _affine(made, weight, bias, shape), mean.detach(), scale.detach()


def native_group_norm(input: Any, weight: Any, bias: Any, N: int, C: int, HxW: int, group: int,
                      eps: float) -> Any:  # fmt: skip
    """`group_norm` of N samples of C channels, with the statistics (N, group)."""
    grouped = input.reshape(N, group, C // group * HxW)
    made, mean, scale = _normalised(grouped, [2], eps)
    shape = [1, C, *[1] * (input.dim() - 2)]
    made = _affine(made.reshape(input.shape), weight, bias, shape)
    return made, mean.reshape(N, group), scale.reshape(N, group)


def native_batch_norm(input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any,
                      training: bool, momentum: float, eps: float) -> Any:  # fmt: skip
    """`batch_norm`, with the batch's mean and one over its deviation; empty when not training."""
    channels = input.size(1)
    shape = [1, channels, *[1] * (input.dim() - 2)]
    if not training:
        scale = (running_var + eps).rsqrt().reshape(shape)
        made = (input - running_mean.reshape(shape)) * scale
        empty = input.new_empty(0)
        return _affine(made, weight, bias, shape), empty, empty
    dims = [0, *range(2, input.dim())]
    made, mean, scale = _normalised(input, dims, eps)
    count = input.numel() // channels
    if running_mean is not None:
        drift = mean.detach().reshape(channels)
        running_mean.mul_(1 - momentum).add_(drift, alpha=momentum)
    if running_var is not None:
        spread = input.detach().var(dims, correction=0) * (count / max(count - 1, 1))
        running_var.mul_(1 - momentum).add_(spread, alpha=momentum)
    made = _affine(made, weight, bias, shape)
    return made, mean.detach().reshape(channels), scale.detach().reshape(channels)


def derive_native() -> None:
    """Puts everything here into the torch namespace."""
    for function in (native_layer_norm, native_group_norm, native_batch_norm):
        FUNCTIONS["torch"][function.__name__] = function
