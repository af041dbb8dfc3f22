"""Searching and counting: sorted places, membership, bins, quantiles of tensors or numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.front import create
from compat.front.base import TensorBase, look, value_of
from compat.front.create import from_host, hidden
from compat.front.derive import FUNCTIONS
from compat.front.into import EXACT, assign, given_out

_PLACES = (
    "torch.searchsorted(): output tensor's dtype is wrong, it can only be Int(int32) or "
    "Long(int64) depending on whether out_int32 flag is True, but we got output tensor's dtype "
    "{got} and out_int32 flag is set to the other"
)


def searchsorted(sorted_sequence: Any, input: Any, *, out_int32: bool = False, right: bool = False,
                 side: str | None = None, sorter: Any = None, out: Any = None) -> Any:  # fmt: skip
    """Where values would be put in a sorted sequence, in its last dimension, to keep it sorted."""
    if not isinstance(input, TensorBase):
        input = create.scalar_tensor(input, dtype=sorted_sequence.dtype,
                                     device=sorted_sequence.device)  # fmt: skip
    made = hidden("_searchsorted")(sorted_sequence, input, out_int32, right, side, sorter)
    return given_out(out, made, _PLACES)


def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False,
              out: Any = None) -> Any:  # fmt: skip
    """Which of the buckets between sorted boundaries each element falls into."""
    if boundaries.dim() != 1:
        raise RuntimeError(
            f"boundaries tensor must be 1 dimension, but got dim({boundaries.dim()})"
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False,
         out: Any = None) -> Any:  # fmt: skip
    """Whether elements are among the test elements; either may be a number."""
    made = hidden("_isin")(elements, test_elements, assume_unique, invert)
    return given_out(out, made, EXACT)


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each whole number from 0 on occurs, or the sum of its weights. It looks."""
    if input.dim() != 1:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    places = look(value_of(input))
    if places.dtype.kind not in "iu":
        raise NotImplementedError(
            f"\"bincount_cpu\" not implemented for '{d.TYPE_NAMES[input.dtype]}'"
        )
    if (places < 0).any():
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        counts = np.bincount(places, minlength=minlength).astype(np.int64)
        return from_host(counts, d.int64, input.device)
    if weights.shape != input.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    kind = weights.dtype if weights.dtype is d.float32 else d.float64
    counts = np.bincount(places, look(value_of(weights)).astype(np.float64), minlength)
    return from_host(counts.astype(kind.numpy), kind, input.device)


def _quantiles(name: str) -> Any:
    def find(input: Any, q: Any, dim: Any = None, keepdim: bool = False, *,
             interpolation: str = "linear", out: Any = None) -> Any:  # fmt: skip
        if not isinstance(q, TensorBase):
            if not 0 <= q <= 1:
                raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q:g}")
            q = create.scalar_tensor(q, dtype=input.dtype, device=input.device)
        if interpolation != "linear":
            q = q.detach()  # type: ignore[attr-defined]  (the result does not move with it)
        made = hidden(f"_{name}")(input, q, dim, keepdim, interpolation=interpolation)
        return given_out(out, made, "quantile() out tensor must be same dtype as the input tensor")

    find.__name__ = find.__qualname__ = name
    find.__doc__ = "What a fraction q of the elements, all or along a dim, does not exceed."
    return find


def nanmedian(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The lower median of what is not NaN, of all elements or along a dim with the places."""
    if dim is None:
        return hidden("_nanmedian_all")(input)
    return hidden("nanmedian")(input, dim, keepdim, out=out)


def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """The covariance of variables in rows, observed in columns; it looks at weights, if any.

    fweights   how often each observation counts, whole numbers
    aweights   how much it weighs, fractions
    """
    made = hidden("_cov")(input, correction, fweights, aweights)
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is not None and (look(value_of(weights)) < 0).any():
            raise RuntimeError(f"cov(): {name} cannot be negative")
    return made


def msort(input: Any, *, out: Any = None) -> Any:
    """Sorted along the first dimension."""
    return given_out(out, FUNCTIONS["torch"]["sort"](input, 0)[0], EXACT)


def polygamma(n: int, input: Any, *, out: Any = None) -> Any:
    """The n-th derivative of digamma."""
    return given_out(out, hidden("_polygamma")(input, n))


def derive_searching(tensor: type) -> None:
    """Puts everything here into the torch namespace, and most of it on Tensor."""
    torch = FUNCTIONS["torch"]
    for function in (searchsorted, bucketize, isin, bincount, cov, nanmedian, msort, polygamma,
                     _quantiles("quantile"), _quantiles("nanquantile")):  # fmt: skip
        torch[function.__name__] = function
    for name in ("bincount", "cov", "nanmedian", "msort", "quantile", "nanquantile"):
        setattr(tensor, name, torch[name])
    tensor.polygamma = lambda self, n: polygamma(n, self)  # type: ignore[attr-defined]
    tensor.polygamma_ = lambda self, n: assign(self, polygamma(n, self))  # type: ignore[attr-defined]
