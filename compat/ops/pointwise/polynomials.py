"""Orthogonal polynomials by their three-term recurrences, the degree being a tensor too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from compat.ops.declare import pointwise
from compat.ops.roles import Floating

_POLYNOMIAL: dict[str, Any] = {
    "homes": ("special",), "inplace": False, "differentiable": False,
    "kernel": ("{name}_cpu", "bif"),
}  # fmt: skip

# Gives p[k + 1] from k, p[k] and p[k - 1].
Step = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]


def _recur(x: jax.Array, n: jax.Array, first: jax.Array, step: Step) -> jax.Array:
    """The polynomial of degree n, from those of degrees 0 (one) and 1; 0 for negative n."""
    x, degree = jnp.broadcast_arrays(x, jnp.trunc(n))
    first = jnp.broadcast_to(first, x.shape)

    def advance(state: Any) -> Any:
        k, now, before = state
        going = k < degree
        then = step(k, now, before)
        return k + 1, jnp.where(going, then, now), jnp.where(going, now, before)

    start = (jnp.ones((), x.dtype), first, jnp.ones_like(x))
    top = jnp.max(degree, initial=0)
    _, made, _ = jax.lax.while_loop(lambda state: state[0] < top, advance, start)
    return jnp.where(degree > 0, made, jnp.where(degree == 0, 1, 0).astype(x.dtype))


def _chebyshev(x: jax.Array, n: jax.Array, first: jax.Array) -> jax.Array:
    return _recur(x, n, first, lambda k, now, before: 2 * x * now - before)


@pointwise(**_POLYNOMIAL)
def chebyshev_polynomial_t(input: Floating, n: Floating) -> Floating:
    """Chebyshev's polynomial of the first kind, of degree n."""
    return _chebyshev(input, n, input)


@pointwise(**_POLYNOMIAL)
def chebyshev_polynomial_u(input: Floating, n: Floating) -> Floating:
    """Chebyshev's polynomial of the second kind, of degree n."""
    return _chebyshev(input, n, 2 * input)


@pointwise(**_POLYNOMIAL)
def chebyshev_polynomial_v(input: Floating, n: Floating) -> Floating:
    """Chebyshev's polynomial of the third kind, of degree n."""
    return _chebyshev(input, n, 2 * input - 1)


@pointwise(**_POLYNOMIAL)
def chebyshev_polynomial_w(input: Floating, n: Floating) -> Floating:
    """Chebyshev's polynomial of the fourth kind, of degree n."""
    return _chebyshev(input, n, 2 * input + 1)


@pointwise(**_POLYNOMIAL)
def shifted_chebyshev_polynomial_t(input: Floating, n: Floating) -> Floating:
    """`chebyshev_polynomial_t` of `2 * input - 1`."""
    x = 2 * input - 1
    return _chebyshev(x, n, x)


@pointwise(**_POLYNOMIAL)
def shifted_chebyshev_polynomial_u(input: Floating, n: Floating) -> Floating:
    """`chebyshev_polynomial_u` of `2 * input - 1`."""
    x = 2 * input - 1
    return _chebyshev(x, n, 2 * x)


@pointwise(**_POLYNOMIAL)
def shifted_chebyshev_polynomial_v(input: Floating, n: Floating) -> Floating:
    """`chebyshev_polynomial_v` of `2 * input - 1`."""
    x = 2 * input - 1
    return _chebyshev(x, n, 2 * x - 1)


@pointwise(**_POLYNOMIAL)
def shifted_chebyshev_polynomial_w(input: Floating, n: Floating) -> Floating:
    """`chebyshev_polynomial_w` of `2 * input - 1`."""
    x = 2 * input - 1
    return _chebyshev(x, n, 2 * x + 1)


def _in_range(made: jax.Array, n: jax.Array) -> jax.Array:
    """NaN for degrees at which PyTorch takes Hermite's polynomials to overflow."""
    limit = {"float64": 512}.get(made.dtype.name, 128)
    return jnp.where(n > limit, jnp.nan, made)


@pointwise(**_POLYNOMIAL)
def hermite_polynomial_h(input: Floating, n: Floating) -> Floating:
    """The physicists' Hermite polynomial of degree n."""
    x = input
    made = _recur(x, n, 2 * x, lambda k, now, before: 2 * x * now - 2 * k * before)
    return _in_range(made, n)


@pointwise(**_POLYNOMIAL)
def hermite_polynomial_he(input: Floating, n: Floating) -> Floating:
    """The probabilists' Hermite polynomial of degree n."""
    x = input
    return _in_range(_recur(x, n, x, lambda k, now, before: x * now - k * before), n)


@pointwise(**_POLYNOMIAL)
def laguerre_polynomial_l(input: Floating, n: Floating) -> Floating:
    """Laguerre's polynomial of degree n."""
    x = input
    return _recur(
        x, n, 1 - x, lambda k, now, before: ((2 * k + 1 - x) * now - k * before) / (k + 1)
    )


@pointwise(**_POLYNOMIAL)
def legendre_polynomial_p(input: Floating, n: Floating) -> Floating:
    """Legendre's polynomial of degree n."""
    x = input
    return _recur(x, n, x, lambda k, now, before: ((2 * k + 1) * x * now - k * before) / (k + 1))
