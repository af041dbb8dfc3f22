"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.roles import Array, Flag, Scalar


@op(homes=("hidden",), name="_attention", out=False,
    extras={"node": "ScaledDotProductFlashAttentionForCpuBackward0"})  # fmt: skip
def attention(query: Array, key: Array, value: Array, attn_mask: Array | None = None,
              draw: Array | None = None, dropout_p: Scalar = 0.0, is_causal: Flag = False,
              scale: float | None = None, enable_gqa: Flag = False) -> Array:  # fmt: skip
    """softmax(query @ key.T * scale + mask) @ value; draw is a key for dropout."""
    require(
        not (is_causal and attn_mask is not None),
        "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True",
    )
    require(
        query.dtype == key.dtype == value.dtype,
        "Expected query, key, and value to have the same dtype, but got query.dtype: "
        f"{_c(query)} key.dtype: {_c(key)} and value.dtype: {_c(value)} instead.",
    )
    if enable_gqa:
        times = query.shape[-3] // key.shape[-3]
        key, value = jnp.repeat(key, times, -3), jnp.repeat(value, times, -3)
    by = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = jnp.matmul(query, jnp.swapaxes(key, -1, -2)).astype(_wide(query)) * by
    if is_causal:
        rows, columns = scores.shape[-2:]
        scores = jnp.where(jnp.tril(jnp.ones((rows, columns), bool)), scores, -jnp.inf)
    elif attn_mask is not None:
        if attn_mask.dtype == bool:
            scores = jnp.where(attn_mask, scores, -jnp.inf)
        else:
            scores = scores + attn_mask
    no_empty_row = attn_mask is None and (not is_causal or scores.shape[-2] <= scores.shape[-1])
    weights = jax.nn.softmax(scores) if no_empty_row else _softmax(scores)
    weights = weights.astype(query.dtype)
    if draw is not None:
        kept = jax.random.bernoulli(draw, 1 - dropout_p, weights.shape)
        weights = jnp.where(kept, weights / (1 - dropout_p).astype(weights.dtype), 0)
    return jnp.matmul(weights, value)


def _softmax(scores: jax.Array) -> jax.Array:
    """The softmax of the last dimension; rows that are masked everywhere give zeros."""
    dead = jnp.isneginf(jnp.max(scores, -1, keepdims=True))
    return jnp.where(dead, 0, jax.nn.softmax(jnp.where(dead, 0, scores), -1))


def _wide(array: jax.Array) -> Any:
    return "float32" if array.dtype.itemsize < 4 else array.dtype


def _c(array: jax.Array) -> str:
    return {"float32": "float", "float64": "double"}.get(array.dtype.name, array.dtype.name)
