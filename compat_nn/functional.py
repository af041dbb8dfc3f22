"""torch.nn.functional: the declared neural ops, and the few that compose several."""

from __future__ import annotations

import importlib
import math
import warnings
from typing import Any

import compat as torch
from compat.front.casting import wide
from compat.front.create import hidden
from compat.front.derive import FUNCTIONS

globals().update(FUNCTIONS["nn.functional"])
_OPS = FUNCTIONS["nn.functional"]


def _old_reduction(size_average: Any, reduce: Any, reduction: str) -> str:
    """The reduction that the two old flags mean."""
    if size_average is None and reduce is None:
        return reduction
    average = True if size_average is None else size_average
    chosen = ("mean" if average else "sum") if reduce is None or reduce else "none"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use "
        f"reduction='{chosen}' instead.",
        UserWarning,
        stacklevel=3,
    )
    return chosen


# Activations with an `inplace` flag.


def _with_flag(name: str) -> Any:
    plain = _OPS[name]

    def activation(input: Any, *args: Any, inplace: bool = False, **kwargs: Any) -> Any:
        args, inplace = _split_flag(name, args, inplace)
        return _written(plain, input, args, kwargs) if inplace else plain(input, *args, **kwargs)

    activation.__name__ = activation.__qualname__ = name
    activation.__doc__ = plain.__doc__
    return activation


# How many settings come before the positional `inplace` flag.
_SETTINGS = {
    "relu": 0, "relu6": 0, "hardtanh": 2, "hardsigmoid": 0, "hardswish": 0, "elu": 1, "selu": 0,
    "celu": 1, "leaky_relu": 1, "silu": 0, "mish": 0, "threshold": 2,
}  # fmt: skip


def _split_flag(name: str, args: tuple[Any, ...], inplace: bool) -> tuple[tuple[Any, ...], bool]:
    count = _SETTINGS[name]
    return (args[:count], bool(args[count])) if len(args) > count else (args, inplace)


def _written(plain: Any, input: Any, args: Any, kwargs: Any) -> Any:
    from compat.front.into import assign
    from compat.tape.history import check_writable

    check_writable(input)
    return assign(input, plain(input, *args, **kwargs))


for _name in _SETTINGS:
    globals()[_name] = _with_flag(_name)
    globals()[f"{_name}_"] = lambda input, *args, _plain=_OPS[_name], **kwargs: _written(
        _plain, input, args, kwargs
    )


def rrelu(input: Any, lower: float = 0.125, upper: float = 1 / 3, training: bool = False,
          inplace: bool = False) -> Any:  # fmt: skip
    """`leaky_relu` with a random slope while training, the mean slope otherwise."""
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")

    from compat.front.sampling import host_slopes

    def activation(input: Any) -> Any:
        if not training:
            return _OPS["leaky_relu"](input, (lower + upper) / 2)
        slope = host_slopes(input, lower, upper)
        if slope is None:
            slope = torch.empty_like(input).uniform_(lower, upper)
        return torch.where(input >= 0, input, input * slope)

    return _written(activation, input, (), {}) if inplace else activation(input)


def rrelu_(input: Any, lower: float = 0.125, upper: float = 1 / 3, training: bool = False) -> Any:
    """`rrelu` in place."""
    return rrelu(input, lower, upper, training, True)


def _implicit_dim(name: str, rank: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include "
        "dim=X as an argument.",
        UserWarning,
        stacklevel=4,
    )
    return 0 if rank in (0, 1, 3) else 1


def softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Exponentials that add up to 1 along dim."""
    dim = _implicit_dim("softmax", input.dim()) if dim is None else dim
    return torch.softmax(input, dim, dtype)


def log_softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """The logarithm of `softmax`."""
    dim = _implicit_dim("log_softmax", input.dim()) if dim is None else dim
    return torch.log_softmax(input, dim, dtype)


def softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """`softmax` of the negative input."""
    dim = _implicit_dim("softmin", input.dim()) if dim is None else dim
    return torch.softmax(-input, dim, dtype)


def gumbel_softmax(logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10,
                   dim: int = -1) -> Any:  # fmt: skip
    """A sample of the Gumbel-softmax distribution; hard gives one-hot codes, with soft slopes."""
    noise = -torch.empty_like(logits).exponential_().log()
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    place = soft.max(dim, keepdim=True)[1]
    sharp = torch.zeros_like(logits).scatter_(dim, place, 1.0)
    return sharp - soft.detach() + soft


# Normalisation.


def batch_norm(
    input: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-05,
) -> Any:  # fmt: skip
    """Normalises each channel: by the batch while training, else by the running statistics."""
    if input.dim() == 1 and not input.numel():  # nothing to normalise
        return input.clone()
    if not training:
        return hidden("_batch_norm_eval")(input, weight, bias, running_mean, running_var, eps)
    count = input.numel() // max(input.shape[1], 1) if input.dim() > 1 else 1
    if count == 1 and input.dim() > 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {input.size()}"
        )
    made, mean, var = hidden("_batch_norm_train")(
        input, weight, bias, running_mean, running_var, float(momentum or 0.0), eps
    )
    if running_mean is not None and input.numel():
        with torch.no_grad():
            running_mean.copy_(mean)
            running_var.copy_(var)
    return made


def instance_norm(input: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None,
                  bias: Any = None, use_input_stats: bool = True, momentum: float = 0.1,
                  eps: float = 1e-05) -> Any:  # fmt: skip
    """Normalises each channel of each sample."""
    if not use_input_stats:
        return hidden("_batch_norm_eval")(input, weight, bias, running_mean, running_var, eps)
    if math.prod(input.shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.size()}"
        )
    if running_mean is not None:
        with torch.no_grad():
            flat = input.flatten(2)
            running_mean.lerp_(flat.mean(2).mean(0), momentum)
            running_var.lerp_(flat.var(2).mean(0), momentum)
    return hidden("_instance_norm")(input, weight, bias, eps)


# Embedding.


def embedding(
    input: Any, weight: Any, padding_idx: int | None = None, max_norm: float | None = None,
    norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Any:  # fmt: skip
    """The rows of weight that input names."""
    if weight.dim() != 2:
        raise RuntimeError("'weight' must be 2-D")
    if padding_idx is not None:
        rows = weight.size(0)
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    if max_norm is not None:
        _renormalized(weight, input, max_norm, norm_type)
    place = -1 if padding_idx is None else padding_idx
    if sparse:
        from compat.sparse.rows import embedding as rows_with_sparse_gradient  # few programs

        return rows_with_sparse_gradient(weight, input, place, scale_grad_by_freq)
    return hidden("embedding")(weight, input, place, scale_grad_by_freq)


def _renormalized(weight: Any, input: Any, max_norm: float, norm_type: float) -> None:
    """Scales the rows that are read so that their norm is at most max_norm, in place."""
    with torch.no_grad():
        used = input.reshape(-1).unique()
        rows = weight[used]
        size = rows.norm(norm_type, 1, keepdim=True)
        weight[used] = torch.where(size > max_norm, rows * (max_norm / (size + 1e-7)), rows)


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """A last dimension of num_classes that is 1 at the index; -1 takes the largest index."""
    if tensor.dtype is not torch.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")  # noqa: F541
    if num_classes == -1:
        if tensor.numel() == 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        num_classes = int(tensor.max().item()) + 1
    if tensor.numel():
        low, high = int(tensor.min().item()), int(tensor.max().item())
        if low < 0:
            raise RuntimeError("Class values must be non-negative.")
        if high >= num_classes:
            raise RuntimeError("Class values must be smaller than num_classes.")
    return hidden("_one_hot")(tensor, num_classes)


# Losses.


def _two(name: str) -> Any:
    def loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None,
             reduction: str = "mean", weight: Any = None, **settings: Any) -> Any:  # fmt: skip
        reduction = _old_reduction(size_average, reduce, reduction)
        if target.size() != input.size():
            warnings.warn(
                f"Using a target size ({target.size()}) that is different to the input size "
                f"({input.size()}). This will likely lead to incorrect results due to "
                "broadcasting. Please ensure they have the same size.",
                UserWarning,
                stacklevel=2,
            )
        if weight is not None:
            each = hidden(name)(input, target, "none", **settings) * weight
            return (
                each.mean() if reduction == "mean" else each.sum() if reduction == "sum" else each
            )
        return hidden(name)(input, target, reduction, **settings)

    loss.__name__ = loss.__qualname__ = name
    return loss


mse_loss, l1_loss = _two("mse_loss"), _two("l1_loss")


def smooth_l1_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None,
                   reduction: str = "mean", beta: float = 1.0) -> Any:  # fmt: skip
    """Squared near zero, absolute beyond beta."""
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    return _two("smooth_l1_loss")(input, target, size_average, reduce, reduction, beta=beta)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0,
               weight: Any = None) -> Any:  # fmt: skip
    """Squared near zero, absolute beyond delta."""
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    return _two("huber_loss")(input, target, reduction=reduction, weight=weight, delta=delta)


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, size_average: Any = None,
                         reduce: Any = None, reduction: str = "mean") -> Any:  # fmt: skip
    """The cross entropy of probabilities."""
    reduction = _old_reduction(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}) is deprecated. Please ensure they have the same size."
        )
    return hidden("binary_cross_entropy")(input, target, weight, reduction)


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", pos_weight: Any = None,
) -> Any:  # fmt: skip
    """The cross entropy of a sigmoid, from what goes into it."""
    reduction = _old_reduction(size_average, reduce, reduction)
    return hidden("binary_cross_entropy_with_logits")(input, target, weight, reduction, pos_weight)


def kl_div(input: Any, target: Any, size_average: Any = None, reduce: Any = None,
           reduction: str = "mean", log_target: bool = False) -> Any:  # fmt: skip
    """`target * (log target - input)`; input holds logarithms."""
    return hidden("kl_div")(
        input, target, _old_reduction(size_average, reduce, reduction), log_target
    )


def nll_loss(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Minus the input at the target class."""
    reduction = _old_reduction(size_average, reduce, reduction)
    return hidden("nll_loss")(input, target, weight, ignore_index, reduction)


