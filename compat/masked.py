"""torch.masked: reductions and normalisations over the elements where a mask holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import compat as torch


def _where(input: Any, mask: Any, value: Any) -> Any:
    """The input with a value in place of what is masked out."""
    if mask is None:
        return input
    filler = torch.scalar_tensor(value, dtype=input.dtype, device=input.device)
    return torch.where(mask.expand(input.shape), input, filler)


def _limits(kind: Any) -> tuple[Any, Any]:
    """The least and the greatest number of a type."""
    if kind.is_floating_point:
        return -torch.inf, torch.inf
    if kind is torch.bool:
        return False, True
    return torch.iinfo(kind).min, torch.iinfo(kind).max


def _dims(input: Any, dim: Any) -> list[int]:
    if dim is None:
        return list(range(input.dim()))
    return [dim] if isinstance(dim, int) else list(dim)


def _counted(input: Any, mask: Any, dim: Any, keepdim: bool) -> Any:
    ones = torch.ones(input.shape, dtype=torch.int64, device=input.device)
    return _where(ones, mask, 0).sum(_dims(input, dim), keepdim=keepdim)


def sum(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
        mask: Any = None) -> Any:  # fmt: skip
    """The sum of what is not masked out."""
    return _where(input, mask, 0).sum(_dims(input, dim), keepdim=keepdim, dtype=dtype)


def prod(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
         mask: Any = None) -> Any:  # fmt: skip
    """The product of what is not masked out."""
    made = _where(input, mask, 1)
    if dtype is None and made.dtype.is_floating_point + made.dtype.is_complex == 0:
        dtype = torch.int64
    if dtype is not None:
        made = made.to(dtype)
    axes = sorted({each % max(input.dim(), 1) for each in _dims(input, dim)}, reverse=True)
    for axis in axes:
        made = made.prod(axis, keepdim=keepdim)
    return made


def amax(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
         mask: Any = None) -> Any:  # fmt: skip
    """The greatest of what is not masked out."""
    given = input if dtype is None else input.to(dtype)
    return _where(given, mask, _limits(given.dtype)[0]).amax(_dims(input, dim), keepdim)


def amin(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
         mask: Any = None) -> Any:  # fmt: skip
    """The least of what is not masked out."""
    given = input if dtype is None else input.to(dtype)
    return _where(given, mask, _limits(given.dtype)[1]).amin(_dims(input, dim), keepdim)


def argmax(input: Any, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None,
           mask: Any = None) -> Any:  # fmt: skip
    """The place of the greatest of what is not masked out, in the input's type."""
    kind = input.dtype if dtype is None else dtype
    made = _where(input, mask, _limits(input.dtype)[0])
    return torch.argmax(made, dim, keepdim).to(kind)


def argmin(input: Any, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None,
           mask: Any = None) -> Any:  # fmt: skip
    """The place of the least of what is not masked out, in the input's type."""
    kind = input.dtype if dtype is None else dtype
    made = _where(input, mask, _limits(input.dtype)[1])
    return torch.argmin(made, dim, keepdim).to(kind)


def mean(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
         mask: Any = None) -> Any:  # fmt: skip
    """The mean of what is not masked out; NaN where nothing is."""
    given = input if dtype is None else input.to(dtype)
    if mask is None:
        return given.mean(_dims(input, dim), keepdim=keepdim)
    total = _where(given, mask, 0).sum(_dims(input, dim), keepdim=keepdim)
    return total / _counted(input, mask, dim, keepdim)


def median(input: Any, dim: int = -1, *, keepdim: bool = False, dtype: Any = None,
           mask: Any = None) -> Any:  # fmt: skip
    """The lower median of what is not masked out; NaN where nothing is."""
    given = input if dtype is None else input.to(dtype)
    if mask is None:
        return given.median(dim, keepdim).values
    return _where(given, mask, torch.nan).nanmedian(dim, keepdim).values


