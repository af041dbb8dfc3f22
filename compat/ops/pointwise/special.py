"""Special functions, and the arithmetic of divisors and of floating-point representation."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy import special

from compat.core.errors import require
from compat.ops.declare import op, pointwise
from compat.ops.pointwise.bessel import log_ndtr_of
from compat.ops.roles import Array, Floating, FloatingOperand, Operand, Promoted

_SPECIAL = ("torch", "Tensor", "special")
_REAL = ("{name}_cpu", "bif")
_ALONE: dict[str, Any] = {"homes": ("special",), "inplace": False, "kernel": _REAL}


def _log_factor(grad: Array, input: Array, log: Array, below: Array) -> Array:
    """The gradient by what a logarithm is multiplied with; none where 0 meets its end."""
    none = (grad == 0) | ((input == 0) & below)
    return jnp.where(none, 0, grad * jnp.where(none, 0, log))


@pointwise(homes=_SPECIAL, kernel=_REAL, extras={"torch_inplace": True},
           backward=lambda grad, input, other: (
               _log_factor(grad, input, jnp.log(other), other <= 0),
               grad * input / other))  # fmt: skip
def xlogy(input: Floating, other: Floating) -> Floating:
    """`input * log(other)`, 0 where input is 0 and other is a number."""
    zero = (input == 0) & ~jnp.isnan(other)
    return jnp.where(zero, 0, input * jnp.log(jnp.where(zero, 1, other)))


@pointwise(**_ALONE, extras={"node": "SpecialXlog1PyBackward0"},
           backward=lambda grad, input, other: (
               _log_factor(grad, input, jnp.log1p(other), other <= -1),
               grad * input / (other + 1)))  # fmt: skip
def xlog1py(input: Floating, other: Floating) -> Floating:
    """`input * log1p(other)`, 0 where input is 0 and other is a number."""
    zero = (input == 0) & ~jnp.isnan(other)
    return jnp.where(zero, 0, input * jnp.log1p(jnp.where(zero, 0, other)))


# Modified Bessel functions with derivatives that are right at 0, to any order.


@jax.custom_jvp
def _i0e(x: jax.Array) -> jax.Array:
    return special.i0e(x)


@jax.custom_jvp
def _i1e(x: jax.Array) -> jax.Array:
    return special.i1e(x)


@jax.custom_jvp
def _i0(x: jax.Array) -> jax.Array:
    return special.i0(x)


@jax.custom_jvp
def _i1(x: jax.Array) -> jax.Array:
    return special.i1(x)


def _over(made: jax.Array, x: jax.Array) -> jax.Array:
    """I1(x) / x, or scaled: one half at 0."""
    return jnp.where(x == 0, 0.5, made / jnp.where(x == 0, 1, x))


_i0.defjvp(lambda at, by: (_i0(*at), _i1(*at) * by[0]))
_i1.defjvp(lambda at, by: (_i1(*at), (_i0(*at) - _over(_i1(*at), *at)) * by[0]))
_i0e.defjvp(lambda at, by: (_i0e(*at), (_i1e(*at) - jnp.sign(at[0]) * _i0e(*at)) * by[0]))
_i1e.defjvp(
    lambda at, by: (
        _i1e(*at),
        (_i0e(*at) - _over(_i1e(*at), *at) - jnp.sign(at[0]) * _i1e(*at)) * by[0],
    )
)


@pointwise(homes=_SPECIAL, kernel=_REAL)
def i0(input: Floating) -> Floating:
    """The modified Bessel function of the first kind, of order 0."""
    return _i0(input)


@pointwise(**_ALONE)
def i0e(input: Floating) -> Floating:
    """`i0(x) * exp(-|x|)`."""
    return _i0e(input)


@pointwise(**_ALONE)
def i1(input: Floating) -> Floating:
    """The modified Bessel function of the first kind, of order 1."""
    return _i1(input)


@pointwise(**_ALONE)
def i1e(input: Floating) -> Floating:
    """`i1(x) * exp(-|x|)`."""
    return _i1e(input)


@pointwise(**_ALONE)
def ndtr(input: Floating) -> Floating:
    """The distribution function of the standard normal."""
    return special.ndtr(input)


@pointwise(**_ALONE)
def ndtri(input: Floating) -> Floating:
    """The quantiles of the standard normal."""
    return special.ndtri(input)


@pointwise(**_ALONE)
def log_ndtr(input: Floating) -> Floating:
    """The logarithm of `ndtr`."""
    return log_ndtr_of(input)


@pointwise(**_ALONE)
def entr(input: Floating) -> Floating:
    """`-x log(x)`: 0 at 0, minus infinity below."""
    safe = jnp.where(input > 0, input, 1)
    inside = jnp.where(input > 0, -safe * jnp.log(safe), jnp.where(input == 0, 0, -jnp.inf))
    return jnp.where(jnp.isnan(input), input, inside)


@pointwise(differentiable=False, kernel=("gcd_cpu", "i"), extras={"torch_inplace": True})
def gcd(input: Operand, other: Operand) -> Promoted:
    """The greatest common divisor of whole numbers."""
    return jnp.gcd(input, other)


@pointwise(differentiable=False, kernel=("lcm_cpu", "i"), extras={"torch_inplace": True})
def lcm(input: Operand, other: Operand) -> Promoted:
    """The least common multiple of whole numbers."""
    return jnp.lcm(input, other)


@pointwise(kernel=("nextafter_cpu", "f"),
           backward=lambda grad, input, other: (grad * (input != other), None))
def nextafter(input: Operand, other: Operand) -> Promoted:
    """The next number that the type can hold, towards other."""
    require(
        input.dtype.itemsize > 2, f"nextafter of {input.dtype.name}", NotImplementedError
    )
    return jnp.nextafter(input, other)


@pointwise
def ldexp(input: FloatingOperand, other: Operand) -> Floating:
    """`input * 2 ** other`."""
    return input * jnp.exp2(other)


@op(results=("mantissa", "exponent"))
def frexp(input: Array) -> tuple[Array, Array]:
    """Mantissa, of size 0.5 up to 1, and exponent, with `input = mantissa * 2 ** exponent`."""
    require(
        input.dtype.kind not in "iub",
        "torch.frexp() only supports floating-point dtypes",
    )
    _, exponent = jnp.frexp(lax.stop_gradient(input))
    half = exponent // 2  # two steps, since 2 ** exponent may be out of range
    scale = lambda n: jax.lax.integer_pow(jnp.asarray(2, input.dtype), 1) ** (-n)  # noqa: E731
    return input * scale(half) * scale(exponent - half), exponent.astype("int32")
