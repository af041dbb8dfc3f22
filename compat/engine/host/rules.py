"""What each of JAX's primitives is in NumPy.

`POINTWISE` gives functions; `RULES` gives makers of functions from an equation, whose shapes and
settings are fixed. Results agree with XLA's to rounding, NaN, infinities and out-of-range
indices included.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from compat.engine.host.indexing import gather, scatter

Function = Callable[..., Any]


def _divided(a: Any, b: Any) -> Any:
    if a.dtype.kind in "fc":
        return np.true_divide(a, b)
    quotient = np.floor_divide(a, b)
    if a.dtype.kind == "i":  # toward zero
        quotient = quotient + ((quotient * b != a) & ((a < 0) != (b < 0))).astype(a.dtype)
    return np.where(b == 0, np.array(-1).astype(a.dtype), quotient)


def _remainder(a: Any, b: Any) -> Any:
    left = np.fmod(a, b)
    return left if a.dtype.kind == "f" else np.where(b == 0, a, left)


def _logistic(x: Any) -> Any:
    return np.reciprocal(np.exp(-x) + x.dtype.type(1))


def _power(x: Any, y: Any) -> Any:
    return np.power(x, y if x.dtype == y.dtype else y.astype(x.dtype))  # the exponent may be whole


def _clamped(low: Any, x: Any, high: Any) -> Any:
    return np.minimum(np.maximum(x, low), high)


def _complex(real: Any, imaginary: Any) -> Any:
    made = np.empty(np.broadcast(real, imaginary).shape, np.result_type(real, np.complex64))
    made.real, made.imag = real, imaginary
    return made


def _selected(which: Any, *cases: Any) -> Any:
    if len(cases) == 2:
        return np.where(which, cases[1], cases[0])
    return np.choose(which, cases)


def _arithmetic_shift(x: Any, by: Any) -> Any:
    signed = f"i{x.dtype.itemsize}"  # XLA repeats the first bit of unsigned numbers too
    return np.right_shift(x.view(signed), by.view(signed)).view(x.dtype)


def _bit_count(x: Any) -> Any:
    return np.bitwise_count(x.view(f"u{x.dtype.itemsize}")).astype(x.dtype)


POINTWISE: dict[str, Function] = {
    "add": np.add, "add_any": np.add, "sub": np.subtract, "mul": np.multiply, "neg": np.negative,
    "div": _divided, "rem": _remainder, "max": np.maximum, "min": np.minimum, "pow": _power,
    "abs": np.abs, "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "sqrt": np.sqrt,
    "rsqrt": lambda x: np.reciprocal(np.sqrt(x)), "cbrt": np.cbrt, "square": np.square,
    "exp": np.exp, "exp2": np.exp2, "log": np.log, "expm1": np.expm1, "log1p": np.log1p,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos,
    "atan": np.arctan, "atan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "logistic": _logistic,
    "nextafter": np.nextafter,
    "is_finite": np.isfinite, "eq": np.equal, "ne": np.not_equal, "lt": np.less,
    "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor, "not": np.invert,
    "shift_left": np.left_shift, "shift_right_arithmetic": _arithmetic_shift,
    "population_count": _bit_count, "select_n": _selected, "clamp": _clamped,
    "complex": _complex, "conj": np.conj,
}  # fmt: skip


MIXED = {"select_n", "pow"}  # whose operands may have different types


# Makers.


def _converted(equation: Any) -> Function:
    target = equation.params["new_dtype"]
    source = equation.invars[0].aval.dtype
    if source.kind == "c" and target.kind not in "cb":
        return lambda x: x.real.astype(target)
    return lambda x: x.astype(target)


def _bits(equation: Any) -> Function:
    target = np.dtype(equation.params["new_dtype"])
    shape = equation.outvars[0].aval.shape
    return lambda x: np.array(x, order="C").reshape(-1).view(target).reshape(shape)


def _integer_power(equation: Any) -> Function:
    power = equation.params["y"]
    if power == 2:
        return np.square
    if power == -1:
        return np.reciprocal
    if power < 0 or power > 16:
        kind = equation.invars[0].aval.dtype
        return lambda x: np.power(x, np.asarray(power, kind)[()])

    def multiplied(x: Any) -> Any:
        made = x
        for _ in range(power - 1):
            made = made * x
        return made

    return multiplied if power else np.ones_like


def _rounded(equation: Any) -> Function:
    if int(equation.params["rounding_method"]) == 1:  # to the nearest even
        return np.rint
    return lambda x: np.copysign(np.floor(np.abs(x) + np.asarray(0.5, x.dtype)), x)


def _broadcast(equation: Any, thin: bool) -> Function:
    shape, dims = equation.params["shape"], equation.params["broadcast_dimensions"]
    own = equation.invars[0].aval.shape
    unit = [1] * len(shape)
    for size, dim in zip(own, dims, strict=True):
        unit[dim] = size
    if thin:
        return lambda x: x.reshape(unit)
    dtype = equation.outvars[0].aval.dtype

    def broadcast(x: Any) -> Any:
        made = np.empty(shape, dtype)
        made[...] = x.reshape(unit)
        return made

    return broadcast


def _reshaped(equation: Any) -> Function:
    shape = equation.outvars[0].aval.shape
    order = equation.params.get("dimensions") if equation.name == "reshape" else None
    if order is not None:  # a transposition first
        return lambda x: x.transpose(order).reshape(shape)
    return lambda x: x.reshape(shape)


def _transposed(equation: Any) -> Function:
    order = equation.params["permutation"]
    return lambda x: x.transpose(order)


def _sliced(equation: Any) -> Function:
    params = equation.params
    strides = params["strides"] or (None,) * len(params["start_indices"])
    cut = tuple(map(slice, params["start_indices"], params["limit_indices"], strides))
    return lambda x: x[cut]


def _reversed(equation: Any) -> Function:
    backward = slice(None, None, -1)
    dims = equation.params["dimensions"]
    rank = len(equation.invars[0].aval.shape)
    cut = tuple(backward if dim in dims else slice(None) for dim in range(rank))
    return lambda x: x[cut]


def _cut(starts: Any, sizes: Any, shape: Any) -> tuple[slice, ...]:
    """Where a dynamic slice begins, moved so that it lies inside."""
    cuts = []
    for start, size, full in zip(starts, sizes, shape, strict=True):
        begin = min(max(int(start), 0), full - size)
        cuts.append(slice(begin, begin + size))
    return tuple(cuts)


def _dynamic_slice(equation: Any) -> Function:
    sizes, shape = equation.params["slice_sizes"], equation.invars[0].aval.shape
    return lambda x, *starts: x[_cut(starts, sizes, shape)]


def _dynamic_update_slice(equation: Any) -> Function:
    shape, sizes = equation.invars[0].aval.shape, equation.invars[1].aval.shape

    def updated(x: Any, new: Any, *starts: Any) -> Any:
        made = np.array(x, order="C")
        made[_cut(starts, sizes, shape)] = new
        return made

    return updated


def _concatenated(equation: Any) -> Function:
    axis = equation.params["dimension"]
    return lambda *given: np.concatenate(given, axis)


def _split(equation: Any) -> Function:
    axis, end = equation.params["axis"], 0
    cuts = []
    for size in equation.params["sizes"]:
        cuts.append((*[slice(None)] * axis, slice(end, end + size)))
        end += size
    return lambda x: tuple([x[cut] for cut in cuts])


def _stacked(equation: Any) -> Function:
    axis = equation.params["axis"]
    return lambda *given: np.stack(given, axis)


def _unstacked(equation: Any) -> Function:
    axis = equation.params["axis"]
    return lambda x: tuple(np.moveaxis(x, axis, 0))


def _padded(equation: Any) -> Function:
    config = equation.params["padding_config"]
    shape = equation.outvars[0].aval.shape
    own = equation.invars[0].aval.shape
    source, target = [], []
    for size, (low, _, interior), out in zip(own, config, shape, strict=True):
        step = interior + 1
        first = max(0, -(-max(-low, 0) // step))
        places = [low + at * step for at in range(first, size)]
        count = sum(place < out for place in places)
        source.append(slice(first, first + count))
        begin = places[0] if places else 0
        target.append(slice(begin, begin + (count - 1) * step + 1 if count else begin, step))
    taken, put = tuple(source), tuple(target)

    def padded(x: Any, value: Any) -> Any:
        made = np.full(shape, value, x.dtype)
        made[put] = x[taken]
        return made

    return padded


def _iota(equation: Any) -> Function:
    shape, dim = equation.params["shape"], equation.params["dimension"]
    unit = [1] * len(shape)
    unit[dim] = shape[dim]
    made = np.arange(shape[dim]).astype(equation.params["dtype"]).reshape(unit)
    return lambda: np.broadcast_to(made, shape)


def _dot(equation: Any) -> Function:
    """A product as one (batched) matrix product of operands in the order batch, kept, summed."""
    (left_sum, right_sum), (left_batch, right_batch) = equation.params["dimension_numbers"]
    left, right = (atom.aval for atom in equation.invars[:2])
    result = equation.outvars[0].aval
    batch = [left.shape[dim] for dim in left_batch]

    def order(shape: Any, batched: Any, summed: Any, summed_last: bool) -> tuple[Any, Any]:
        kept = [dim for dim in range(len(shape)) if dim not in batched and dim not in summed]
        sizes = [
            int(np.prod([shape[dim] for dim in dims], dtype=np.int64)) for dims in (kept, summed)
        ]
        dims = [kept, list(summed)] if summed_last else [list(summed), kept]
        sizes = sizes if summed_last else sizes[::-1]
        return [*batched, *dims[0], *dims[1]], [*batch, *sizes]

    left_order, left_shape = order(left.shape, left_batch, left_sum, True)
    right_order, right_shape = order(right.shape, right_batch, right_sum, False)
    dtype = result.dtype
    product = np.matmul if batch else np.dot  # matmul leaves outer products to slow loops

    def dot(a: Any, b: Any) -> Any:
        a = a.transpose(left_order).reshape(left_shape)
        b = b.transpose(right_order).reshape(right_shape)
        made = product(a, b).reshape(result.shape)
        return made if made.dtype == dtype else made.astype(dtype)

    return dot


MANY = 512  # terms from which a sum of float32 is accumulated in float64, as NumPy adds in turn


def _reduced(function: Any) -> Callable[[Any], Function]:
    def rule(equation: Any) -> Function:
        axes = equation.params["axes"]
        dtype = equation.outvars[0].aval.dtype
        reduce = function.reduce
        shape = equation.invars[0].aval.shape
        if function is not np.add and function is not np.multiply:
            return lambda x: reduce(x, axes)
        if dtype == np.float32 and math.prod(shape[axis] for axis in axes) >= MANY:
            return lambda x: reduce(x, axes, np.float64).astype(dtype)
        return lambda x: reduce(x, axes, dtype)

    return rule


def _extreme(function: Any, lowest: bool) -> Callable[[Any], Function]:
    def rule(equation: Any) -> Function:
        axes = equation.params["axes"]
        own = equation.invars[0].aval.dtype
        if own.kind in "iu":
            first = np.iinfo(own).min if lowest else np.iinfo(own).max
        elif own.kind == "b":
            first = not lowest
        else:
            first = -np.inf if lowest else np.inf
        start = np.asarray(first, own)[()]
        return lambda x: function.reduce(x, axes, initial=start)

    return rule


def _place_of(function: Any) -> Callable[[Any], Function]:
    def rule(equation: Any) -> Function:
        (axis,), dtype = equation.params["axes"], equation.params["index_dtype"]
        return lambda x: function(x, axis).astype(dtype)

    return rule


def _scanned(function: Any) -> Callable[[Any], Function]:
    def rule(equation: Any) -> Function:
        axis, dtype = equation.params["axis"], equation.outvars[0].aval.dtype
        run = function.accumulate
        if dtype == np.float32 and equation.invars[0].aval.shape[axis] >= MANY:
            run = lambda x, axis, dtype: function.accumulate(x, axis, np.float64).astype(dtype)  # noqa: E731
        if not equation.params["reverse"]:
            return lambda x: run(x, axis, dtype)
        return lambda x: np.flip(run(np.flip(x, axis), axis, dtype), axis)

    return rule


def _sorted(equation: Any) -> Function:
    axis, keys = equation.params["dimension"], equation.params["num_keys"]

    def ordered(*given: Any) -> Any:
        if len(given) == 1:
            kind = "stable" if given[0].dtype.kind in "fc" else None  # equal numbers are the same
            return (np.sort(given[0], axis, kind=kind),)
        order = np.argsort(given[keys - 1], axis, kind="stable")
        for key in given[keys - 2 :: -1] if keys > 1 else ():
            again = np.argsort(np.take_along_axis(key, order, axis), axis, kind="stable")
            order = np.take_along_axis(order, again, axis)
        return tuple(np.take_along_axis(one, order, axis) for one in given)

    return ordered


def _logical_shift(equation: Any) -> Function:
    own = equation.invars[0].aval.dtype
    unsigned = np.dtype(f"u{own.itemsize}")
    return lambda x, by: np.right_shift(x.view(unsigned), by.view(unsigned)).view(own)


def _special(name: str) -> Callable[[Any], Function]:
    """A function of SciPy, which is imported when one is first met."""
    return lambda _: getattr(importlib.import_module("scipy.special"), name)


def _log_gamma(equation: Any) -> Function:
    function = _special("gammaln")(equation)
    return lambda x: np.where(np.isinf(x), np.abs(x), function(x))


def _digamma(equation: Any) -> Function:
    function, missing = _special("digamma")(equation), equation.invars[0].aval.dtype.type(np.nan)
    return lambda x: np.where((x < 0) & (x == np.floor(x)), missing, function(x))


RULES: dict[str, Callable[..., Function]] = {
    "convert_element_type": _converted, "bitcast_convert_type": _bits,
    "integer_pow": _integer_power, "round": _rounded, "broadcast_in_dim": _broadcast,
    "reshape": _reshaped, "squeeze": _reshaped,
    "transpose": _transposed, "slice": _sliced, "rev": _reversed,
    "dynamic_slice": _dynamic_slice, "dynamic_update_slice": _dynamic_update_slice,
    "concatenate": _concatenated, "split": _split, "stack": _stacked,
    "unstack": _unstacked, "pad": _padded, "iota": _iota,
    "dot_general": _dot, "reduce_sum": _reduced(np.add), "reduce_prod": _reduced(np.multiply),
    "reduce_and": _reduced(np.bitwise_and), "reduce_or": _reduced(np.bitwise_or),
    "reduce_max": _extreme(np.maximum, True), "reduce_min": _extreme(np.minimum, False),
    "argmax": _place_of(np.argmax), "argmin": _place_of(np.argmin),
    "cumsum": _scanned(np.add), "cumprod": _scanned(np.multiply),
    "cummax": _scanned(np.maximum), "cummin": _scanned(np.minimum),
    "sort": _sorted, "shift_right_logical": _logical_shift,
    "gather": gather, "scatter": scatter(None), "scatter-add": scatter(np.add),
    "scatter-mul": scatter(np.multiply), "scatter-min": scatter(np.minimum),
    "scatter-max": scatter(np.maximum),
    "real": lambda _: lambda x: x.real, "imag": lambda _: lambda x: x.imag,
    "copy": lambda _: np.array,
    "stop_gradient": lambda _: lambda x: x, "optimization_barrier": lambda _: lambda *given: given,
    "erf": _special("erf"), "erfc": _special("erfc"), "erf_inv": _special("erfinv"),
    "lgamma": _log_gamma, "digamma": _digamma,
}  # fmt: skip

# Primitives that stand for a jaxpr, and the parameter that holds it.
INLINED = {
    "jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr", "remat": "jaxpr",
    "checkpoint": "jaxpr", "remat2": "jaxpr",
}  # fmt: skip

# Primitives whose result may share memory with an operand.
VIEWS = {
    "reshape", "squeeze", "transpose", "slice", "rev", "dynamic_slice",
    "broadcast_in_dim", "iota", "real", "imag", "stop_gradient", "split", "unstack",
    "optimization_barrier",
}  # fmt: skip