def norm(input: Any, ord: float | None = 2.0, dim: Any = None, *, keepdim: bool = False,
         dtype: Any = None, mask: Any = None) -> Any:  # fmt: skip
    """The p-norm of what is not masked out."""
    order = 2.0 if ord is None else ord
    neutral = torch.inf if order < 0 else 0
    made = _where(input, mask, neutral)
    return torch.linalg.vector_norm(made, order, _dims(input, dim), keepdim, dtype=dtype)


def _variance(input: Any, dim: Any, unbiased: Any, correction: Any, keepdim: bool, dtype: Any,
              mask: Any) -> Any:  # fmt: skip
    given = input if dtype is None else input.to(dtype)
    if not given.is_floating_point() and not given.is_complex() and given.dtype is not torch.bool:
        given = given.to(torch.get_default_dtype())
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    middle = mean(given, dim, keepdim=True, mask=mask)
    off = _where(given - middle, mask, 0)
    squares = off * off.conj() if off.is_complex() else off * off
    count = _counted(given, mask, dim, keepdim) - correction
    return squares.sum(_dims(given, dim), keepdim=keepdim) / count.clamp(min=0)


def var(input: Any, dim: Any = None, unbiased: bool | None = None, *, correction: Any = None,
        keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:  # fmt: skip
    """The variance of what is not masked out."""
    return _variance(input, dim, unbiased, correction, keepdim, dtype, mask)


def std(input: Any, dim: Any = None, unbiased: bool | None = None, *, correction: Any = None,
        keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:  # fmt: skip
    """The standard deviation of what is not masked out."""
    return torch.sqrt(_variance(input, dim, unbiased, correction, keepdim, dtype, mask))


def logsumexp(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
              mask: Any = None) -> Any:  # fmt: skip
    """The logarithm of the sum of exponentials of what is not masked out."""
    given = input if dtype is None else input.to(dtype)
    least = _limits(given.dtype)[0] if not given.is_complex() else -torch.inf
    made = torch.logsumexp(_where(given, mask, least), _dims(input, dim), keepdim)
    return made.to(given.dtype)


def logaddexp(input: Any, other: Any, *, dtype: Any = None, input_mask: Any = None,
              other_mask: Any = None) -> Any:  # fmt: skip
    """The logarithm of the sum of exponentials of two tensors, each with its mask."""
    pair = [each if dtype is None else each.to(dtype) for each in (input, other)]
    return torch.logaddexp(
        _where(pair[0], input_mask, -torch.inf), _where(pair[1], other_mask, -torch.inf)
    )


def _along(name: str, neutral: float, doc: str) -> Callable[..., Any]:
    """A function along a dim, of the input with a neutral number where it is masked out."""

    def masked(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
        given = input if dtype is None else input.to(dtype)
        made = getattr(torch.nn.functional if name == "softmin" else torch, name)(
            _where(given, mask, neutral), dim
        )
        return made.to(given.dtype)

    masked.__name__ = masked.__qualname__ = name
    masked.__doc__ = doc
    return masked


softmax = _along("softmax", -torch.inf, "Softmax over what is not masked out.")
log_softmax = _along("log_softmax", -torch.inf, "Log-softmax over what is not masked out.")
softmin = _along("softmin", torch.inf, "Softmin over what is not masked out.")
cumsum = _along("cumsum", 0, "Running sums, masked elements counting nothing.")
cumprod = _along("cumprod", 1, "Running products, masked elements counting one.")


def normalize(input: Any, ord: float, dim: int, *, eps: float = 1e-12, dtype: Any = None,
              mask: Any = None) -> Any:  # fmt: skip
    """The input over the p-norm of what is not masked out, which is at least eps."""
    given = input if dtype is None else input.to(dtype)
    size = norm(given, ord, dim, keepdim=True, mask=mask).clamp(min=eps)
    return _where(given, mask, 0) / size


def __getattr__(name: str) -> Any:
    if name in ("MaskedTensor", "masked_tensor", "as_masked_tensor", "is_masked_tensor"):
        raise NotImplementedError(f"torch.masked.{name}: masked tensors are not there yet")
    raise AttributeError(f"module 'torch.masked' has no attribute '{name}'")
