"""Special functions, and the arithmetic of divisors and of floating-point representation."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy import special

from compat.core.errors import require
from compat.ops.declare import op, pointwise
from compat.ops.roles import Array, Floating, FloatingOperand, Operand, Promoted

_SPECIAL = ("torch", "Tensor", "special")


@pointwise(homes=_SPECIAL)
def xlogy(input: Floating, other: Floating) -> Floating:
    """`input * log(other)`, 0 where input is 0 and other is a number."""
    zero = (input == 0) & ~jnp.isnan(other)
    return jnp.where(zero, 0, input * jnp.log(jnp.where(zero, 1, other)))


@pointwise(homes=("special",), inplace=False)
def xlog1py(input: Floating, other: Floating) -> Floating:
    """`input * log1p(other)`, 0 where input is 0 and other is a number."""
    zero = (input == 0) & ~jnp.isnan(other)
    return jnp.where(zero, 0, input * jnp.log1p(jnp.where(zero, 0, other)))


@pointwise(homes=_SPECIAL)
def i0(input: Floating) -> Floating:
    """The modified Bessel function of the first kind, of order 0."""
    return special.i0(input)


@pointwise(homes=("special",), inplace=False)
def i0e(input: Floating) -> Floating:
    """`i0(x) * exp(-|x|)`."""
    return special.i0e(input)


@pointwise(homes=("special",), inplace=False)
def i1(input: Floating) -> Floating:
    """The modified Bessel function of the first kind, of order 1."""
    return special.i1(input)


@pointwise(homes=("special",), inplace=False)
def i1e(input: Floating) -> Floating:
    """`i1(x) * exp(-|x|)`."""
    return special.i1e(input)


@pointwise(homes=("special",), inplace=False)
def ndtr(input: Floating) -> Floating:
    """The distribution function of the standard normal."""
    return special.ndtr(input)


@pointwise(homes=("special",), inplace=False)
def ndtri(input: Floating) -> Floating:
    """The quantiles of the standard normal."""
    return special.ndtri(input)


@pointwise(homes=("special",), inplace=False)
def log_ndtr(input: Floating) -> Floating:
    """The logarithm of `ndtr`."""
    return special.log_ndtr(input)


@pointwise(homes=("special",), inplace=False)
def entr(input: Floating) -> Floating:
    """`-x log(x)`: 0 at 0, minus infinity below."""
    safe = jnp.where(input > 0, input, 1)
    inside = jnp.where(input > 0, -safe * jnp.log(safe), jnp.where(input == 0, 0, -jnp.inf))
    return jnp.where(jnp.isnan(input), input, inside)


@pointwise(homes=("special",), inplace=False)
def zeta(input: Floating, other: Floating) -> Floating:
    """Hurwitz' zeta function."""
    return special.zeta(input, other)


@pointwise(aliases=("_igamma",))
def igamma(input: FloatingOperand, other: FloatingOperand) -> Floating:
    """The lower incomplete gamma function, regularised."""
    return lax.igamma(*jnp.broadcast_arrays(input, other))


@pointwise
def igammac(input: FloatingOperand, other: FloatingOperand) -> Floating:
    """The upper incomplete gamma function, regularised."""
    return lax.igammac(*jnp.broadcast_arrays(input, other))


@pointwise(homes=("hidden",), name="_polygamma", extras={"node": "PolygammaBackward0"})
def polygamma(input: Floating, n: int) -> Floating:
    """The n-th derivative of digamma."""
    require(n >= 0, "polygamma(n, x) does not support negative n.")
    return special.digamma(input) if n == 0 else special.polygamma(n, input)


@pointwise
def mvlgamma(input: Floating, p: int) -> Floating:
    """The logarithm of the multivariate gamma function of p dimensions."""
    require(p >= 1, "p has to be greater than or equal to 1")
    shifts = [lax.lgamma(input - 0.5 * j) for j in range(p)]
    return sum(shifts) + 0.25 * p * (p - 1) * math.log(math.pi)  # type: ignore


@pointwise(differentiable=False, kernel=("gcd_cpu", "i"))
def gcd(input: Operand, other: Operand) -> Promoted:
    """The greatest common divisor of whole numbers."""
    return jnp.gcd(input, other)


@pointwise(differentiable=False, kernel=("lcm_cpu", "i"))
def lcm(input: Operand, other: Operand) -> Promoted:
    """The least common multiple of whole numbers."""
    return jnp.lcm(input, other)


@pointwise(differentiable=False, kernel=("nextafter_cpu", "f"))
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
