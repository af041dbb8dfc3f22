"""Scaled dot-product attention."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

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
    rows, columns = query.shape[-2], key.shape[-2]
    lead = jnp.broadcast_shapes(query.shape[:-2], key.shape[:-2])
    count = math.prod(lead) * rows * columns
    if draw is None and count > (_MANY_HALF if is_causal else _MANY) and rows > _BLOCK:
        blocks = partial(_in_blocks, causal=is_causal, by=by)
        if count > _TOO_MANY:
            return blocks(query, key, value, attn_mask)
        whole = partial(_at_once, causal=is_causal, by=by)
        given = (query, key, value, attn_mask)
        return lax.platform_dependent(*given, cpu=blocks, default=whole)
    weights = _weights(query, key, attn_mask, 0 if is_causal else None, by)
    if draw is not None:
        kept = jax.random.bernoulli(draw, 1 - dropout_p, weights.shape)
        weights = jnp.where(kept, weights / (1 - dropout_p).astype(weights.dtype), 0)
    return jnp.matmul(weights, value)


def _at_once(
    query: jax.Array, key: jax.Array, value: jax.Array, mask: jax.Array | None, causal: bool,
    by: float,
) -> jax.Array:  # fmt: skip
    return jnp.matmul(_weights(query, key, mask, 0 if causal else None, by), value)


# Scores that are not kept all at once: on a CPU, there when half of them need not be worked out,
# and on any device.
_MANY, _MANY_HALF, _TOO_MANY = 1 << 24, 1 << 20, 1 << 29
_BLOCK = 128  # rows of them that are
_GROUPS = 8  # in which rows see no columns beyond the last of their group's


def _weights(
    query: jax.Array, key: jax.Array, mask: jax.Array | None, start: Any, by: float
) -> jax.Array:
    """The shares of the keys for each query; start: the place of the first query when none sees
    keys behind its own place."""
    scores = jnp.matmul(query, jnp.swapaxes(key, -1, -2)).astype(_wide(query)) * by
    rows, columns = scores.shape[-2:]
    if start is not None:
        places = start + lax.broadcasted_iota("int32", (rows, columns), 0)
        seen = lax.broadcasted_iota("int32", (rows, columns), 1) <= places
        scores = jnp.where(seen, scores, -jnp.inf)
    elif mask is not None:
        scores = jnp.where(mask, scores, -jnp.inf) if mask.dtype == bool else scores + mask
    weights = jax.nn.softmax(scores) if mask is None else _softmax(scores)
    return weights.astype(query.dtype)


def _in_blocks(
    query: jax.Array, key: jax.Array, value: jax.Array, mask: jax.Array | None, causal: bool,
    by: float,
) -> jax.Array:  # fmt: skip
    """Attention with few rows of scores at a time, which backward works out anew.

    Forward and backward of 4 heads of 4096 x 64 on one core take 1.0 s and 805 MB all at once, as
    long and 38 MB in blocks, and 0.65 s with the columns left out that no row of a group sees.
    """
    rows, columns = query.shape[-2], key.shape[-2]
    size = -(-rows // (_BLOCK * _GROUPS)) * _BLOCK if causal else rows
    made = []
    for first in range(0, rows, size):
        last = min(first + size, rows)
        seen = min(last, columns) if causal else columns
        k, v = key[..., :seen, :], value[..., :seen, :]
        by_row = mask is not None and mask.ndim > 1 and mask.shape[-2] > 1

        @jax.checkpoint
        def attend(one: Any, k: Any = k, v: Any = v, by_row: bool = by_row) -> jax.Array:
            start, some, own = one
            here = own if by_row else mask
            return jnp.matmul(_weights(some, k, here, start if causal else None, by), v)

        whole = first + (last - first) // _BLOCK * _BLOCK
        blocks = (
            jnp.arange(first, whole, _BLOCK), _cut(query[..., first:whole, :]),
            _cut(mask[..., first:whole, :]) if by_row else None,  # type: ignore[index]
        )  # fmt: skip
        done = jnp.moveaxis(lax.map(attend, blocks), 0, -3)
        made.append(done.reshape(*done.shape[:-3], whole - first, done.shape[-1]))
        if whole < last:
            rest = mask[..., whole:last, :] if by_row else None  # type: ignore[index]
            made.append(attend((whole, query[..., whole:last, :], rest)))
    return jnp.concatenate(made, -2)


def _cut(array: jax.Array) -> jax.Array:
    """Blocks of rows as a first dimension."""
    blocks = array.reshape(*array.shape[:-2], -1, _BLOCK, array.shape[-1])
    return jnp.moveaxis(blocks, -3, 0)


def _softmax(scores: jax.Array) -> jax.Array:
    """The softmax of the last dimension; rows that are masked everywhere give zeros."""
    dead = jnp.isneginf(jnp.max(scores, -1, keepdims=True))
    return jnp.where(dead, 0, jax.nn.softmax(jnp.where(dead, 0, scores), -1))


def _wide(array: jax.Array) -> Any:
    return "float32" if array.dtype.itemsize < 4 else array.dtype


def _c(array: jax.Array) -> str:
    return {"float32": "float", "float64": "double"}.get(array.dtype.name, array.dtype.name)
