"""What a primitive costs in NumPy, in seconds: roughly, as measured on one core."""

from __future__ import annotations

import math
from typing import Any

SCALAR, VIEW, CALL, INDEX = 0.15e-6, 0.3e-6, 1.0e-6, 8e-6  # per call
SIMPLE, DEAR, SORTED, PICKED = 0.4e-9, 8e-9, 60e-9, 12e-9  # per element
PRODUCT = 0.05e-9  # per product in a sum of products

_DEAR = {
    "exp", "exp2", "log", "log1p", "expm1", "tanh", "logistic", "sin", "cos", "tan", "pow", "erf",
    "erfc", "erf_inv", "lgamma", "digamma", "cbrt", "asin", "acos", "atan", "atan2", "sinh",
    "cosh", "asinh", "acosh", "atanh", "div", "rem", "rsqrt", "integer_pow",
}  # fmt: skip
_VIEWS = {"reshape", "squeeze", "transpose", "slice", "rev", "stop_gradient"}
_PICKING = {"gather", "scatter", "scatter-add", "scatter-mul", "scatter-min", "scatter-max"}


def product_seconds(equation: Any) -> float:
    """The expected time of a matrix product, which XLA does no faster."""
    if equation.name != "dot_general":
        return 0.0
    (contracted, _), _ = equation.params["dimension_numbers"]
    shape = equation.invars[0].aval.shape
    count = math.prod(equation.outvars[0].aval.shape)
    return PRODUCT * count * math.prod(shape[dim] for dim in contracted)


def seconds(equation: Any, thin: bool) -> float:
    """The expected time of one call, products aside."""
    name = equation.name
    if name in _VIEWS or thin:
        return VIEW
    sizes = [math.prod(atom.aval.shape) for atom in (*equation.invars, *equation.outvars)]
    if name == "dot_general":
        return 2 * CALL
    if name == "sort":
        return INDEX + SORTED * sizes[-1] * len(equation.invars)
    if name in _PICKING:
        picked = sizes[-1] if name == "gather" else sizes[2]
        copied = 0 if name == "gather" else sizes[-1]
        return INDEX + PICKED * picked + SIMPLE * copied
    if name == "dynamic_slice":
        return CALL + SIMPLE * sizes[-1]
    rate = DEAR if name in _DEAR else SIMPLE
    return CALL + rate * max(sizes)
