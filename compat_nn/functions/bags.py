"""Bags of embeddings."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.front.create import hidden

from .. import functional as F


def embedding_bag(
    input: Any, weight: Any, offsets: Any = None, max_norm: float | None = None,
    norm_type: float = 2, scale_grad_by_freq: bool = False, mode: str = "mean",
    sparse: bool = False, per_sample_weights: Any = None, include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:  # fmt: skip
    """Sums, means or maxima over bags of the rows of weight that input names.

    input    (B, N), a bag a row, or (n,) where bags begin at offsets
    """
    if weight.dtype is torch.int64 and input.is_floating_point():
        raise ValueError(
            "Argument order of nn.functional.embedding_bag was changed. "
            "Usage `embedding_bag(weight, input, ...)` is deprecated, and should now be "
            "`embedding_bag(input, weight, ...)`."
        )
    if per_sample_weights is not None and input.size() != per_sample_weights.size():
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then "
            f"it must have the same shape as the input ({input.shape})"
        )
    _check_mode(mode, scale_grad_by_freq, sparse, per_sample_weights)
    rows = weight.size(0)
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise RuntimeError(
            f"padding_idx must be within the number of embeddings, -{rows} through {rows - 1}, "
            f"but got {padding_idx}"
        )
    place = -1 if padding_idx is None else padding_idx % rows
    flat, offsets, count = _bags(input, offsets, include_last_offset)
    if not (flat.dtype is torch.int64 or flat.dtype is torch.int32):
        kind = type(flat).__name__ if flat.dtype is None else flat.type().split(".")[-1]
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got torch.{kind} instead (while checking arguments for embedding_bag)"
        )
    if per_sample_weights is not None:
        per_sample_weights = per_sample_weights.reshape(-1)
    absent = padding_idx if sparse else None  # of a sparse gradient, padding is no entry
    found = F.embedding(flat, weight, absent, max_norm, norm_type, scale_grad_by_freq, sparse)
    return hidden("_bag")(found, flat, offsets, per_sample_weights, mode, place, count)


def _check_mode(mode: str, scale_grad_by_freq: bool, sparse: bool, weights: Any) -> None:
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}'). Please open a feature request on GitHub."
        )


def _bags(input: Any, offsets: Any, with_last: bool) -> tuple[Any, Any, int]:
    """The indices in a row, where bags begin, and how many bags there are."""
    if input.dim() == 2:
        if offsets is not None:
            kind = "<unknown>" if not isinstance(offsets, torch.Tensor) else type(offsets)
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
                f"of fixed length sequences. However, found offsets of type {kind}"
            )
        count, width = input.shape
        starts = torch.arange(count, device=input.device) * width
        return input.reshape(-1), starts, count
    if input.dim() != 1:
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}"
        )
    if not isinstance(offsets, torch.Tensor):
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets.dim() != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    if offsets.numel():
        first, last = int(offsets[0]), int(offsets[-1])
        if first != 0:
            raise RuntimeError(
                "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start "
                f"from position 0. However, got {first}"
            )
        if last > input.shape[0]:
            raise RuntimeError(
                "offsets[-1] can not be greater than input's length "
                f"{input.shape[0]} but got offsets[-1] of {last}"
            )
    return input, offsets, offsets.shape[0] - with_last
