"""Bessel, Airy and related functions, by quadrature of integrals and power series.

For large arguments they are integrals over Gaussians, for which the trapezoid rule converges
geometrically; 13 to 24 nodes give 15 digits, and there are no tables. Formulas and their numbers
are from the Digital Library of Mathematical Functions, https://dlmf.nist.gov.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from compat.ops.declare import pointwise
from compat.ops.roles import Floating

_NEAR = 5.0  # where series end and integrals begin
_TERMS = 30
_EULER = 0.5772156649015329
_PLAIN: dict[str, Any] = {
    "homes": ("special",), "inplace": False, "kernel": ("{name}_cpu", "bif"),
}  # fmt: skip


def _horner(coefficients: list[float], x: jax.Array) -> jax.Array:
    total = jnp.zeros_like(x)
    for each in reversed(coefficients):
        total = total * x + each
    return total


def _series(order: int, sign: int) -> tuple[list[float], list[float]]:
    """Coefficients in x**2 / 4 of the entire part of J (sign -1) or I (sign 1), and the same
    weighted by the harmonic numbers that belong to Y or K (10.2.2, 10.8.1, 10.31.1)."""
    plain, weighted, size = [], [], 1.0 / math.factorial(order)
    harmonic, shifted = 0.0, sum(1.0 / k for k in range(1, order + 1))
    for k in range(_TERMS):
        plain.append(size)
        weighted.append(size * (harmonic + shifted - 2 * _EULER))
        size *= sign / ((k + 1) * (k + 1 + order))
        harmonic += 1.0 / (k + 1)
        shifted += 1.0 / (k + 1 + order)
    return plain, weighted


def _wave(order: int, turn: Any) -> jax.Array:
    """The factor of Hankel's and Macdonald's functions that varies slowly (10.32.8 in s * s): turn
    is 1 / (2x) for K, i / (2x) for J and Y."""
    step, count = 0.34, 19
    total = jnp.asarray(0.5 if order == 0 else 0.0, jnp.result_type(turn))
    for k in range(1, count):
        square = (k * step) ** 2
        root = jnp.sqrt(1 + square * turn)
        weight = math.exp(-square)
        total = total + (weight / root if order == 0 else weight * square * root)
    return total * (2 * step / math.sqrt(math.pi) * (1 if order == 0 else 2))


def _kind(x: jax.Array) -> Any:
    return jnp.complex128 if x.dtype == jnp.float64 else jnp.complex64


def _hankel(order: int, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """J and Y for x > 5: real and imaginary part of Hankel's function (10.9.10 rotated)."""
    wave = _wave(order, (0.5j / x).astype(_kind(x)))
    size = jnp.sqrt(1 / (math.pi * x))  # the root of 2 went into the turn by pi/4
    cos, sin = jnp.cos(x), jnp.sin(x)
    turned = jax.lax.complex(cos + sin, sin - cos) if order == 0 else jax.lax.complex(
        sin - cos, -(cos + sin)
    )
    made = turned * wave * size
    return made.real, made.imag


