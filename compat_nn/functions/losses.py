"""Losses that prepare or combine what the declared ones compute."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.front.casting import wide
from compat.front.create import hidden

from .. import functional as F
from ..functional import _old_reduction, _reduced


def ctc_loss(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: str = "mean", zero_infinity: bool = False,
) -> Any:  # fmt: skip
    """Minus the logarithm of the chance of targets under log_probs (T, N, C) or (T, C).

    targets   (N, S), or all of them one behind the other
    "mean"    divides each loss by the length of its target before the mean over the batch
    """
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if log_probs.numel() == 0:
        raise RuntimeError("log_probs tensor must not be empty")
    single = log_probs.dim() == 2
    if single:
        log_probs = log_probs.unsqueeze(1)
        targets = targets.unsqueeze(0) if targets.dim() == 1 else targets
    steps, batch = log_probs.shape[:2]
    inputs = _lengths(input_lengths, "input_lengths", batch)
    wanted = _lengths(target_lengths, "target_lengths", batch)
    if max(inputs, default=0) > steps:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {steps}, but got value {max(inputs)} "
            "(while checking arguments for ctc_loss_allocate_outputs)"
        )
    targets = _rows(targets, wanted)
    where = {"dtype": torch.int64, "device": log_probs.device}
    (loss,) = hidden("_ctc_loss")(
        log_probs, targets.to(log_probs.device, torch.int64), torch.tensor(inputs, **where),
        torch.tensor(wanted, **where), blank, bool(zero_infinity),
    )  # fmt: skip
    if reduction == "mean":
        return (loss / torch.tensor([max(n, 1) for n in wanted], **where)).mean()
    if reduction == "sum":
        return loss.sum()
    return loss.squeeze(0) if single else loss


def _lengths(given: Any, name: str, batch: int) -> list[int]:
    if isinstance(given, torch.Tensor):
        if given.is_floating_point():
            raise RuntimeError(f"{name} must be integral")
        given = given.reshape(-1).tolist()
    if len(given) != batch:
        raise RuntimeError(f"{name} must be of size batch_size")
    return [int(each) for each in given]


def _rows(targets: Any, lengths: list[int]) -> Any:
    """The targets as (N, S)."""
    checking = "(while checking arguments for ctc_loss_allocate_outputs)"
    longest = max(lengths, default=0)
    if targets.dim() == 1:
        if targets.shape[0] != sum(lengths):
            raise RuntimeError(
                f"Expected tensor to have size {sum(lengths)} at dimension 0, but got size "
                f"{targets.shape[0]} for argument #2 'targets' {checking}"
            )
        starts = [sum(lengths[:at]) for at in range(len(lengths))]
        last = max(sum(lengths) - 1, 0)
        places = [[min(start + at, last) for at in range(longest)] for start in starts]
        if not longest:
            return targets.reshape(1, 0).expand(len(lengths), 0)
        return targets[torch.tensor(places, device=targets.device)]
    if targets.shape[1] < longest:
        raise RuntimeError(
            f"Expected tensor to have size at least {longest} at dimension 1, but got size "
            f"{targets.shape[1]} for argument #2 'targets' {checking}"
        )
    return targets


def gaussian_nll_loss(input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-06,
                      reduction: str = "mean") -> Any:  # fmt: skip
    """Minus the logarithm of a Gaussian density; the gradient ignores that var is at least eps."""
    if isinstance(var, float | int):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * torch.ones_like(input)
    elif (var < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.size() != input.size():
        if input.size()[:-1] == var.size():
            var = var.unsqueeze(-1)
        elif input.dim() != var.dim() or any(
            m not in (1, n) for n, m in zip(input.size(), var.size(), strict=True)
        ):
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    var = var.clone()
    with torch.no_grad():
        var.clamp_(min=eps)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    return _reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


def multi_margin_loss(input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None,
                      size_average: Any = None, reduce: Any = None,
                      reduction: str = "mean") -> Any:  # fmt: skip
    """How far other classes are inside the margin of the target class."""
    reduction = _old_reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    return hidden("multi_margin_loss")(input, target, int(p), float(margin), weight, reduction)


def multilabel_margin_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None,
                           reduction: str = "mean") -> Any:  # fmt: skip
    """How far other classes are inside the margin 1 of each class that target lists."""
    reduction = _old_reduction(size_average, reduce, reduction)
    return hidden("multilabel_margin_loss")(input, target, reduction)


@wide
def triplet_margin_loss(
    anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2,
    eps: float = 1e-06, swap: bool = False, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """How far the negative is not farther than the positive by the margin."""
    reduction = _old_reduction(size_average, reduce, reduction)

    def distance(first: Any, second: Any) -> Any:
        return F.pairwise_distance(first, second, p, eps)

    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: Any, positive: Any, negative: Any, *, distance_function: Any = None,
    margin: float = 1.0, swap: bool = False, reduction: str = "mean",
) -> Any:  # fmt: skip
    """`triplet_margin_loss` with any distance."""
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    distance = distance_function or F.pairwise_distance
    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(
    anchor: Any, positive: Any, negative: Any, distance: Any, margin: float, swap: bool,
    reduction: str,
) -> Any:  # fmt: skip
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    ranks = [each.dim() for each in (anchor, positive, negative)]
    if len(set(ranks)) > 1:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {ranks[0]}D, positive {ranks[1]}D, and negative "
            f"{ranks[2]}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = torch.minimum(far, distance(positive, negative))
    return _reduced((margin + near - far).clamp_min(0), reduction)


def _check_linear(input: Any, weight: Any) -> None:
    if weight.dim() < 2:
        raise RuntimeError(
            f"expected linear_weight with dimensionality at least 2, got {weight.dim()}"
        )
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    if weight.dim() > 2 and input.dim() == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(weight.shape)} requires "
            f"batched input, (N, {weight.shape[-1]}), got unbatched input with shape "
            f"{tuple(input.shape)}"
        )
    if input.shape[-1] != weight.shape[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{input.shape[-1]} and {weight.shape[-1]}, respectively"
        )


def linear_cross_entropy(
    input: Any, linear_weight: Any, target: Any, *, linear_bias: Any = None, weight: Any = None,
    reduction: str = "mean", ignore_index: int | None = None, label_smoothing: float = 0.0,
    options: Any = None,
) -> Any:  # fmt: skip
    """`cross_entropy(linear(input, linear_weight, linear_bias), target)`.

    The weight may be (C, *d, in_features): classes then have the dimensions d behind them. XLA
    decides what is kept in memory, so `options`, which say how PyTorch cuts the work, change
    nothing.
    """
    _check_linear(input, linear_weight)
    classes, *rest, features = linear_weight.shape
    if ignore_index is not None and target.is_floating_point():
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    if linear_bias is not None and linear_bias.shape != linear_weight.shape[:-1]:
        raise RuntimeError(
            f"expected linear_bias shape {tuple(linear_weight.shape[:-1])}, got "
            f"{tuple(linear_bias.shape)}"
        )
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = F.linear(input, linear_weight.reshape(-1, features), bias)
    if rest:
        logits = logits.reshape(*input.shape[:-1], classes, *rest)
    return F.cross_entropy(
        logits, target, weight, reduction=reduction, label_smoothing=label_smoothing,
        ignore_index=-100 if ignore_index is None else ignore_index,
    )  # fmt: skip