def cross_entropy(input: Any, target: Any, weight: Any = None, size_average: Any = None,
                  ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
                  label_smoothing: float = 0.0) -> Any:  # fmt: skip
    """`nll_loss` of the log-softmax: target holds classes, or probabilities."""
    reduction = _old_reduction(size_average, reduce, reduction)
    return hidden("cross_entropy")(input, target, weight, ignore_index, reduction, label_smoothing)


def _reduced(loss: Any, reduction: str) -> Any:
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    if reduction != "none":
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return loss


@wide
def poisson_nll_loss(input: Any, target: Any, log_input: bool = True, full: bool = False,
                     size_average: Any = None, eps: float = 1e-08, reduce: Any = None,
                     reduction: str = "mean") -> Any:  # fmt: skip
    """Minus the logarithm of a Poisson probability."""
    reduction = _old_reduction(size_average, reduce, reduction)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + torch.where(target > 1, stirling, torch.zeros_like(target))
    return _reduced(loss, reduction)


@wide
def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, size_average: Any = None,
                         reduce: Any = None, reduction: str = "mean") -> Any:  # fmt: skip
    """The input where target is 1, how far it is inside the margin where it is -1."""
    reduction = _old_reduction(size_average, reduce, reduction)
    zero = torch.zeros_like(input)
    near = torch.where(target != 1, (margin - input).clamp_min(0), zero)
    return _reduced(near + torch.where(target != -1, input, zero), reduction)


@wide
def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: float = 0,
                        size_average: Any = None, reduce: Any = None,
                        reduction: str = "mean") -> Any:  # fmt: skip
    """How far the order of two inputs is from what target (1 or -1) says."""
    reduction = _old_reduction(size_average, reduce, reduction)
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return _reduced((-target * (input1 - input2) + margin).clamp_min(0), reduction)


@wide
def soft_margin_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None,
                     reduction: str = "mean") -> Any:  # fmt: skip
    """`log(1 + exp(-target * input))`."""
    reduction = _old_reduction(size_average, reduce, reduction)
    return _reduced((input * -target).exp().log1p(), reduction)


def multilabel_soft_margin_loss(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """The mean cross entropy of independent classes."""
    reduction = _old_reduction(size_average, reduce, reduction)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))  # noqa: F821
    loss = loss if weight is None else loss * weight
    return _reduced(loss.sum(-1) / input.size(-1), reduction)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-08) -> Any:
    """The cosine of the angle between vectors along dim."""
    if x1.shape != x2.shape:
        x1, x2 = torch.broadcast_tensors(x1, x2)
    first = (x1 * x1).sum(dim).sqrt().clamp_min(eps)
    second = (x2 * x2).sum(dim).sqrt().clamp_min(eps)
    return (x1 * x2).sum(dim) / (first * second)


@wide
def cosine_embedding_loss(input1: Any, input2: Any, target: Any, margin: float = 0,
                          size_average: Any = None, reduce: Any = None,
                          reduction: str = "mean") -> Any:  # fmt: skip
    """How far the cosine of pairs is from 1 (target 1) or above the margin (target -1)."""
    reduction = _old_reduction(size_average, reduce, reduction)
    cosine = cosine_similarity(input1, input2, -1)
    zero = torch.zeros_like(cosine)
    loss = torch.where(target == 1, 1 - cosine, zero)
    return _reduced(
        loss + torch.where(target == -1, (cosine - margin).clamp_min(0), zero), reduction
    )


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-06,
                      keepdim: bool = False) -> Any:  # fmt: skip
    """The p-norm of the difference of vectors."""
    return (x1 - x2 + eps).norm(p, -1, keepdim)


unfold = _OPS["unfold"]

from compat.overrides import has_torch_function as has_torch_function  # noqa: E402
from compat.overrides import has_torch_function_unary as has_torch_function_unary  # noqa: E402
from compat.overrides import (  # noqa: E402
    has_torch_function_variadic as has_torch_function_variadic,
)

# Other subjects; they come last because they build on the above.
for _subject in ("attention", "bags", "dropout", "images", "losses", "pools", "arrangements",
                 "scaled"):  # fmt: skip
    _module = importlib.import_module(f"compat_nn.functions.{_subject}")
    globals().update({
        _name: _each for _name, _each in vars(_module).items()
        if not _name.startswith("_") and getattr(_each, "__module__", None) == _module.__name__
    })  # fmt: skip


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"module 'torch.nn.functional' has no attribute '{name}' (compat does not have it yet)"
    )
