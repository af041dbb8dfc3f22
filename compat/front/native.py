"""Normalisations that give their statistics, too: PyTorch's `native_*` functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compat.front.create import hidden
from compat.front.derive import FUNCTIONS
from compat.front.into import given_out
from compat.tape.mode import no_grad


def _statistics(x: Any, dims: Sequence[int], eps: float) -> tuple[Any, Any]:
    """The mean over dims, and one over the standard deviation."""
    mean = x.mean(dims, keepdim=True)
    return mean, ((x - mean).square().mean(dims, keepdim=True) + eps).rsqrt()


def native_layer_norm(input: Any, normalized_shape: Sequence[int], weight: Any, bias: Any,
                      eps: float) -> Any:  # fmt: skip
    """`layer_norm`, with the mean and one over the standard deviation of each row."""
    if not normalized_shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least "
            f"one element, but got normalized_shape = {list(normalized_shape)}"
        )
    made = FUNCTIONS["torch"]["layer_norm"](input, tuple(normalized_shape), weight, bias, eps)
    dims = range(input.dim() - len(normalized_shape), input.dim())
    return made, *_statistics(input.detach(), [*dims], eps)


def native_group_norm(input: Any, weight: Any, bias: Any, N: int, C: int, HxW: int, group: int,
                      eps: float) -> Any:  # fmt: skip
    """`group_norm` of N samples of C channels, with the statistics (N, group)."""
    made = FUNCTIONS["torch"]["group_norm"](input, group, weight, bias, eps)
    mean, scale = _statistics(input.reshape(N, group, C // group * HxW), [2], eps)
    return made, mean.reshape(N, group), scale.reshape(N, group)


def native_batch_norm(input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any,
                      training: bool, momentum: float, eps: float, *,
                      out: Any = None) -> Any:  # fmt: skip
    """`batch_norm`, with the batch's mean and one over its deviation; empty when not training."""
    if not training:
        made = hidden("_batch_norm_eval")(input, weight, bias, running_mean, running_var, eps)
        return given_out(out, (made, input.new_empty(0), input.new_empty(0)))
    made, mean, var = hidden("_batch_norm_train")(
        input, weight, bias, running_mean, running_var, momentum, eps
    )
    with no_grad():
        for running, moved in ((running_mean, mean), (running_var, var)):
            if running is not None:
                running.copy_(moved)
    dims = [0, *range(2, input.dim())]
    mean, scale = _statistics(input.detach(), dims, eps)
    return given_out(out, (made, mean.reshape(-1), scale.reshape(-1)))


def derive_native() -> None:
    """Puts everything here into the torch namespace."""
    for function in (native_layer_norm, native_group_norm, native_batch_norm):
        FUNCTIONS["torch"][function.__name__] = function
