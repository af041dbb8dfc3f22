"""Draws inside a program: a key that the host drew becomes random elements."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.ops.declare import op, pointwise
from compat.ops.roles import Array, Floating, FloatingOperand, Scalar


def random_key(seed: jax.Array) -> jax.Array:
    """A counter-based key out of the host's 64 bits, or the key that a traced call has."""
    if jnp.issubdtype(seed.dtype, jax.dtypes.prng_key):
        return seed
    return jax.random.wrap_key_data(jnp.stack([seed >> 32, seed & 0xFFFFFFFF]).astype("uint32"))


@pointwise(homes=("hidden",), name="_dropout", inplace=False, out=False, math=False,
           extras={"node": "NativeDropoutBackward0"})  # fmt: skip
def dropout(input: Array, seed: Array, p: Scalar) -> Array:
    """Zeroes elements with probability p and scales the others by 1 / (1 - p)."""
    kept = jax.random.uniform(random_key(seed), input.shape, "float32") >= p.astype("float32")
    scale = jnp.where(p == 1, 0, 1 / jnp.where(p == 1, 1, 1 - p)).astype(input.dtype)
    return jnp.where(kept, input * scale, jnp.zeros((), input.dtype))


@op(homes=("hidden",), name="_feature_dropout", out=False)
def feature_dropout(input: Array, seed: Array, p: Scalar) -> Array:
    """`dropout` of whole channels: one draw for each (sample, channel)."""
    shape = (*input.shape[:2], *(1,) * (input.ndim - 2))
    kept = jax.random.uniform(random_key(seed), shape, "float32") >= p.astype("float32")
    scale = jnp.where(p == 1, 0, 1 / jnp.where(p == 1, 1, 1 - p))
    return input * jnp.where(kept, scale, 0).astype(input.dtype)


def _alpha_dropped(input: jax.Array, seed: jax.Array, p: jax.Array, shape: Any) -> jax.Array:
    low = -1.7580993408473766
    kept = jax.random.uniform(random_key(seed), shape, "float32") >= p.astype("float32")
    a = jnp.where(p == 1, 0, (jnp.where(p == 1, 1, 1 - p) * (1 + p * low**2)) ** -0.5)
    chosen = jnp.where(kept, input, jnp.asarray(low, input.dtype))
    shift = jnp.where(p == 1, 0, -a * low * p)
    return chosen * a.astype(input.dtype) + shift.astype(input.dtype)


@op(homes=("hidden",), name="_alpha_dropout", out=False)
def alpha_dropout(input: Array, seed: Array, p: Scalar) -> Array:
    """Sets elements to SELU's negative limit and rescales, so that mean and variance stay."""
    return _alpha_dropped(input, seed, p, input.shape)


@op(homes=("hidden",), name="_feature_alpha_dropout", out=False)
def feature_alpha_dropout(input: Array, seed: Array, p: Scalar) -> Array:
    """`alpha_dropout` of whole channels: one draw for each (sample, channel)."""
    return _alpha_dropped(input, seed, p, (*input.shape[:2], *(1,) * (input.ndim - 2)))


# Samples that the host drew. Gradients do not flow through most of them: PyTorch gives zeros.


def _no_slope(grad: Array, input: Array | None) -> Array | None:
    return None if input is None else jnp.zeros(input.shape, grad.dtype)


@op(homes=("hidden",), name="_bernoulli", out=False, backward=_no_slope,
    extras={"node": "BernoulliBackward0"})  # fmt: skip
def bernoulli(input: Array, drawn: Array) -> Array:
    """What was drawn with the chances in input."""
    return drawn


@op(homes=("hidden",), name="_poisson", out=False, backward=_no_slope,
    extras={"node": "PoissonBackward0"})  # fmt: skip
def poisson(input: Array, drawn: Array) -> Array:
    """What was drawn at the rates in input."""
    return drawn


@op(homes=("hidden",), name="_binomial", out=False, extras={"node": "BinomialBackward0"},
    backward=lambda grad, input, prob: (_no_slope(grad, input), _no_slope(grad, prob)))  # fmt: skip
def binomial(input: Array, prob: Array, drawn: Array) -> Array:
    """What was drawn of so many trials with the chances in prob."""
    return drawn


@op(homes=("hidden",), name="_normal", out=False, extras={"node": "NormalBackward0"},
    backward=lambda grad, mean, std: (_no_slope(grad, mean), _no_slope(grad, std)))  # fmt: skip
def normal(mean: Array | None, std: Array | None, drawn: Array) -> Array:
    """What was drawn with these means and deviations."""
    return drawn


@pointwise(homes=("torch",), name="_standard_gamma_grad", inplace=False, out=False)
def standard_gamma_grad(input: FloatingOperand, output: FloatingOperand) -> Floating:
    """The derivative by the shape of the quantile at which a standard gamma sample lies."""
    return jax.lax.random_gamma_grad(*jnp.broadcast_arrays(input, output))  # type: ignore


@op(homes=("hidden",), name="__standard_gamma", out=False,
    backward=lambda grad, input, result: grad * jax.lax.random_gamma_grad(input, result),  # type: ignore
    extras={"node": "StandardGammaBackward0"})  # fmt: skip
def standard_gamma(input: Array, drawn: Array) -> Array:
    """What was drawn of these shapes; the gradient follows how quantiles move."""
    return drawn
