"""Activations and the softmax family."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from compat.core.dtype import dtype, type_name
from compat.core.errors import require
from compat.core.size import wrap_dim
from compat.ops.declare import op, pointwise
from compat.ops.roles import Array, Dim, DType, Floating, Operand, Promoted, Scalar
from compat.ops.specialize import convert

_EVERYWHERE = ("torch", "Tensor", "nn.functional")
_FUNCTIONAL = ("nn.functional",)


@pointwise(homes=_EVERYWHERE, backward=lambda grad, result: jnp.where(result > 0, grad, 0),
           extras={"torch_inplace": True})  # fmt: skip
def relu(input: Operand) -> Promoted:
    """What is above zero; zero elsewhere."""
    require(input.dtype != bool, "Boolean inputs not supported for relu")
    return jnp.maximum(input, jnp.zeros((), input.dtype))


@pointwise(homes=_FUNCTIONAL)
def relu6(input: Operand) -> Promoted:
    """Limited to [0, 6]."""
    return _between(input, jnp.zeros((), input.dtype), jnp.full((), 6, input.dtype))


def _between(input: jax.Array, low: jax.Array, high: jax.Array) -> jax.Array:
    """Limits; at the limits the slope is 0."""
    inside = (input > low) & (input < high)
    return jnp.where(inside, input, lax.stop_gradient(jnp.clip(input, low, high)))


@pointwise(homes=_FUNCTIONAL)
def hardtanh(input: Operand, min_val: float = -1.0, max_val: float = 1.0) -> Promoted:
    """Limited to [min_val, max_val]."""
    require(min_val <= max_val, "min_val cannot be greater than max_val", ValueError)
    return _between(input, jnp.full((), min_val, input.dtype), jnp.full((), max_val, input.dtype))


@pointwise(homes=_FUNCTIONAL)
def hardsigmoid(input: Operand) -> Promoted:
    """A line from 0 at -3 to 1 at 3."""
    return _between(input + 3, jnp.zeros((), input.dtype), jnp.full((), 6, input.dtype)) / 6


@pointwise(homes=_FUNCTIONAL)
def hardswish(input: Operand) -> Promoted:
    """The input times its hardsigmoid."""
    return jnp.where(
        input <= -3, 0 * input, jnp.where(input >= 3, input, input * (input + 3) / 6)
    )


@pointwise(homes=_FUNCTIONAL)
def elu(input: Operand, alpha: float = 1.0, scale: float = 1.0,
        input_scale: float = 1.0) -> Promoted:  # fmt: skip
    """The input above zero, an exponential that ends at -alpha below."""
    safe = jnp.where(input > 0, 0, input)
    return jnp.where(input > 0, input * scale, scale * alpha * jnp.expm1(safe * input_scale))


@pointwise(homes=("torch", "nn.functional"), extras={"torch_inplace": True})
def selu(input: Operand) -> Promoted:
    """`elu` scaled so that activations normalise themselves."""
    return elu(input, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946)


@pointwise(homes=("torch", "nn.functional"), extras={"torch_inplace": True})
def celu(input: Operand, alpha: float = 1.0) -> Promoted:
    """`elu` with a smooth slope for every alpha."""
    require(alpha != 0, "ZeroDivisionError: alpha cannot be 0 for CELU")
    return elu(input, alpha, 1.0, 1.0 / alpha)


@pointwise(homes=_FUNCTIONAL)
def leaky_relu(input: Operand, negative_slope: Scalar = 0.01) -> Promoted:
    """The input above zero, a fraction of it below."""
    return jnp.where(input > 0, input, input * negative_slope)


def _as_input(out: Any, input: Any, weight: Any) -> tuple[int, ...]:
    return input.strides


@op(homes=("torch", "Tensor", "nn.functional"), math=True, out=False, strides=_as_input)
def prelu(input: Array, weight: Array) -> Array:
    """The input above zero, weight times it below; one weight, or one a channel (dim 1)."""
    require(
        weight.ndim <= 1,
        f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}",
    )
    if weight.size > 1:
        channels = input.shape[1] if input.ndim > 1 else input.shape[0] if input.ndim else 1
        require(input.ndim > 0, "Not allow zero-dim input tensor.")
        require(
            weight.size == channels if input.ndim > 1 else weight.size == 1,
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
            f"{weight.size} and channel size = {channels if input.ndim > 1 else 1}.",
        )
        weight = weight.reshape(1, -1, *(1,) * (input.ndim - 2))
    else:
        weight = weight.reshape(())
    return jnp.where(input > 0, input, weight * input)


@pointwise(homes=_FUNCTIONAL, inplace=False)
def gelu(input: Operand, approximate: str = "none") -> Promoted:
    """The input times the normal distribution function of it; "tanh" approximates that."""
    require(
        approximate in ("none", "tanh"),
        f"approximate argument must be either none or tanh.",  # noqa: F541
    )
    if approximate == "tanh":
        inner = 0.7978845608028654 * (input + 0.044715 * input * input * input)
        return 0.5 * input * (1 + jnp.tanh(inner))
    return input * 0.5 * (1 + lax.erf(input * 0.7071067811865476))


@pointwise(homes=_FUNCTIONAL)
def silu(input: Operand) -> Promoted:
    """The input times its sigmoid."""
    if jnp.iscomplexobj(input):
        return input * (1 / (1 + jnp.exp(-input)))
    return input * lax.logistic(input)


@pointwise(homes=_FUNCTIONAL)
def mish(input: Operand) -> Promoted:
    """The input times the tanh of its softplus."""
    return input * jnp.tanh(_softplus(input, 1.0, 20.0))


def _softplus(input: jax.Array, beta: float, threshold: float) -> jax.Array:
    scaled = input * beta
    safe = jnp.where(scaled > threshold, 0, scaled)
    return jnp.where(scaled > threshold, input, jnp.log1p(jnp.exp(safe)) / beta)


@pointwise(homes=_FUNCTIONAL, inplace=False)
def softplus(input: Operand, beta: float = 1.0, threshold: float = 20.0) -> Promoted:
    """A smooth relu; the line itself where beta * input is above the threshold."""
    return _softplus(input, beta, threshold)


@pointwise(homes=_FUNCTIONAL, inplace=False)
def logsigmoid(input: Operand) -> Promoted:
    """The logarithm of the sigmoid."""
    return -jax.nn.softplus(-input)


@pointwise(homes=_FUNCTIONAL, inplace=False)
def softsign(input: Floating) -> Floating:
    """`x / (1 + |x|)`."""
    return input / (1 + jnp.abs(input))


@pointwise(homes=_FUNCTIONAL, inplace=False)
def tanhshrink(input: Floating) -> Floating:
    """The input less its tanh."""
    return input - jnp.tanh(input)


@pointwise(homes=_FUNCTIONAL, inplace=False)
def softshrink(input: Operand, lambd: float = 0.5) -> Promoted:
    """Moved toward zero by lambd; zero within."""
    most = jnp.finfo(input.dtype).max
    require(
        0 <= lambd <= most,
        f"lambda must be in range [0, {most:g}] for input dtype {type_name(input.dtype)}, but "
        f"found {lambd:g}",
    )
    far = jnp.where(input > lambd, input - lambd, input + lambd)
    return jnp.where(jnp.abs(input) > lambd, far, jnp.where(jnp.isnan(input), input, 0 * input))


@pointwise(homes=("torch", "Tensor", "nn.functional"), inplace=False)
def hardshrink(input: Operand, lambd: float = 0.5) -> Promoted:
    """Zero where it is within lambd of zero."""
    return jnp.where((input >= -lambd) & (input <= lambd), jnp.zeros_like(input), input)


@pointwise(homes=("torch", "nn.functional"), extras={"torch_inplace": True})
def threshold(input: Operand, threshold: float, value: float) -> Promoted:
    """The input above the threshold, value elsewhere."""
    return jnp.where(input <= threshold, jnp.full((), value, input.dtype), input)


@op(homes=_FUNCTIONAL, math=True)
def glu(input: Operand, dim: Dim = -1) -> Array:
    """The first half along a dim times the sigmoid of the second."""
    require(input.ndim > 0, "glu does not support 0-dimensional tensors")
    axis = wrap_dim(dim, input.ndim)
    require(
        input.shape[axis] % 2 == 0,
        f"Halving dimension must be even, but dimension {axis} is size {input.shape[axis]}",
    )
    a, b = jnp.split(input, 2, axis)
    return a * lax.logistic(b)


# Softmax.


def _typed(input: jax.Array, dtype: dtype | None) -> jax.Array:
    return input if dtype is None else convert(input, dtype)


def _softmax_rule(grad: Any, result: Any, dim: Any) -> Any:
    axis = wrap_dim(dim, result.ndim) if result.ndim else None
    moved = grad * result
    return moved - result * jnp.sum(moved, axis, keepdims=True)


@op(homes=("torch", "Tensor", "special"), math=True, backward=_softmax_rule)
def softmax(input: Operand, dim: Dim, dtype: DType | None = None) -> Array:
    """Exponentials that add up to 1 along a dim."""
    return jax.nn.softmax(*_along("softmax", _typed(input, dtype), dim))


def _along(name: str, input: jax.Array, dim: int) -> tuple[jax.Array, Any]:
    last = wrap_dim(dim, input.ndim) in (input.ndim - 1, -1, 0 if not input.ndim else -1)
    require(
        input.dtype.kind not in "iub",
        f"\"{name}_{'lastdim_' if last else ''}kernel_impl\" not implemented for "
        f"'{type_name(input.dtype)}'",
        NotImplementedError,
    )
    return (input, dim) if input.ndim else (input, ())


def _log_softmax_rule(grad: Any, result: Any, dim: Any) -> Any:
    axis = wrap_dim(dim, result.ndim) if result.ndim else None
    return grad - jnp.exp(result) * jnp.sum(grad, axis, keepdims=True)


@op(homes=("torch", "Tensor", "special"), math=True, backward=_log_softmax_rule)
def log_softmax(input: Operand, dim: Dim, dtype: DType | None = None) -> Array:
    """The logarithm of the softmax."""
    return jax.nn.log_softmax(*_along("log_softmax", _typed(input, dtype), dim))
