"""The forms that the torch namespace has of functions of networks.

They take their settings in other places than `nn.functional` does, and reductions, like the modes
of bags, as numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import compat as torch

from .. import functional as F

_REDUCTIONS = {1: "mean", 2: "sum"}
_MODES = ("sum", "mean", "max")


def _reduction(number: int) -> str:
    """A reduction by PyTorch's number: 1 the mean, 2 the sum, any other none."""
    return _REDUCTIONS.get(number, "none")


# Normalisations.


def batch_norm(input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any,
               training: bool, momentum: float, eps: float,
               cudnn_enabled: bool = True) -> Any:  # fmt: skip
    """`nn.functional.batch_norm`, its weights first."""
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any,
                  use_input_stats: bool, momentum: float, eps: float,
                  cudnn_enabled: bool = True) -> Any:  # fmt: skip
    """`nn.functional.instance_norm`, its weights first."""
    return F.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def norm_except_dim(v: Any, pow: int = 2, dim: int = 0) -> Any:
    """The norms of the slices along dim, in a shape that broadcasts with v; of all for dim -1."""
    if dim == -1:
        return v.norm(pow)
    return v.norm(pow, [each for each in range(v.dim()) if each != dim], True)


def frobenius_norm(input: Any, dim: Any, keepdim: bool = False, *, out: Any = None) -> Any:
    """The root of the sum of squares along one or two dims; an empty list means all."""
    dims = [dim] if isinstance(dim, int) else list(dim)
    return torch.norm(input, 2, dims or None, keepdim, out=out)


