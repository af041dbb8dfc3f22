"""Connectionist temporal classification."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.roles import Array, Flag, Operand


def _extended(
    log_probs: jax.Array, targets: jax.Array, blank: int
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Targets with blanks around each label (N, 2S + 1); where the blank before a label may be
    left out; log_probs of these labels at each step (T, N, 2S + 1)."""
    _, batch, classes = log_probs.shape
    if targets.shape[1] == 0:
        targets = jnp.full((batch, 1), blank, targets.dtype)
    extended = jnp.full((batch, 2 * targets.shape[1] + 1), blank, targets.dtype)
    extended = jnp.clip(extended.at[:, 1::2].set(targets), 0, classes - 1)
    before_last = jnp.pad(extended, ((0, 0), (2, 0)), constant_values=blank)[:, :-2]
    may_skip = (extended != blank) & (extended != before_last)
    return extended, may_skip, log_probs[:, jnp.arange(batch)[:, None], extended]


def _moved(chances: jax.Array, by: int) -> jax.Array:
    """What stands `by` places before (behind, when negative); minus infinity from outside."""
    low = ((0, 0), (max(by, 0), max(-by, 0)))
    padded = jnp.pad(chances, low, constant_values=-jnp.inf)
    return padded[:, :-by] if by > 0 else padded[:, -by:]


def _rule(
    grad_0: Any, result_0: Any, result_1: Any, log_probs: Any, targets: Any, input_lengths: Any,
    target_lengths: Any, blank: int, zero_infinity: bool,
) -> list[Any]:  # fmt: skip
    """`exp(log_probs)` minus the posterior of each class, by the backward recursion.

    Long sequences have losses of some hundreds, of which float32 keeps four digits behind the
    point: sums are taken in PyTorch's order, so that what is lost agrees.
    """
    loss, alphas = result_0, result_1
    steps, batch, _ = log_probs.shape
    extended, may_skip, emitted = _extended(log_probs, targets, blank)
    skipped = jnp.pad(may_skip, ((0, 0), (0, 2)))[:, 2:]  # whether the place two on is reached
    places = jnp.arange(extended.shape[1])
    ends = 2 * target_lengths[:, None]
    closing = (places == ends) | ((places == ends - 1) & (target_lengths[:, None] > 0))
    nothing = jnp.full(extended.shape, -jnp.inf, log_probs.dtype)

    def step(beta: Any, now: Any) -> Any:
        at, emission = now
        two = jnp.where(skipped, _moved(beta, -2), -jnp.inf)
        reached = _log_sum(jnp.stack([beta, _moved(beta, -1), two]))
        last = (at == input_lengths - 1)[:, None]
        beta = jnp.where(last, jnp.where(closing, 0, -jnp.inf), reached) + emission
        beta = jnp.where((places <= ends) & (at < input_lengths)[:, None], beta, -jnp.inf)
        return beta, beta

    _, betas = lax.scan(step, nothing, (jnp.arange(steps), emitted), reverse=True)
    through = alphas + betas
    rows = jnp.arange(batch)

    def gathered(place: Any, classes: Any) -> Any:
        at = extended.shape[1] - 1 - place
        label = extended[:, at]
        before, new = classes[:, rows, label], through[:, :, at]
        return classes.at[:, rows, label].set(_log_sum(jnp.stack([before, new])))

    posterior = jnp.full(log_probs.shape, -jnp.inf, log_probs.dtype)
    posterior = lax.fori_loop(0, extended.shape[1], gathered, posterior)
    grad = jnp.exp(log_probs) - jnp.exp(posterior + loss[:, None] - log_probs)
    within = (jnp.arange(steps)[:, None] < input_lengths)[:, :, None]
    grad = jnp.where(within, grad * grad_0[:, None], 0)
    if zero_infinity:  # then the loss given out is 0, which no path of a finite chance has
        dead = jnp.all(jnp.isneginf(posterior) | ~within, (0, 2))
        grad = jnp.where(dead[:, None], 0, grad)
    return [grad]


@op(homes=("hidden",), name="_ctc_loss", out=False, math=True, backward=_rule, residuals=1)
def ctc_loss(log_probs: Operand, targets: Array, input_lengths: Array, target_lengths: Array,
             blank: int, zero_infinity: Flag) -> tuple[Array, Array]:  # fmt: skip
    """Minus the logarithm of the chance of each target (N, S) under log_probs (T, N, C); and, for
    the gradient, the logarithms of the chances to be at each place after each step.

    The forward recursion of Graves et al. (2006, section 4.1) as one scan over time. As in PyTorch
    the gradient takes log_probs for the result of a log-softmax: it holds `exp(log_probs)` minus
    the posterior, which is what flows into the softmax's input.
    """
    steps, _, classes = log_probs.shape
    require(0 <= blank < classes, "blank must be in label range")
    extended, may_skip, emitted = _extended(log_probs, targets, blank)
    start = jnp.arange(extended.shape[1]) < jnp.where(target_lengths > 0, 2, 1)[:, None]
    first = jnp.where(start, 0, -jnp.inf).astype(log_probs.dtype)

    def step(carry: Any, now: Any) -> Any:
        alpha, at = carry
        two = jnp.where(may_skip, _moved(alpha, 2), -jnp.inf)
        reached = _log_sum(jnp.stack([alpha, _moved(alpha, 1), two]))
        reached = jnp.where(at == 0, first, reached) + now
        alpha = jnp.where((at < input_lengths)[:, None], reached, alpha)
        return (alpha, at + 1), alpha

    (alpha, _), alphas = lax.scan(step, (first, jnp.zeros((), int)), emitted)
    ends = 2 * target_lengths[:, None] - jnp.arange(2)  # the last blank, the last label
    last = jnp.take_along_axis(alpha, jnp.maximum(ends, 0), 1)
    total = -_log_sum(jnp.where(ends >= 0, last, -jnp.inf).T)
    within = (jnp.arange(steps)[:, None] < input_lengths)[:, :, None]
    softmax = jnp.where(within, jnp.exp(log_probs), 0).sum((0, 2))
    total = total + (softmax - lax.stop_gradient(softmax))
    return jnp.where(jnp.isinf(total), 0, total) if zero_infinity else total, alphas


def _log_sum(parts: jax.Array) -> jax.Array:
    """log(sum(exp)) over the first dimension; nothing but minus infinities gives one."""
    top = lax.stop_gradient(jnp.max(parts, 0))
    dead = jnp.isneginf(top)
    top = jnp.where(dead, 0, top)
    total = jnp.exp(parts - top).sum(0)
    return jnp.where(dead, -jnp.inf, jnp.log(jnp.where(dead, 1, total)) + top)
