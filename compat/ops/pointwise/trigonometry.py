"""Circular and hyperbolic functions, and the error function."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from compat.ops.declare import pointwise
from compat.ops.roles import Floating, FloatingOperand, Operand, Promoted


@pointwise
def sin(input: Floating) -> Floating:
    """The sine."""
    return jnp.sin(input)


@pointwise
def cos(input: Floating) -> Floating:
    """The cosine."""
    return jnp.cos(input)


@pointwise(backward=lambda grad, result: grad * (1 + result * result).conj())
def tan(input: Floating) -> Floating:
    """The tangent."""
    return jnp.tan(input)


@pointwise(aliases=("arcsin",))
def asin(input: Floating) -> Floating:
    """The angle whose sine it is."""
    return jnp.arcsin(input)


@pointwise(aliases=("arccos",))
def acos(input: Floating) -> Floating:
    """The angle whose cosine it is."""
    return jnp.arccos(input)


@pointwise(aliases=("arctan",))
def atan(input: Floating) -> Floating:
    """The angle whose tangent it is."""
    return jnp.arctan(input)


@pointwise(aliases=("arctan2",))
def atan2(input: FloatingOperand, other: FloatingOperand) -> Floating:
    """The angle of the point (other, input), in (-pi, pi]."""
    return jnp.arctan2(input, other)


@pointwise
def sinh(input: Floating) -> Floating:
    """The hyperbolic sine."""
    return jnp.sinh(input)


@pointwise
def cosh(input: Floating) -> Floating:
    """The hyperbolic cosine."""
    return jnp.cosh(input)


@pointwise(backward=lambda grad, result: grad * (1 - result * result).conj(),
           homes=("torch", "Tensor", "nn.functional"))  # fmt: skip
def tanh(input: Floating) -> Floating:
    """The hyperbolic tangent."""
    return jnp.tanh(input)


@pointwise(aliases=("arcsinh",))
def asinh(input: Floating) -> Floating:
    """The inverse of the hyperbolic sine."""
    return jnp.arcsinh(input)


@pointwise(aliases=("arccosh",))
def acosh(input: Floating) -> Floating:
    """The inverse of the hyperbolic cosine."""
    return jnp.arccosh(input)


@pointwise(aliases=("arctanh",))
def atanh(input: Floating) -> Floating:
    """The inverse of the hyperbolic tangent."""
    return jnp.arctanh(input)


@pointwise(homes=("torch", "Tensor", "special"), extras={"torch_inplace": True})
def erf(input: Floating) -> Floating:
    """The error function."""
    return lax.erf(input)


@pointwise(homes=("torch", "Tensor", "special"))
def erfc(input: Floating) -> Floating:
    """One less the error function."""
    return lax.erfc(input)


@pointwise(homes=("torch", "Tensor", "special"))
def erfinv(input: Floating) -> Floating:
    """The inverse of the error function."""
    return lax.erf_inv(input)


@pointwise(backward=lambda grad, result: grad * ((1 - result) * result).conj(),
           homes=("torch", "Tensor", "nn.functional"))  # fmt: skip
def sigmoid(input: Floating) -> Floating:
    """`1 / (1 + exp(-x))`."""
    return 1 / (1 + jnp.exp(-input)) if jnp.iscomplexobj(input) else lax.logistic(input)


@pointwise(homes=("torch", "Tensor", "special"))
def logit(input: Floating, eps: float | None = None) -> Floating:
    """The inverse of the sigmoid; eps keeps the input away from 0 and 1."""
    if eps is not None:
        input = jnp.clip(input, eps, 1 - eps)
    return jnp.log(input / (1 - input))


@pointwise(inplace=True, kernel=("hypot_cpu", "f"))
def hypot(input: Operand, other: Operand) -> Promoted:
    """The length of the hypotenuse."""
    return jnp.hypot(input, other)


@pointwise
def sinc(input: Floating) -> Floating:
    """`sin(pi x) / (pi x)`, 1 at zero."""
    zero = input == 0
    turned = jnp.pi * jnp.where(zero, 1, input)
    return jnp.where(zero, 1, jnp.sin(turned) / turned)


@pointwise
def deg2rad(input: Floating) -> Floating:
    """Degrees as radians."""
    return input * 0.017453292519943295


@pointwise
def rad2deg(input: Floating) -> Floating:
    """Radians as degrees."""
    return input * 57.29577951308232
