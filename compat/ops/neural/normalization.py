"""Batch, layer, group, instance and RMS normalisation."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.neural.window import channels_first, channels_last
from compat.ops.reduce.sums import axes_of, vector_norm
from compat.ops.roles import Array, Flag, Operand, Scalar

_HIDDEN: dict[str, Any] = {"homes": ("hidden",), "out": False, "math": True}


def _affine(made: jax.Array, weight: jax.Array | None, bias: jax.Array | None) -> jax.Array:
    """Scales and shifts along the last dimension."""
    made = made if weight is None else made * weight
    return made if bias is None else made + bias


@op(**_HIDDEN, name="_batch_norm_train",
    extras={"node": "NativeBatchNormBackward0", "as_input": True})  # fmt: skip
def batch_norm_train(input: Operand, weight: Operand | None, bias: Operand | None,
                     running_mean: Array | None, running_var: Array | None, momentum: Scalar,
                     eps: float) -> tuple[Array, Array, Array]:  # fmt: skip
    """Normalises each channel (dim 1) by the batch, and moves the running statistics.

    gives   the result, the new running mean and variance (the batch's when there are none)
    """
    x = channels_last(input)
    axes = tuple(range(x.ndim - 1))
    count = x.size // x.shape[-1]
    mean = jnp.mean(x, axes)
    off = x - mean
    var = jnp.mean(off * off, axes)
    made = channels_first(_affine(off, _scale(var, weight, eps), bias))
    mean, var = lax.stop_gradient(mean), lax.stop_gradient(var)
    unbiased = var * (count / max(count - 1, 1))
    if running_mean is None or running_var is None:
        return made, mean, unbiased
    by = momentum.astype(running_mean.dtype)
    return (
        made,
        running_mean + by * (mean.astype(running_mean.dtype) - running_mean),
        running_var + by * (unbiased.astype(running_var.dtype) - running_var),
    )


@op(**_HIDDEN, name="_batch_norm_eval",
    extras={"node": "NativeBatchNormBackward0", "as_input": True})  # fmt: skip
def batch_norm_eval(input: Operand, weight: Operand | None, bias: Operand | None,
                    running_mean: Operand, running_var: Operand, eps: float) -> Array:  # fmt: skip
    """Normalises each channel by the running statistics."""
    scale = _scale(running_var, weight, eps)
    return channels_first(_affine(channels_last(input) - running_mean, scale, bias))


def _scale(var: jax.Array, weight: jax.Array | None, eps: float) -> jax.Array:
    """What each channel is multiplied with. As one factor: XLA would keep the activation divided
    by its deviation for the weight's gradient, beside the activation itself."""
    scale = lax.rsqrt(var + eps)
    return scale if weight is None else scale * weight


def _standard(input: jax.Array, axes: Any, eps: float) -> jax.Array:
    mean = jnp.mean(input, axes, keepdims=True)
    off = input - mean
    return off * lax.rsqrt(jnp.mean(off * off, axes, keepdims=True) + eps)


@op(homes=("torch", "nn.functional"), out=False, math=True,
    extras={"node": "NativeLayerNormBackward0", "as_input": True})  # fmt: skip
def layer_norm(input: Operand, normalized_shape: Any, weight: Operand | None = None,
               bias: Operand | None = None, eps: float = 1e-05,
               cudnn_enable: Flag = True) -> Array:  # fmt: skip
    """Normalises over the last dimensions, which have normalized_shape."""
    shape = _checked_shape(input, normalized_shape, weight, bias)
    made = _standard(input, tuple(range(input.ndim - len(shape), input.ndim)), eps)
    return _affine(made, weight, bias)


def _checked_shape(input: jax.Array, normalized_shape: Any, weight: Any, bias: Any) -> Any:
    """The shape over which to normalise, if input, weight and bias have it."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    require(
        len(shape) >= 1,
        "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
        "element, but got normalized_shape = []",
    )
    for name, given in (("weight", weight), ("bias", bias)):
        require(
            given is None or given.shape == shape,
            f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
            f"{list(given.shape) if given is not None else []} and normalized_shape = "
            f"{list(shape)}",
        )
    require(
        input.shape[input.ndim - len(shape) :] == shape,
        f"Given normalized_shape={list(shape)}, expected input with shape "
        f"[*{''.join(f', {n}' for n in shape)}], but got input of size{list(input.shape)}",
    )
    return shape


@op(homes=("torch", "nn.functional"), out=False, math=True)
def rms_norm(input: Operand, normalized_shape: Any, weight: Operand | None = None,
             eps: float | None = None) -> Array:  # fmt: skip
    """Divides by the root of the mean square over the last dimensions."""
    shape = _checked_shape(input, normalized_shape, weight, None)
    axes = tuple(range(input.ndim - len(shape), input.ndim))
    small = jnp.finfo(input.dtype).eps if eps is None else eps
    made = input * lax.rsqrt(jnp.mean(input * input, axes, keepdims=True) + small)
    return made if weight is None else made * weight


@op(homes=("torch", "nn.functional"), out=False, math=True,
    extras={"node": "NativeGroupNormBackward0", "as_input": True})  # fmt: skip
def group_norm(input: Operand, num_groups: int, weight: Operand | None = None,
               bias: Operand | None = None, eps: float = 1e-05,
               cudnn_enabled: Flag = True) -> Array:  # fmt: skip
    """Normalises over groups of channels and all that is behind them."""
    require(
        input.ndim >= 2,
        f"Expected at least 2 dimensions for input tensor but received {input.ndim}",
    )
    channels = input.shape[1]
    require(
        channels % num_groups == 0,
        "Expected number of channels in input to be divisible by num_groups, but got input of "
        f"shape {list(input.shape)} and num_groups={num_groups}",
    )
    x = channels_last(input)
    grouped = x.reshape(*x.shape[:-1], num_groups, channels // num_groups)
    made = _standard(grouped, (*range(1, x.ndim - 1), x.ndim), eps).reshape(x.shape)
    return channels_first(_affine(made, weight, bias))


@op(homes=("hidden",), name="_instance_norm", out=False, math=True, extras={"as_input": True})
def instance_norm(input: Operand, weight: Operand | None = None, bias: Operand | None = None,
                  eps: float = 1e-05) -> Array:  # fmt: skip
    """Normalises each channel of each sample."""
    made = _standard(channels_last(input), tuple(range(1, input.ndim - 1)), eps)
    return channels_first(_affine(made, weight, bias))


@op(homes=("nn.functional",), out=False, math=True)
def local_response_norm(input: Operand, size: int, alpha: float = 0.0001,
                        beta: float = 0.75, k: float = 1.0) -> Array:  # fmt: skip
    """Divides by a power of the mean square over neighbouring channels."""
    require(
        input.ndim >= 3,
        f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)",
        ValueError,
    )
    if not input.size:
        return input
    if not jnp.issubdtype(input.dtype, jnp.inexact):
        input = input.astype("float32")
    squares = input * input
    pads = [(0, 0)] * input.ndim
    pads[1] = (size // 2, (size - 1) // 2)
    padded = jnp.pad(squares, pads)
    total = sum(padded[:, at : at + input.shape[1]] for at in range(size))
    return input / (total / size * alpha + k) ** beta


@op(homes=("nn.functional",), math=True, extras={"out": "cast"})
def normalize(input: Operand, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Array:
    """Divides by the p-norm along dim, which is not let below eps."""
    size = vector_norm(input, p, axes_of(dim, input.ndim), True)
    return input / jnp.where(size > eps, size, jnp.asarray(eps, size.dtype))
