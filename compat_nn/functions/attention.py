"""Attention, and attention in several heads as a function of every weight."""

from __future__ import annotations

import math
import warnings
from typing import Any

import compat as torch
from compat.front.create import hidden

from .. import functional as F
from ..attention.bias import CausalBias


def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> Any:  # fmt: skip
    """softmax(query @ key.T * scale + mask) @ value."""
    if isinstance(attn_mask, CausalBias):
        if is_causal:
            raise ValueError("CausalBias should not be used with causal=True")
        is_causal = attn_mask._is_upper_left()
        attn_mask = None if is_causal else attn_mask._materialize(query.device)
    if dropout_p:
        if attn_mask is None and is_causal:
            rows, columns = query.shape[-2], key.shape[-2]
            attn_mask = torch.ones(rows, columns, dtype=torch.bool).tril()
        by = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
        scores = query @ key.transpose(-2, -1) * by
        if attn_mask is not None:
            scores = (
                scores.masked_fill(attn_mask.logical_not(), -math.inf)
                if attn_mask.dtype is torch.bool
                else scores + attn_mask
            )
        return F.dropout(F.softmax(scores, -1), dropout_p) @ value
    return hidden("_attention")(
        query, key, value, attn_mask, None, is_causal=is_causal, scale=scale, enable_gqa=enable_gqa
    )


