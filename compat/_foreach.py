"""`torch._foreach_*`: an operation on each tensor of a list, as optimizers of libraries use them.

Everything recorded runs as one program anyway, so a list is a loop. The forms are made from the
operations' names; `_foreach_add_` and its like write in place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import compat as torch

_ONE = (
    "abs", "acos", "asin", "atan", "ceil", "cos", "cosh", "digamma", "erf", "erfc", "exp", "expm1",
    "floor", "frac", "lgamma", "log", "log10", "log1p", "log2", "neg", "reciprocal", "round",
    "rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
)  # fmt: skip
_TWO = ("add", "sub", "mul", "div", "pow", "maximum", "minimum", "clamp_max", "clamp_min")
_SCALED = ("addcmul", "addcdiv")


def _each(name: str, in_place: bool, apply: Callable[..., Any]) -> Callable[..., Any]:
    def function(self: Sequence[torch.Tensor], *args: Any, **kwargs: Any) -> Any:
        if not self:
            raise RuntimeError("Tensor list must have at least one tensor.")
        with torch.no_grad() if in_place else contextlib.nullcontext():
            made = [
                apply(one, *(_at(given, at, len(self)) for given in args), **kwargs)
                for at, one in enumerate(self)
            ]
        return list(self) if in_place else made

    function.__name__ = function.__qualname__ = f"_foreach_{name}{'_' * in_place}"
    function.__doc__ = f"`{name}` of each tensor of a list."
    return function


def _at(given: Any, at: int, count: int) -> Any:
    if not isinstance(given, list | tuple):
        return given
    if len(given) != count:
        raise RuntimeError(
            f"Tensor lists must have the same number of tensors, got {count} and {len(given)}"
        )
    return given[at]


def _two(name: str, mark: str) -> Callable[..., Any]:
    tensors = {"maximum": "clamp_min", "minimum": "clamp_max"}.get(name, name)
    return lambda one, other, **kwargs: getattr(one, tensors + mark)(other, **kwargs)


def _scaled(name: str, mark: str) -> Callable[..., Any]:
    return lambda one, a, b, value=1: getattr(one, name + mark)(a, b, value=value)


def _lerp(mark: str) -> Callable[..., Any]:
    return lambda one, end, weight: getattr(one, "lerp" + mark)(end, weight)


NAMES: dict[str, Callable[..., Any]] = {}
for _mark in ("", "_"):
    _forms: dict[str, Callable[..., Any]] = {
        name: (lambda one, name=name, mark=_mark: getattr(one, name + mark)()) for name in _ONE
    }
    _forms |= {name: _two(name, _mark) for name in _TWO}
    _forms |= {name: _scaled(name, _mark) for name in _SCALED}
    _forms["lerp"] = _lerp(_mark)
    for _name, _form in _forms.items():
        NAMES[f"_foreach_{_name}{_mark}"] = _each(_name, bool(_mark), _form)
NAMES["_foreach_zero_"] = _each("zero", True, lambda one: one.zero_())
NAMES["_foreach_copy_"] = _each(
    "copy", True, lambda one, source, non_blocking=False: one.copy_(source)
)
NAMES["_foreach_norm"] = _each(
    "norm", False,
    lambda one, ord=2, dtype=None: torch.linalg.vector_norm(one, ord, dtype=dtype),
)  # fmt: skip
globals().update(NAMES)
