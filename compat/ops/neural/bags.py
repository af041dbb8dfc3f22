"""Sums, means and maxima of bags of rows."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.roles import Array, Operand


@op(homes=("hidden",), name="_bag", out=False, math=True,
    extras={"node": "EmbeddingBagBackward0"})  # fmt: skip
def bag(rows: Operand, index: Array, offsets: Array, weights: Operand | None, mode: str,
        padding_idx: int, count: int) -> Array:  # fmt: skip
    """Rows (n, D) in `count` bags that begin at offsets: (count, D).

    Rows whose index is padding_idx are left out. Bags of nothing give zeros.
    """
    require(mode in ("sum", "mean", "max"), "mode has to be one of sum, mean or max")
    n = rows.shape[0]
    own = jnp.searchsorted(offsets[:count], jnp.arange(n), side="right") - 1
    kept = (index != padding_idx)[:, None]
    if mode == "max":
        return _maxima(rows, own, kept, count)
    if weights is not None:
        rows = rows * weights[:, None]
    total = jnp.zeros((count, rows.shape[1]), rows.dtype).at[own].add(jnp.where(kept, rows, 0))
    if mode == "sum":
        return total
    sizes = jnp.zeros((count, 1), rows.dtype).at[own].add(kept.astype(rows.dtype))
    return total / jnp.maximum(sizes, 1)


def _maxima(rows: jax.Array, own: Any, kept: jax.Array, count: int) -> jax.Array:
    """Each bag's maxima: the first one gets the gradient."""
    n, width = rows.shape
    if n == 0:
        return jnp.zeros((count, width), rows.dtype)
    known = jnp.where(kept, jax.lax.stop_gradient(rows), -jnp.inf)
    top = jnp.full((count, width), -jnp.inf, rows.dtype).at[own].max(known)
    place = jnp.where(kept & (known == top[own]), jnp.arange(n)[:, None], n)
    first = jnp.full((count, width), n).at[own].min(place)
    best = jnp.take_along_axis(rows, jnp.minimum(first, n - 1), 0)
    return jnp.where(first < n, best, 0)