def _is_far(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Whether integrals serve, and the arguments with which they are asked."""
    far = jnp.abs(x) > _NEAR
    return far, jnp.where(far & jnp.isfinite(x), jnp.abs(x), 2 * _NEAR)


def _first_kind(order: int, x: jax.Array) -> jax.Array:
    plain, _ = _series(order, -1)
    far, at = _is_far(x)
    small = jnp.where(far, 0, x)
    near = _horner(plain, small * small / 4) * (1 if order == 0 else small / 2)
    away = _hankel(order, at)[0] * (1 if order == 0 else jnp.sign(x))
    made = jnp.where(far, away, near)
    return jnp.where(jnp.isfinite(x), made, jnp.nan)


def _second_kind(order: int, x: jax.Array) -> jax.Array:
    plain, weighted = _series(order, -1)
    far, at = _is_far(x)
    small = jnp.where(far | (x <= 0), 1, x)
    square = small * small / 4
    power = 1 if order == 0 else small / 2
    near = (2 * jnp.log(small / 2) * _horner(plain, square) - _horner(weighted, square)) * power
    near = (near - (0 if order == 0 else 2 / small)) / math.pi
    made = jnp.where(far, _hankel(order, at)[1], near)
    made = jnp.where(x > 0, made, jnp.where(x == 0, -jnp.inf, jnp.nan))
    return jnp.where(x == jnp.inf, jnp.nan, made)


def _macdonald(order: int, x: jax.Array, scaled: bool) -> jax.Array:
    """K, times exp(x) when scaled."""
    plain, weighted = _series(order, 1)
    far = x > 2
    small = jnp.where(far | ~(x > 0), 1, x)
    square = small * small / 4
    power = 1 if order == 0 else -small / 2
    near = (_horner(weighted, square) / 2 - jnp.log(small / 2) * _horner(plain, square)) * power
    near = near + (0 if order == 0 else 1 / small)
    at = jnp.where(far, x, 4)
    away = jnp.sqrt(math.pi / (2 * at)) * _wave(order, 0.5 / at)
    if scaled:
        near = near * jnp.exp(small)
    else:
        away = away * jnp.exp(-at)
    made = jnp.where(far, away, near)
    return jnp.where(x > 0, made, jnp.where(x == 0, jnp.inf, jnp.nan))


@pointwise(**_PLAIN, differentiable=False)
def bessel_j0(input: Floating) -> Floating:
    """The Bessel function of the first kind, of order 0."""
    return _first_kind(0, input)


@pointwise(**_PLAIN, differentiable=False)
def bessel_j1(input: Floating) -> Floating:
    """The Bessel function of the first kind, of order 1."""
    return _first_kind(1, input)


@pointwise(**_PLAIN, differentiable=False)
def bessel_y0(input: Floating) -> Floating:
    """The Bessel function of the second kind, of order 0."""
    return _second_kind(0, input)


@pointwise(**_PLAIN, differentiable=False)
def bessel_y1(input: Floating) -> Floating:
    """The Bessel function of the second kind, of order 1."""
    return _second_kind(1, input)


@pointwise(**_PLAIN, differentiable=False)
def modified_bessel_i0(input: Floating) -> Floating:
    """The modified Bessel function of the first kind, of order 0."""
    return jax.scipy.special.i0(input)


@pointwise(**_PLAIN, differentiable=False)
def modified_bessel_i1(input: Floating) -> Floating:
    """The modified Bessel function of the first kind, of order 1."""
    return jax.scipy.special.i1(input)


@pointwise(**_PLAIN, differentiable=False)
def modified_bessel_k0(input: Floating) -> Floating:
    """The modified Bessel function of the second kind, of order 0."""
    return _macdonald(0, input, False)


@pointwise(**_PLAIN, differentiable=False)
def modified_bessel_k1(input: Floating) -> Floating:
    """The modified Bessel function of the second kind, of order 1."""
    return _macdonald(1, input, False)


@pointwise(**_PLAIN, differentiable=False)
def scaled_modified_bessel_k0(input: Floating) -> Floating:
    """`exp(x) * modified_bessel_k0(x)`."""
    return _macdonald(0, input, True)


@pointwise(**_PLAIN, differentiable=False)
def scaled_modified_bessel_k1(input: Floating) -> Floating:
    """`exp(x) * modified_bessel_k1(x)`."""
    return _macdonald(1, input, True)


@pointwise(**_PLAIN, differentiable=False)
def spherical_bessel_j0(input: Floating) -> Floating:
    """`sin(x) / x`, 1 at 0."""
    small = jnp.where(input == 0, 1, input)
    made = jnp.where(input == 0, 1, jnp.sin(small) / small)
    return jnp.where(jnp.isinf(input), 0, made)


# Airy's function.

_AIRY_AT_0, _AIRY_SLOPE = 0.35502805388781724, 0.2588194037928068


def _airy_integral(root: jax.Array, scale: jax.Array) -> jax.Array:
    """The integral of exp(-root t^2) cos(t^3 / 3) over t > 0, over pi (9.5.4 moved to the
    saddle): `root` is the square root of the argument and `scale` its size to the power -1/4."""
    step, count = 0.26, 25
    total = jnp.asarray(0.5, jnp.result_type(root))
    turn = root * scale * scale  # 1 for positive arguments, a turn by pi / 6 for negative ones
    for k in range(1, count):
        t = k * step
        total = total + jnp.exp(-turn * (t * t)) * jnp.cos((t * scale) ** 3 / 3)
    return total * scale * (step / math.pi)


@pointwise(**_PLAIN, differentiable=False)
def airy_ai(input: Floating) -> Floating:
    """Airy's function of the first kind."""
    x = input
    near = jnp.abs(x) < 2.5
    small = jnp.where(near, x, 0)
    cube = small * small * small
    even, odd = [1.0], [1.0]
    for k in range(1, 20):
        even.append(even[-1] / ((3 * k) * (3 * k - 1)))
        odd.append(odd[-1] / ((3 * k) * (3 * k + 1)))
    series = _AIRY_AT_0 * _horner(even, cube) - _AIRY_SLOPE * small * _horner(odd, cube)
    size = jnp.where(near | ~jnp.isfinite(x), 3, jnp.abs(x))
    root = jnp.sqrt(size)
    scale = 1 / jnp.sqrt(root)
    phase = size * root * (2 / 3)
    right = jnp.exp(-phase) * _airy_integral(root, scale)
    # 9.2.14: Ai(-x) is twice the real part of a value on the ray at pi / 3.
    turned = root.astype(_kind(x)) * complex(math.cos(math.pi / 6), math.sin(math.pi / 6))
    ray = jax.lax.complex(jnp.cos(phase), -jnp.sin(phase)) * _airy_integral(turned, scale)
    left = 2 * (complex(0.5, math.sqrt(0.75)) * ray).real
    made = jnp.where(near, series, jnp.where(x > 0, right, left))
    made = jnp.where(x > 103.892, 0, made)
    return jnp.where(jnp.isinf(x), jnp.nan, jnp.where(jnp.isnan(x), x, made))


# The scaled complementary error function.


@jax.custom_jvp
def _erfcx(x: jax.Array) -> jax.Array:
    far = x > 3
    near = jnp.where(far, 0, x)
    at = jnp.where(far, x, 4)
    step, inverse = 0.5, 1 / at
    total = 0.5 * inverse
    for k in range(1, 14):
        square = (k * step) ** 2
        total = total + inverse * math.exp(-square) / (1 + square * inverse * inverse)
    return jnp.where(far, total * (2 * step / math.pi), jnp.exp(near * near) * jax.lax.erfc(near))


@_erfcx.defjvp
def _erfcx_slope(primals: Any, tangents: Any) -> Any:
    (x,), (moved,) = primals, tangents
    made = _erfcx(x)
    return made, (2 * x * made - 2 / math.sqrt(math.pi)) * moved


@pointwise(**_PLAIN)
def erfcx(input: Floating) -> Floating:
    """`exp(x * x) * erfc(x)`."""
    return _erfcx(input)


def log_ndtr_of(x: jax.Array) -> jax.Array:
    """The logarithm of the normal distribution function, with all digits in both tails."""
    low = x < -1
    tail = jnp.where(low, x, -1)
    body = jnp.where(low, 0, x)
    below = jnp.log(_erfcx(-tail * math.sqrt(0.5)) / 2) - tail * tail / 2
    return jnp.where(low, below, jnp.log1p(-jax.lax.erfc(body * math.sqrt(0.5)) / 2))
