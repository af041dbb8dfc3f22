"""Losses of scores that should keep a margin from each other."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.neural.loss import is_long, reduced, title
from compat.ops.roles import Array, Bool, Operand

_LOSS: dict[str, Any] = {"homes": ("hidden",), "math": True, "out": False}


def _positive(x: jax.Array) -> jax.Array:
    return jnp.where(x > 0, x, jnp.zeros((), x.dtype))


def _check_target(target: jax.Array, reduction: str) -> None:
    known = reduction in ("none", "mean", "sum")
    require(known, f"{reduction} is not a valid value for reduction", ValueError)
    require(is_long(target), f"expected scalar type Long but found {title(target)}")


@op(**_LOSS, guard=(RuntimeError, "target out of range"))
def multi_margin_loss(input: Operand, target: Array, p: int, margin: float,
                      weight: Operand | None = None,
                      reduction: str = "mean") -> tuple[Array, Bool]:  # fmt: skip
    """How far other classes of (N, C) or (C,) are inside the margin of the target class."""
    require(p in (1, 2), "only p == 1 and p == 2 supported")
    single = input.ndim < 2
    rows = input.reshape(1, -1) if single else input
    count, classes = rows.shape
    require(
        input.ndim <= 2 and classes > 0 and (single or count >= 0),
        "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
        f"{list(input.shape)}",
    )
    require(
        target.ndim <= 1 and target.size == count,
        "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
        f"samples (batch size). Expected target size [{count}], but got {list(target.shape)}. "
        f"Input has shape {list(input.shape)}.",
    )
    if weight is not None:
        require(
            weight.ndim <= 1 and weight.size == classes,
            f"inconsistent weight size, expected {classes} but got {list(weight.shape)}",
        )
    _check_target(target, reduction)
    index = target.reshape(-1, 1)
    safe = jnp.clip(index, 0, classes - 1)
    off = _positive(margin - jnp.take_along_axis(rows, safe, 1) + rows)
    off = off if p == 1 else off * off
    off = off if weight is None else off * weight.reshape(-1)[safe]
    loss = jnp.where(jnp.arange(classes) == index, 0, off).sum(1) / classes
    fine = jnp.all((index >= 0) & (index < classes))
    scalar = single and target.ndim == 0
    return reduced(loss[0] if scalar else loss, reduction), fine


@op(**_LOSS, guard=(RuntimeError, "argument #2 'target' is out of range"))
def multilabel_margin_loss(input: Operand, target: Array, reduction: str = "mean"
                           ) -> tuple[Array, Bool]:  # fmt: skip
    """How far other classes are inside the margin 1 of each target class.

    The target, of the input's shape (N, C) or (C,), lists classes up to the first -1.
    """
    require(
        input.ndim <= 2 and (input.size > 0 or input.ndim == 2 and input.shape[1] > 0),
        "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
        f"{list(input.shape)}",
    )
    require(
        target.shape == input.shape or input.ndim == 0,
        f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}",
    )
    _check_target(target, reduction)
    rows = input.reshape(-1, input.shape[-1] if input.ndim else 1)
    listed = target.reshape(rows.shape)
    count, classes = rows.shape
    listed_here = jnp.cumsum(listed < 0, 1) == 0
    safe = jnp.clip(listed, 0, classes - 1)
    is_target = jnp.zeros(rows.shape, bool).at[jnp.arange(count)[:, None], safe].max(listed_here)
    own = jnp.take_along_axis(rows, safe, 1)
    off = _positive(1 - own[:, :, None] + rows[:, None, :])
    counted = listed_here[:, :, None] & ~is_target[:, None, :]
    loss = jnp.where(counted, off, 0).sum((1, 2)) / classes
    fine = jnp.all((listed >= -1) & (listed < classes))
    return reduced(loss if input.ndim == 2 else loss[0], reduction), fine
