"""Functions that take numbers in place of PyTorch's symbolic ones, and choices by a condition.

Shapes are always plain numbers here, so the symbolic forms are those of Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import compat as torch


class SymInt:
    """PyTorch's symbolic whole number, for `isinstance`: nothing here is one."""


class SymFloat:
    """PyTorch's symbolic fraction, for `isinstance`: nothing here is one."""


class SymBool:
    """PyTorch's symbolic truth value, for `isinstance`: nothing here is one."""


def sym_constrain_range(size: Any, *, min: int | None = None, max: int | None = None) -> None:
    """RuntimeError unless the number lies between the two."""
    low, high = -(2**63) if min is None else min, 2**63 - 1 if max is None else max
    if low > high:
        raise RuntimeError(
            f"Max must be greater than or equal to min. Got min={low} max={high}"
        )
    if not low <= int(size) <= high:
        raise RuntimeError(f"Invalid value range for {int(size)} between [{low}, {high}].")


def sym_constrain_range_for_size(
    size: Any, *, min: int | None = None, max: int | None = None
) -> None:
    """As `sym_constrain_range`, of a size, which is never negative."""
    sym_constrain_range(size, min=0 if min is None else min, max=max)


def sym_int(a: Any) -> int:
    """The whole number toward zero."""
    return math.trunc(a)


def sym_float(a: Any) -> float:
    """The number as a fraction."""
    return float(a)


def sym_max(a: Any, b: Any) -> Any:
    """The greater number, a fraction if either is."""
    return _alike(max(a, b), a, b)


def sym_min(a: Any, b: Any) -> Any:
    """The smaller number, a fraction if either is."""
    return _alike(min(a, b), a, b)


def _alike(made: Any, *given: Any) -> Any:
    return float(made) if any(isinstance(each, float) for each in given) else made


def sym_not(a: Any) -> bool:
    """The opposite of a truth value."""
    return not a


def sym_ite(b: Any, t: Any, f: Any) -> Any:
    """t if b holds, else f."""
    return t if b else f


def sym_sqrt(a: Any) -> float:
    """The square root."""
    return math.sqrt(a)


def sym_sum(*args: Any) -> Any:
    """The sum of numbers, given one by one or as a list."""
    given = args[0] if len(args) == 1 and isinstance(args[0], list | tuple) else args
    return sum(given)


def cond(pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any],
         operands: Sequence[Any] = ()) -> Any:  # fmt: skip
    """true_fn of the operands if pred (a bool, or a tensor of one) holds, else false_fn.

    PyTorch compiles both; here the one that is chosen runs, after a look at pred.
    """
    if isinstance(pred, torch.Tensor) and (pred.dtype is not torch.bool or pred.numel() != 1):
        raise RuntimeError(f"Expected pred to be bool or single-element tensor, but got {pred}.")
    return (true_fn if pred else false_fn)(*operands)