def nuclear_norm(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The sum of the singular values of a matrix, or of matrices in two dims."""
    return torch.norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, out=out)


# Losses.


def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None,
                                     pos_weight: Any = None,
                                     reduction: int = 1) -> Any:  # fmt: skip
    """`nn.functional.binary_cross_entropy_with_logits`, the reduction a number."""
    return F.binary_cross_entropy_with_logits(
        input, target, weight, reduction=_reduction(reduction), pos_weight=pos_weight
    )


def cosine_embedding_loss(input1: Any, input2: Any, target: Any, margin: float = 0.0,
                          reduction: int = 1) -> Any:  # fmt: skip
    """`nn.functional.cosine_embedding_loss`, the reduction a number."""
    return F.cosine_embedding_loss(
        input1, input2, target, margin, reduction=_reduction(reduction)
    )


def ctc_loss(log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any,
             blank: int = 0, reduction: int = 1, zero_infinity: bool = False) -> Any:  # fmt: skip
    """`nn.functional.ctc_loss`, the reduction a number."""
    return F.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, _reduction(reduction),
        zero_infinity,
    )  # fmt: skip


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, reduction: int = 1) -> Any:
    """`nn.functional.hinge_embedding_loss`, the reduction a number."""
    return F.hinge_embedding_loss(input, target, margin, reduction=_reduction(reduction))


def kl_div(input: Any, target: Any, reduction: int = 0, *, log_target: bool = False) -> Any:
    """`nn.functional.kl_div`, the reduction a number, and none unless one is given."""
    return F.kl_div(input, target, reduction=_reduction(reduction), log_target=log_target)


def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: float = 0.0,
                        reduction: int = 1) -> Any:  # fmt: skip
    """`nn.functional.margin_ranking_loss`, the reduction a number."""
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=_reduction(reduction))


def poisson_nll_loss(input: Any, target: Any, log_input: bool, full: bool, eps: float,
                     reduction: int) -> Any:  # fmt: skip
    """`nn.functional.poisson_nll_loss`, the reduction a number."""
    return F.poisson_nll_loss(
        input, target, log_input, full, eps=eps, reduction=_reduction(reduction)
    )


def triplet_margin_loss(anchor: Any, positive: Any, negative: Any, margin: float = 1.0,
                        p: float = 2.0, eps: float = 1e-06, swap: bool = False,
                        reduction: int = 1) -> Any:  # fmt: skip
    """`nn.functional.triplet_margin_loss`, the reduction a number."""
    return F.triplet_margin_loss(
        anchor, positive, negative, margin, p, eps, swap, reduction=_reduction(reduction)
    )


# Embeddings.


def embedding(weight: Any, indices: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False,
              sparse: bool = False) -> Any:  # fmt: skip
    """`nn.functional.embedding`, the weight first and padding_idx -1 for none."""
    padding = None if padding_idx < 0 else padding_idx
    return F.embedding(indices, weight, padding, None, 2.0, scale_grad_by_freq, sparse)


def embedding_renorm_(input: Any, indices: Any, max_norm: float, norm_type: float) -> Any:
    """Scales the rows that indices name down to the norm, in place."""
    F.embedding(indices, input.detach(), None, max_norm, norm_type)
    return input


def embedding_bag(weight: Any, indices: Any, offsets: Any, scale_grad_by_freq: bool = False,
                  mode: int = 0, sparse: bool = False, per_sample_weights: Any = None,
                  include_last_offset: bool = False,
                  padding_idx: int | None = None) -> Any:  # fmt: skip
    """`nn.functional.embedding_bag`, with what PyTorch keeps for its gradient.

    mode    0 sums, 1 means, 2 maxima
    gives   the bags; for means and maxima the bag of each index and the size of each bag, and of
            maxima the indices that gave them, of means the sizes again
    """
    made = F.embedding_bag(
        indices, weight, offsets, None, 2, scale_grad_by_freq, _MODES[mode], sparse,
        per_sample_weights, include_last_offset, padding_idx,
    )  # fmt: skip
    if mode == 0:
        nothing = torch.zeros_like(offsets)
        return made, indices.new_empty(0), nothing, nothing.clone()
    starts = offsets[:-1] if include_last_offset else offsets
    bags = torch.bucketize(
        torch.arange(indices.numel(), device=indices.device), starts, right=True
    ) - 1
    counted = torch.ones_like(indices) if padding_idx is None else (indices != padding_idx).long()
    sizes = torch.zeros_like(starts).index_add(0, bags, counted)
    if mode == 1:
        return made, bags, sizes, sizes.clone()
    with torch.no_grad():
        chosen = weight[indices] == made[bags]
        if padding_idx is not None:
            chosen &= counted.bool().unsqueeze(1)
        order = torch.arange(indices.numel(), device=indices.device).unsqueeze(1)
        first = torch.where(chosen, order, indices.numel())
        least = torch.full_like(made, indices.numel(), dtype=torch.int64)
        least = least.scatter_reduce(0, bags.unsqueeze(1).expand_as(first), first, "amin")
        places = torch.cat([indices, indices.new_zeros(1)])[least]
    return made, bags, sizes, places


# Dropouts.


def native_dropout(input: Any, p: float, train: bool | None) -> tuple[Any, Any]:
    """Dropout and the mask of what it kept; None trains."""
    if train is False:
        return input.clone(), torch.ones_like(input, dtype=torch.bool)
    mask = torch.empty_like(input, dtype=torch.bool).bernoulli_(1 - p)
    return input * mask * (0.0 if p == 1 else 1 / (1 - p)), mask


def feature_dropout(input: Any, p: float, train: bool) -> Any:
    """Dropout of whole channels, in the dims from the third on."""
    if input.dim() < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    flat = input.reshape(*input.shape[:2], -1)
    return F.dropout1d(flat, p, train).reshape(input.shape)


def _in_place(name: str, function: Any) -> Any:
    def written(input: Any, p: float, train: bool) -> Any:
        return F._written(lambda x: function(x, p, train), input, (), {}) if train else input

    written.__name__ = written.__qualname__ = name
    written.__doc__ = f"`{name[:-1]}` in place."
    return written


dropout_ = _in_place("dropout_", F.dropout)
alpha_dropout_ = _in_place("alpha_dropout_", F.alpha_dropout)
feature_dropout_ = _in_place("feature_dropout_", feature_dropout)
feature_alpha_dropout_ = _in_place("feature_alpha_dropout_", F.feature_alpha_dropout)


def batch_norm_update_stats(input: Any, running_mean: Any, running_var: Any,
                            momentum: float) -> tuple[Any, Any]:  # fmt: skip
    """Mean and variance (over the count) of each channel; running ones, if given, move by
    momentum, the variance over the count less one."""
    dims = [dim for dim in range(input.dim()) if dim != 1]
    var, mean = torch.var_mean(input, dims, correction=0)
    if running_mean is not None:
        running_mean.lerp_(mean, momentum)
    if running_var is not None:
        running_var.lerp_(torch.var(input, dims, correction=1), momentum)
    return mean, var


def rrelu(input: Any, lower: float = 0.125, upper: float = 1 / 3, training: bool = False,
          generator: Any = None) -> Any:  # fmt: skip
    """`nn.functional.rrelu`."""
    return F.rrelu(input, lower, upper, training)


def rrelu_(input: Any, lower: float = 0.125, upper: float = 1 / 3, training: bool = False,
           generator: Any = None) -> Any:  # fmt: skip
    """`nn.functional.rrelu` in place."""
    return F.rrelu(input, lower, upper, training, True)


# Windows.


def adaptive_max_pool1d(input: Any, output_size: Any) -> tuple[Any, Any]:
    """`nn.functional.adaptive_max_pool1d` with the places of the maxima."""
    return F.adaptive_max_pool1d(input, output_size, True)


def max_pool1d_with_indices(input: Any, kernel_size: Any, stride: Any = (), padding: Any = 0,
                            dilation: Any = 1,
                            ceil_mode: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """`nn.functional.max_pool1d` with the places of the maxima."""
    steps = stride or None
    return F.max_pool1d(input, kernel_size, steps, padding, dilation, ceil_mode, True)


def convolution(input: Any, weight: Any, bias: Any, stride: Sequence[int], padding: Sequence[int],
                dilation: Sequence[int], transposed: bool, output_padding: Sequence[int],
                groups: int) -> Any:  # fmt: skip
    """The convolutions of one to three dimensions, transposed or not, as one function."""
    rank = weight.dim() - 2
    stride, padding, dilation = tuple(stride), tuple(padding), tuple(dilation)
    if transposed:
        return getattr(F, f"conv_transpose{rank}d")(
            input, weight, bias, stride, padding, tuple(output_padding), groups, dilation
        )
    return getattr(F, f"conv{rank}d")(input, weight, bias, stride, padding, dilation, groups)
