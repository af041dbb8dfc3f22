"""Connectionist temporal classification."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.roles import Array, Flag, Operand


@op(homes=("hidden",), name="_ctc_loss", out=False, math=True)
def ctc_loss(log_probs: Operand, targets: Array, input_lengths: Array, target_lengths: Array,
             blank: int, zero_infinity: Flag) -> Array:  # fmt: skip
    """Minus the logarithm of the chance of each target (N, S) under log_probs (T, N, C).

    The forward recursion of Graves et al. (2006, section 4.1) as one scan over time. As in PyTorch
    the gradient takes log_probs for the result of a log-softmax: it holds `exp(log_probs)` minus
    the posterior, which is what flows into the softmax's input.
    """
    steps, batch, classes = log_probs.shape
    require(0 <= blank < classes, "blank must be in label range")
    if targets.shape[1] == 0:
        targets = jnp.full((batch, 1), blank, targets.dtype)
    extended = jnp.full((batch, 2 * targets.shape[1] + 1), blank, targets.dtype)
    extended = jnp.clip(extended.at[:, 1::2].set(targets), 0, classes - 1)
    before_last = jnp.pad(extended, ((0, 0), (2, 0)), constant_values=blank)[:, :-2]
    may_skip = (extended != blank) & (extended != before_last)
    rows = jnp.arange(batch)[:, None]
    emitted = log_probs[:, rows, extended]  # (T, N, 2S + 1)
    start = jnp.arange(extended.shape[1]) < jnp.where(target_lengths > 0, 2, 1)[:, None]
    first = jnp.where(start, 0, -jnp.inf).astype(log_probs.dtype)

    def step(carry: Any, now: Any) -> Any:
        alpha, at = carry
        one = jnp.pad(alpha, ((0, 0), (1, 0)), constant_values=-jnp.inf)[:, :-1]
        two = jnp.pad(alpha, ((0, 0), (2, 0)), constant_values=-jnp.inf)[:, :-2]
        reached = _log_sum(jnp.stack([alpha, one, jnp.where(may_skip, two, -jnp.inf)]))
        reached = jnp.where(at == 0, first, reached) + now
        return (jnp.where((at < input_lengths)[:, None], reached, alpha), at + 1), None

    (alpha, _), _ = lax.scan(step, (first, jnp.zeros((), int)), emitted)
    ends = 2 * target_lengths[:, None] - jnp.arange(2)  # the last blank, the last label
    last = jnp.take_along_axis(alpha, jnp.maximum(ends, 0), 1)
    total = -_log_sum(jnp.where(ends >= 0, last, -jnp.inf).T)
    within = (jnp.arange(steps)[:, None] < input_lengths)[:, :, None]
    softmax = jnp.where(within, jnp.exp(log_probs), 0).sum((0, 2))
    total = total + (softmax - lax.stop_gradient(softmax))
    return jnp.where(jnp.isinf(total), 0, total) if zero_infinity else total


def _log_sum(parts: jax.Array) -> jax.Array:
    """log(sum(exp)) over the first dimension; nothing but minus infinities gives one."""
    top = lax.stop_gradient(jnp.max(parts, 0))
    dead = jnp.isneginf(top)
    top = jnp.where(dead, 0, top)
    total = jnp.exp(parts - top).sum(0)
    return jnp.where(dead, -jnp.inf, jnp.log(jnp.where(dead, 1, total)) + top)
