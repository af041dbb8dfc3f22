"""Sums, products and pointwise functions of COO tensors: what the ops give for them.

Each is a composition of operations on indices and values, so that their gradients come from
those. An operation that would have to know which places two tensors share looks at indices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import compat as torch
from compat.core.dtype import TYPE_NAMES
from compat.front.convert import to as moved_to
from compat.front.create import hidden
from compat.sparse.coo import SparseTensor, sparse
from compat.sparse.not_strided import ANSWERS, refusal
from compat.sparse.pattern import Pattern, added, on, pattern_of, places

_NO_SUM = "add(sparse, dense) is not supported. Use add(dense, sparse) instead."


def answers(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function what the ops of these names give for COO tensors."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        ANSWERS.update(dict.fromkeys(names, function))
        return function

    return enter


def is_number(given: Any) -> bool:
    """Whether it is a number, or a strided tensor of one."""
    if isinstance(given, torch.Tensor):
        return given._answer is None and not given.dim()
    return True


# One tensor, entry by entry.

KEEP_ZERO = (
    "abs", "asin", "asinh", "atan", "atanh", "ceil", "conj_physical", "deg2rad", "erf", "erfinv",
    "expm1", "floor", "frac", "isinf", "isnan", "isneginf", "isposinf", "log1p", "rad2deg",
    "relu", "round", "sgn", "sign", "signbit", "sin", "sinh", "sqrt", "square", "tan", "tanh",
    "trunc", "nan_to_num", "angle",
)  # fmt: skip


def _pointwise(name: str) -> None:
    def function(input: Any, **settings: Any) -> Any:
        whole = input.coalesce()  # f of a sum is not the sum of f
        return whole._with(getattr(torch, name)(whole._entries, **settings))

    ANSWERS[name] = function


for _name in KEEP_ZERO:
    _pointwise(_name)


@answers("neg")
def neg(input: Any) -> Any:
    """The entries with the other sign."""
    return input._with(-input._vals)


@answers("cast")
def cast(input: Any, dtype: Any) -> Any:
    """The entries in another type."""
    return input._with(input._vals.to(dtype))


@answers("moved")
def moved(input: Any, device: Any) -> Any:
    """Indices and values on another device."""
    pattern = input._pattern
    there = Pattern(moved_to(pattern.indices, device), pattern.sizes, pattern.coalesced)
    return sparse(there, moved_to(input._entries, device), input._vals.shape[1:])


@answers("cloned")
def cloned(input: Any) -> Any:
    """Indices and values of its own."""
    pattern = input._pattern
    own = Pattern(pattern.indices.clone(), pattern.sizes, pattern.coalesced)
    return sparse(own, hidden("cloned")(input._entries), input._vals.shape[1:])


@answers("copied")
def copied(input: Any, src: Any) -> Any:
    """RuntimeError: nothing is copied between layouts."""
    raise RuntimeError(
        "copy_() between dense and sparse Tensors is not implemented! Found self type = "
        f"{input.type()} and src type = {src.type()}"
    )


@answers("pow", "float_power")
def power(input: Any, exponent: Any) -> Any:
    """The entries to a power that is a number."""
    if not isinstance(input, SparseTensor) or isinstance(exponent, torch.Tensor):
        raise refusal("pow.Tensor_Tensor", torch.sparse_coo, input.device)
    whole = input.coalesce()
    return whole._with(whole._entries.pow(exponent))


ANSWERS["float_power"] = lambda input, exponent: power(input.double(), exponent)


# Sums.


@answers("add")
def add(input: Any, other: Any, alpha: Any = 1) -> Any:
    """input + alpha * other: two sparse tensors give a sparse one, a strided and a sparse one a
    strided one. That of two coalesced tensors is coalesced: to find its places is a look."""
    if not isinstance(other, SparseTensor):
        raise RuntimeError(_NO_SUM)
    if not isinstance(input, SparseTensor):
        if not isinstance(input, torch.Tensor) or not input.dim() and other.dim():
            raise RuntimeError(_NO_SUM)
        return _onto(input, other, alpha)
    if input.shape != other.shape:
        raise RuntimeError(
            f"add: expected sizes of 'self' and 'other' to match, but {list(input.shape)} != "
            f"{list(other.shape)}"
        )
    if input.sparse_dim() != other.sparse_dim():
        raise RuntimeError(
            "add: expected 'self' and 'other' to have same number of sparse dimensions, but "
            f"{input.sparse_dim()} != {other.sparse_dim()}"
        )
    first, second = input._pattern, other._pattern
    one, two = input._entries, other._entries
    two = two if type(alpha) is int and alpha == 1 else two * alpha
    entry = input._vals.shape[1:]
    if first is second:
        return sparse(first, one + two, entry)
    kind = torch.promote_types(one.dtype, two.dtype)
    indices = torch.cat([first.indices, second.indices], 1)
    values = torch.cat([one.to(kind), two.to(kind)])
    made = sparse(Pattern(indices, first.sizes), values, entry)
    return made.coalesce() if first.coalesced and second.coalesced else made


def _onto(input: Any, other: Any, alpha: Any) -> Any:
    """A strided tensor to which the entries of a sparse one are added."""
    if input.shape != other.shape:
        raise RuntimeError(
            f"add: expected 'self' and 'other' to have same size, but self has size "
            f"{list(input.shape)} while other has size {list(other.shape)} (FYI: dense-sparse "
            "addition does not currently support broadcasting)"
        )
    kind = torch.promote_types(input.dtype, other.dtype)
    rows = input.to(kind).reshape(-1, *other._vals.shape[1:])
    made = rows.index_add(0, other._kept.flat(), other._vals.to(kind), alpha=alpha)
    return made.reshape(input.shape)


@answers("sub")
def sub(input: Any, other: Any, alpha: Any = 1) -> Any:
    """input - alpha * other, as `add`."""
    return add(input, other, -alpha)


@answers("rsub")
def rsub(input: Any, other: Any, alpha: Any = 1) -> Any:
    """other - alpha * input, as `add`."""
    return add(other, input, -alpha)


# Products.


@answers("mul")
def mul(input: Any, other: Any) -> Any:
    """The product, sparse: by a number, by a strided tensor of the shape or one that is expanded
    to it, or, where both have entries, by a sparse one."""
    if not isinstance(input, SparseTensor):
        input, other = other, input
    if is_number(other):
        return input._with(input._vals * other)
    if isinstance(other, SparseTensor):
        return _entrywise(input, other)
    try:
        expanded = other.expand(input.shape)
    except RuntimeError:
        raise RuntimeError(
            f"mul(sparse, dense): a dense operand of the shape {list(other.shape)} does not "
            f"expand to the sparse one's {list(input.shape)}"
        ) from None
    return input._with(input._vals * at_places(expanded, input._kept))


def at_places(strided: Any, pattern: Pattern) -> Any:
    """The elements (or rows) of a strided tensor at the places of a pattern. The dimensions
    along which it is expanded are not written out."""
    sizes, steps = strided.shape, strided.stride()
    index = []
    for dim in range(pattern.dims):
        here = pattern.indices[dim]
        index.append(torch.zeros_like(here) if sizes[dim] > 1 and not steps[dim] else here)
    return strided[tuple(index)] if index else strided.reshape(1, *strided.shape)


def _entrywise(input: Any, other: Any) -> Any:
    """The product of two sparse tensors: a look, unless they share a pattern."""
    if input.shape != other.shape:
        raise RuntimeError(
            f"mul: expected 'self' and 'other' to have same sizes, but {list(input.shape)} != "
            f"{list(other.shape)}"
        )
    if input._pattern.coalesced and not other._pattern.coalesced:
        input, other = other, input
    one, two = input, other.coalesce()
    if one._pattern is two._pattern:
        return one._with(one._entries * two._entries)
    mine, its = one._pattern.keys(), two._pattern.keys()
    at = np.minimum(np.searchsorted(its, mine), max(len(its) - 1, 0))
    found = (its[at] == mine) if len(its) else np.zeros(len(mine), bool)
    if one._pattern.coalesced:
        rows, cols = found.nonzero()[0], at[found]
        pattern = pattern_of(places(mine[rows], one._pattern.sizes), one._pattern.sizes,
                             one.device, True)  # fmt: skip
        left = one._entries.index_select(0, on(rows, one))
        return sparse(pattern, left * two._entries.index_select(0, on(cols, two)),
                      one._vals.shape[1:])  # fmt: skip
    if not len(its):
        return one._with(one._entries * 0)
    right = two._entries.index_select(0, on(at, two))
    there = torch.from_numpy(found).to(one.device).reshape(-1, *[1] * (right.dim() - 1))
    return one._with(one._entries * torch.where(there, right, torch.zeros_like(right)))


@answers("div", "true_divide")
def div(input: Any, other: Any, rounding_mode: str | None = None) -> Any:
    """The entries divided by a number."""
    if not is_number(other):
        raise RuntimeError(
            "Sparse division requires a scalar or zero-dim dense tensor divisor (got shape "
            f"{list(other.shape)} for divisor)"
        )
    if not isinstance(input, SparseTensor):
        raise refusal("reciprocal", torch.sparse_coo, other.device)
    whole = input if rounding_mode is None else input.coalesce()
    return whole._with(torch.div(whole._vals, other, rounding_mode=rounding_mode))


@answers("floor_divide")
def floor_divide(input: Any, other: Any) -> Any:
    """The entries divided by a number and rounded down."""
    return div(input, other, "floor")


# To and from other layouts.


def to_dense(self: Any, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
    """A strided tensor of the same elements, zeros where there are no entries."""
    if dtype is not None and dtype is not self.dtype:
        raise RuntimeError("dtype argument is not supported by sparse_to_dense")
    rows = 1
    for size in self._kept.sizes:
        rows *= size
    return added(rows, self._kept.flat(), self._vals).reshape(self.shape)


def masked(self: Any, mask: Any) -> Any:
    """The elements of a tensor at the places where mask has entries."""
    if not isinstance(mask, SparseTensor):
        if mask._answer is not None:  # compressed
            return mask._masked(self)
        raise RuntimeError(f"sparse_mask expects a sparse mask, but got {mask.layout}")
    if self.shape != mask.shape:
        raise RuntimeError(
            f"sparse_mask(): operands have incompatible sizes; self has size {list(self.shape)} "
            f"but mask has size {list(mask.shape)}"
        )
    if not isinstance(self, SparseTensor):
        return sparse(mask._pattern, at_places(self, mask._pattern), mask._vals.shape[1:])
    whole, pattern = self.coalesce(), mask._pattern
    if whole._pattern is pattern:
        return whole
    mine, its = pattern.keys(), whole._pattern.keys()
    if not len(its):
        zeros = torch.zeros((pattern.count, *self._vals.shape[1:]), dtype=self.dtype)
        return sparse(pattern, zeros.to(self.device), self._vals.shape[1:])
    at = np.minimum(np.searchsorted(its, mine), len(its) - 1)
    found = torch.from_numpy(its[at] == mine).to(self.device)
    right = whole._entries.index_select(0, on(at, whole))
    found = found.reshape(-1, *[1] * (right.dim() - 1))
    return sparse(pattern, torch.where(found, right, torch.zeros_like(right)),
                  right.shape[1:])  # fmt: skip


def check_same_type(one: Any, other: Any) -> None:
    """RuntimeError for a product of two types."""
    if one.dtype is not other.dtype:
        raise RuntimeError(
            f"expected scalar type {TYPE_NAMES[one.dtype]} but found {TYPE_NAMES[other.dtype]}"
        )