def multi_head_attention_forward(
    query: Any, key: Any, value: Any, embed_dim_to_check: int, num_heads: int, in_proj_weight: Any,
    in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool, dropout_p: float,
    out_proj_weight: Any, out_proj_bias: Any, training: bool = True, key_padding_mask: Any = None,
    need_weights: bool = True, attn_mask: Any = None, use_separate_proj_weight: bool = False,
    q_proj_weight: Any = None, k_proj_weight: Any = None, v_proj_weight: Any = None,
    static_k: Any = None, static_v: Any = None, average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Projects query (L, N, E), key and value (S, N, E), attends, and projects the result.

    Gives the output, of the query's shape, and the weights (N, L, S), or (N, heads, L, S) without
    `average_attn_weights`, or None without `need_weights`. N may be missing everywhere.
    """
    batched = _check_ranks(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        key_is, value_is = key is query, value is key
        query = query.unsqueeze(1)
        key = query if key_is else key.unsqueeze(1)
        value = key if value_is else value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, embed_dim = query.shape
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    hide = _added(key_padding_mask, "key_padding_mask", query.dtype, attn_mask, "attn_mask")
    if is_causal and hide is None and not need_weights:
        attn_mask = None  # the hint says what the mask says
    else:
        is_causal = False
        attn_mask = _added(attn_mask, "attn_mask", query.dtype)
    if use_separate_proj_weight:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        for name, weight in zip("qkv", weights, strict=True):
            if weight is None:
                raise AssertionError(
                    f"use_separate_proj_weight is True but {name}_proj_weight is None"
                )
        biases = (None,) * 3 if in_proj_bias is None else in_proj_bias.chunk(3)
        q, k, v = (
            F.linear(x, weight, bias)
            for x, weight, bias in zip((query, key, value), weights, biases, strict=True)
        )
    else:
        if in_proj_weight is None:
            raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
        q, k, v = _projected(query, key, value, in_proj_weight, in_proj_bias)
    mask = _mask_of_positions(attn_mask, length, key.shape[0], batch * num_heads)

    def padded(mask: Any) -> Any:
        return None if mask is None else F.pad(mask, (0, 1))

    if bias_k is not None and bias_v is not None:
        if static_k is not None or static_v is not None:
            raise AssertionError("bias cannot be added to static key.")
        k = torch.cat([k, bias_k.repeat(1, batch, 1)])
        v = torch.cat([v, bias_v.repeat(1, batch, 1)])
        mask, hide = padded(mask), padded(hide)
    heads, width = batch * num_heads, embed_dim // num_heads
    q = q.reshape(length, heads, width).transpose(0, 1)
    k = _in_heads(k, static_k, "static_k", heads, width)
    v = _in_heads(v, static_v, "static_v", heads, width)
    if add_zero_attn:
        nothing = torch.zeros(heads, 1, width, dtype=k.dtype, device=k.device)
        k, v = torch.cat([k, nothing], 1), torch.cat([v, nothing], 1)
        mask, hide = padded(mask), padded(hide)
    seen = k.shape[1]
    if hide is not None:
        if hide.shape != (batch, seen):
            raise AssertionError(
                f"expecting key_padding_mask shape of {(batch, seen)}, but got {hide.shape}"
            )
        rows = hide.reshape(batch, 1, 1, seen).expand(-1, num_heads, -1, -1)
        rows = rows.reshape(heads, 1, seen)
        mask = rows if mask is None else mask + rows
    chance = dropout_p if training else 0.0
    if not need_weights:
        shape = (batch, num_heads, -1, width)
        if mask is not None:
            mask = mask.unsqueeze(0) if mask.shape[0] == 1 else mask.reshape(
                batch, num_heads, -1, seen
            )
        made = scaled_dot_product_attention(
            q.reshape(shape), k.reshape(shape), v.reshape(shape), mask, chance, is_causal
        )
        made = made.permute(2, 0, 1, 3).reshape(length * batch, embed_dim)
        made = F.linear(made, out_proj_weight, out_proj_bias).reshape(length, batch, -1)
        return (made if batched else made.squeeze(1)), None
    scores = (q * math.sqrt(1.0 / width)) @ k.transpose(-2, -1)
    shares = F.softmax(scores if mask is None else scores + mask, -1)
    shares = F.dropout(shares, chance) if chance > 0.0 else shares
    made = (shares @ v).transpose(0, 1).reshape(length * batch, embed_dim)
    made = F.linear(made, out_proj_weight, out_proj_bias).reshape(length, batch, -1)
    shares = shares.reshape(batch, num_heads, length, seen)
    shares = shares.mean(1) if average_attn_weights else shares
    return (made, shares) if batched else (made.squeeze(1), shares.squeeze(0))


def _check_ranks(query: Any, key: Any, value: Any, hide: Any, mask: Any, num_heads: int) -> bool:
    """Whether there is a batch dimension; AssertionError when the ranks do not agree on it."""
    rank = query.dim()
    if rank not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {rank}-D query tensor"
        )
    kind = "batched (3-D)" if rank == 3 else "unbatched (2-D)"
    if key.dim() != rank or value.dim() != rank:
        raise AssertionError(
            f"For {kind} `query`, expected `key` and `value` to be {rank}-D but found "
            f"{key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if hide is not None and hide.dim() != rank - 1:
        raise AssertionError(
            f"For {kind} `query`, expected `key_padding_mask` to be `None` or {rank - 1}-D but "
            f"found {hide.dim()}-D tensor instead"
        )
    if mask is not None and mask.dim() not in (2, 3):
        raise AssertionError(
            f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found "
            f"{mask.dim()}-D tensor instead"
        )
    if mask is not None and rank == 2 and mask.dim() == 3:
        wanted = (num_heads, query.shape[0], key.shape[0])
        if mask.shape != wanted:
            raise AssertionError(
                f"Expected `attn_mask` shape to be {wanted} but got {mask.shape}"
            )
    return rank == 3


def _check_sizes(
    query: Any, key: Any, value: Any, embed_dim: int, num_heads: int, separate: bool
) -> None:
    if query.shape[-1] != embed_dim:
        raise AssertionError(
            f"was expecting embedding dimension of {embed_dim}, but got {query.shape[-1]}"
        )
    if embed_dim // num_heads * num_heads != embed_dim:
        raise AssertionError(f"embed_dim {embed_dim} not divisible by num_heads {num_heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {key.shape[:2]} do not match value's "
            f"{value.shape[:2]}"
        )
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _added(mask: Any, name: str, dtype: Any, other: Any = None, other_name: str = "") -> Any:
    """A mask as numbers to add to the scores: minus infinity where a boolean one is True."""
    if mask is None:
        return None
    if mask.dtype is not torch.bool and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and mask.dtype != other.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both "
            "instead.",
            stacklevel=3,
        )
    if mask.is_floating_point():
        return mask
    return torch.zeros_like(mask, dtype=dtype).masked_fill_(mask, -math.inf)


def _projected(query: Any, key: Any, value: Any, weight: Any, bias: Any) -> Any:
    """The three projections by a packed weight (3E, E), in one product where inputs are shared."""
    width = query.shape[-1]
    if key is value and query is key:
        return F.linear(query, weight, bias).chunk(3, -1)
    if key is value:
        sizes = (width, 2 * width)
        first, rest = weight.split(sizes)
        bias_first, bias_rest = (None, None) if bias is None else bias.split(sizes)
        return (F.linear(query, first, bias_first), *F.linear(key, rest, bias_rest).chunk(2, -1))
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return tuple(
        F.linear(x, w, b)
        for x, w, b in zip((query, key, value), weight.chunk(3), biases, strict=True)
    )


def _mask_of_positions(mask: Any, length: int, seen: int, heads: int) -> Any:
    """A mask (L, S) or (N * heads, L, S) as the latter, or with one for all heads."""
    if mask is None:
        return None
    wanted = (length, seen) if mask.dim() == 2 else (heads, length, seen)
    if mask.shape != wanted:
        raise RuntimeError(
            f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be {wanted}."
        )
    return mask.unsqueeze(0) if mask.dim() == 2 else mask


def _in_heads(made: Any, static: Any, name: str, heads: int, width: int) -> Any:
    """(S, N, E) as (N * heads, S, width), or what was given in its place."""
    if static is None:
        return made.reshape(made.shape[0], heads, width).transpose(0, 1)
    if static.size(0) != heads:
        raise AssertionError(f"expecting {name}.size(0) of {heads}, but got {static.size(0)}")
    if static.size(2) != width:
        raise AssertionError(f"expecting {name}.size(2) of {width}, but got {static.size(2)}")
    return static
