"""The gamma function's family: its logarithm and derivatives, zeta, incomplete and multivariate."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy import special

from compat.core.errors import require
from compat.ops.declare import pointwise
from compat.ops.roles import Floating, FloatingOperand


def _bernoulli(count: int) -> list[Fraction]:
    """The Bernoulli numbers B0, B1, ..."""
    made = [Fraction(1)]
    for n in range(1, count):
        total = sum((math.comb(n + 1, k) * made[k] for k in range(n)), Fraction(0))
        made.append(-total / (n + 1))
    return made


_EULER_MACLAURIN = [
    float(number / math.factorial(k)) for k, number in enumerate(_bernoulli(26)) if k and k % 2 == 0
]


@jax.custom_jvp
def hurwitz(s: jax.Array, q: jax.Array) -> jax.Array:
    """Hurwitz' zeta: terms are added until q is above 9, the rest by Euler and Maclaurin's
    formula (https://dlmf.nist.gov/25.11.E28). Negative q needs a whole s."""
    s, q = jnp.broadcast_arrays(s, q)

    def below(state: Any) -> Any:
        return jnp.any((state[0] < 10) & jnp.isfinite(state[0]))

    def add(state: Any) -> Any:
        at, total = state
        low = at < 10
        return jnp.where(low, at + 1, at), jnp.where(low, total + at**-s, total)

    at, total = lax.while_loop(below, add, (q, jnp.zeros_like(q)))
    power = at**-s
    total = total + power * (at / (s - 1) + 0.5)
    term = power * (s / at)
    for k, number in enumerate(_EULER_MACLAURIN):
        total = total + number * term
        term = term * ((s + 2 * k + 1) / at) * ((s + 2 * k + 2) / at)
    total = jnp.where((q <= 0) & (q == jnp.floor(q)), jnp.inf, total)
    total = jnp.where((q < 0) & (q != jnp.floor(q)) & (s != jnp.floor(s)), jnp.nan, total)
    total = jnp.where(q == jnp.inf, 0, total)
    endless = jnp.where(q == 1, 1, jnp.where(q < 1, jnp.inf, 0 * q))
    total = jnp.where(s == jnp.inf, endless, total)
    return jnp.where(s == 1, jnp.inf, jnp.where(s < 1, jnp.nan, total))


@hurwitz.defjvp
def _hurwitz_slope(primals: Any, tangents: Any) -> Any:
    """The derivative by q alone: that by s is refused where the op is declared."""
    (s, q), (_, moved) = primals, tangents
    return hurwitz(s, q), -s * hurwitz(s + 1, q) * moved


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def polygamma_of(n: int, x: jax.Array) -> jax.Array:
    """The n-th derivative of digamma."""
    if n == 0:
        return jnp.where(x == 0, jnp.copysign(jnp.inf, -x), special.digamma(x))
    if n == 1:  # by reflection: a large negative x would need as many terms
        left = x < 0.5
        made = hurwitz(jnp.full_like(x, 2), jnp.where(left, 1 - x, x))
        sine = jnp.sin(math.pi * x) / math.pi
        return jnp.where(left, 1 / (sine * sine) - made, made)
    made = hurwitz(jnp.full_like(x, n + 1), x)
    return made * ((-1) ** (n + 1) * math.exp(math.lgamma(n + 1)))


@polygamma_of.defjvp
def _polygamma_slope(n: int, primals: Any, tangents: Any) -> Any:
    return polygamma_of(n, primals[0]), polygamma_of(n + 1, primals[0]) * tangents[0]


@jax.custom_jvp
def log_gamma(x: jax.Array) -> jax.Array:
    """The logarithm of the size of the gamma function."""
    return lax.lgamma(x)


@log_gamma.defjvp
def _log_gamma_slope(primals: Any, tangents: Any) -> Any:
    return log_gamma(primals[0]), polygamma_of(0, primals[0]) * tangents[0]


@pointwise(kernel=("digamma", "bif"))
def digamma(input: Floating) -> Floating:
    """The derivative of `lgamma`."""
    return polygamma_of(0, input)


@pointwise(kernel=("lgamma_vml_cpu", "bif"))
def lgamma(input: Floating) -> Floating:
    """The logarithm of the absolute value of the gamma function."""
    return log_gamma(input)


@pointwise(homes=("hidden",), name="_polygamma", extras={"node": "PolygammaBackward0"})
def polygamma(input: Floating, n: int) -> Floating:
    """The n-th derivative of digamma."""
    require(n >= 0, "polygamma(n, x) does not support negative n.")
    return polygamma_of(n, input)


@pointwise
def mvlgamma(input: Floating, p: int) -> Floating:
    """The logarithm of the multivariate gamma function of p dimensions."""
    require(p >= 1, "p has to be greater than or equal to 1")
    made = log_gamma(input)
    for j in range(1, p):
        made = made + log_gamma(input - 0.5 * j)
    return made + 0.25 * p * (p - 1) * math.log(math.pi)


def _edges(a: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Where a is neither 0 nor infinite, and `igamma` where it is and x is not."""
    usual = (a != 0) & (a != jnp.inf)
    whole = jnp.where(a == 0, x > 0, False).astype(x.dtype)
    undefined = ((a == 0) & ~(x > 0)) | ((a == jnp.inf) & ~jnp.isfinite(x)) | (x < 0)
    return usual, jnp.where(undefined, jnp.nan, whole)


@pointwise(kernel=("{name}_cpu", "bif"))
def igamma(input: FloatingOperand, other: FloatingOperand) -> Floating:
    """The lower incomplete gamma function, regularised."""
    a, x = jnp.broadcast_arrays(input, other)
    usual, at_edge = _edges(a, x)
    return jnp.where(usual, lax.igamma(jnp.where(usual, a, 1), x), at_edge)


@pointwise(kernel=("{name}_cpu", "bif"))
def igammac(input: FloatingOperand, other: FloatingOperand) -> Floating:
    """The upper incomplete gamma function, regularised."""
    a, x = jnp.broadcast_arrays(input, other)
    usual, at_edge = _edges(a, x)
    return jnp.where(usual, lax.igammac(jnp.where(usual, a, 1), x), 1 - at_edge)


def _zeta_rule(grad: Any, input: Any, other: Any) -> Any:
    refused = NotImplementedError("the derivative for 'zeta' is not implemented.")
    return refused, grad * -input * hurwitz(input + 1, other)


@pointwise(homes=("special",), inplace=False, backward=_zeta_rule,
           kernel=("zeta_cpu", "bif"))  # fmt: skip
def zeta(input: Floating, other: Floating) -> Floating:
    """Hurwitz' zeta function."""
    return hurwitz(input, other)
