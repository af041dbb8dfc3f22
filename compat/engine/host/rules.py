"""What each of JAX's primitives is in NumPy.

`POINTWISE` gives functions, or the text of an expression in which `{0}` is the first operand;
`RULES` gives makers from an equation, whose shapes and settings are fixed: of a function, of such a
text, or of a text for each result. Results agree with XLA's to rounding, NaN, infinities and
out-of-range indices included.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from compat.engine.host.indexing import gather, scatter
from compat.engine.host.products import product, reshaping

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


# Operators as text are quicker than functions, with NumPy's scalars ten times.
POINTWISE: dict[str, str | Function] = {
    "add": "{0} + {1}", "add_any": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}",
    "neg": "-{0}", "eq": "{0} == {1}", "ne": "{0} != {1}", "lt": "{0} < {1}", "le": "{0} <= {1}",
    "gt": "{0} > {1}", "ge": "{0} >= {1}", "and": "{0} & {1}", "or": "{0} | {1}",
    "xor": "{0} ^ {1}", "not": "~{0}",
    "div": _divided, "rem": _remainder, "max": np.maximum, "min": np.minimum, "pow": _power,
    "abs": np.abs, "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "sqrt": np.sqrt,
    "rsqrt": lambda x: np.reciprocal(np.sqrt(x)), "cbrt": np.cbrt, "square": np.square,
    "exp": np.exp, "exp2": np.exp2, "log": np.log, "expm1": np.expm1, "log1p": np.log1p,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos,
    "atan": np.arctan, "atan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "logistic": _logistic,
    "nextafter": np.nextafter,
    "is_finite": np.isfinite,
    "shift_left": np.left_shift, "shift_right_arithmetic": _arithmetic_shift,
    "population_count": _bit_count, "select_n": _selected, "clamp": _clamped,
    "complex": _complex, "conj": np.conj,
}  # fmt: skip


MIXED = {"select_n", "pow"}  # whose operands may have different types


def pointwise(equation: Any) -> str | Function | None:
    """The expression or function of a pointwise primitive, None for others."""
    name = equation.name
    if name == "div" and equation.invars[0].aval.dtype.kind in "fc":
        return "{0} / {1}"
    return POINTWISE.get(name)


class View(str):
    """The text of an expression whose result may share memory with an operand."""


def _window(start: Any, limit: int, size: int) -> slice:
    """A slice of this size, moved so that it ends inside."""
    begin = min(max(int(start), 0), limit)
    return slice(begin, begin + size)


def _dense(array: Any) -> Any:
    """A result as an array in row-major order; NumPy gives scalars for 0-dim ones."""
    if type(array) is np.ndarray and array.flags.c_contiguous:
        return array
    return _copied(array)


def _copied(array: Any) -> Any:
    return np.array(array, order="C")


def _several(made: Any) -> tuple[Any, ...]:
    """The results of an executable."""
    return made if type(made) is tuple else (made,)


# What the texts name.
SCOPE: dict[str, Any] = {
    "dot": np.dot, "matmul": np.matmul, "concatenate": np.concatenate, "stack": np.stack,
    "window": _window, "dense": _dense, "array": _copied, "several": _several,
    "ndarray": np.ndarray, "asarray": np.asarray,
    **{kind: np.dtype(kind) for kind in (
        "int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64", "float32",
        "complex64", "complex128", "bool",
    )},
    "float64": np.float64, "int64": np.int64, "bool_": np.bool_,
}  # fmt: skip


# Makers.


def _converted(equation: Any) -> str | Function:
    target = np.dtype(equation.params["new_dtype"])
    source = equation.invars[0].aval.dtype
    if source == target:
        return View("{0}")
    if target.name not in SCOPE:  # one that NumPy does not have itself
        return lambda x: x.astype(target)
    part = ".real" if source.kind == "c" and target.kind not in "cb" else ""
    return f"{{0}}{part}.astype({target.name})"


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


def _broadcast(equation: Any, thin: bool) -> str | Function:
    shape, dims = equation.params["shape"], equation.params["broadcast_dimensions"]
    own = equation.invars[0].aval.shape
    unit = [1] * len(shape)
    for size, dim in zip(own, dims, strict=True):
        unit[dim] = size
    if thin or math.prod(own) == math.prod(shape):
        return _as_shape(own, tuple(unit))
    dtype = equation.outvars[0].aval.dtype

    def broadcast(x: Any) -> Any:
        made = np.empty(shape, dtype)
        made[...] = x.reshape(unit)
        return made

    return broadcast


def _as_shape(own: tuple[int, ...], shape: tuple[int, ...]) -> str:
    return View("{0}" + reshaping(own, shape))


def _reshaped(equation: Any) -> str:
    own, shape = equation.invars[0].aval.shape, equation.outvars[0].aval.shape
    order = equation.params.get("dimensions") if equation.name == "reshape" else None
    if order is not None:  # a transposition first
        return View(f"{{0}}.transpose({tuple(order)}).reshape({shape})")
    return _as_shape(own, shape)


def _transposed(equation: Any) -> str:
    order = tuple(equation.params["permutation"])
    shape = equation.invars[0].aval.shape
    moved = [dim for dim in order if shape[dim] != 1]
    if moved == sorted(moved):
        return _as_shape(shape, tuple(shape[dim] for dim in order))
    return View(f"{{0}}.transpose({order})")


def _sliced(equation: Any) -> str:
    params = equation.params
    shape = equation.invars[0].aval.shape
    strides = params["strides"] or (1,) * len(shape)
    given = zip(params["start_indices"], params["limit_indices"], strides, shape, strict=True)
    return _index([
        ":" if (start, limit, step) == (0, size, 1) else f"{start}:{limit}:{step}"
        for start, limit, step, size in given
    ])  # fmt: skip


def _index(cuts: list[str]) -> str:
    """The view that slices, one a dimension, cut out."""
    while cuts and cuts[-1] == ":":
        cuts.pop()
    return View(f"{{0}}[{', '.join(cuts)}]" if cuts else "{0}")


def _reversed(equation: Any) -> str:
    dims, rank = equation.params["dimensions"], len(equation.invars[0].aval.shape)
    return _index(["::-1" if dim in dims else ":" for dim in range(rank)])


def _moving(equation: Any, sizes: Any, first: int) -> list[str]:
    """The slices of a window whose starts are operands from the first on; it stays inside."""
    shape = equation.invars[0].aval.shape
    return [
        ":" if size == full else f"window({{{first + dim}}}, {full - size}, {size})"
        for dim, (size, full) in enumerate(zip(sizes, shape, strict=True))
    ]


def _dynamic_slice(equation: Any) -> str:
    return _index(_moving(equation, equation.params["slice_sizes"], 1))


def _dynamic_update_slice(equation: Any) -> Function:
    shape, sizes = equation.invars[0].aval.shape, equation.invars[1].aval.shape
    limits = [full - size for full, size in zip(shape, sizes, strict=True)]

    def updated(x: Any, new: Any, *starts: Any) -> Any:
        made = np.array(x, order="C")
        made[tuple(map(_window, starts, limits, sizes))] = new
        return made

    return updated


def _concatenated(equation: Any) -> str:
    axis = equation.params["dimension"]
    kept = [at for at, atom in enumerate(equation.invars) if atom.aval.shape[axis]]
    if len(kept) == 1:
        return View(f"{{{kept[0]}}}")
    kept = kept or [0, 1]
    return f"concatenate(({', '.join(f'{{{at}}}' for at in kept)}), {axis})"


def _split(equation: Any) -> list[str]:
    axis, end = equation.params["axis"], 0
    cuts = []
    for size in equation.params["sizes"]:
        cuts.append(_index([":"] * axis + [f"{end}:{end + size}"]))
        end += size
    return cuts


def _stacked(equation: Any) -> str:
    axis = equation.params["axis"]
    cut = ":, " * axis + "None"
    rows = ", ".join(f"{{{at}}}[{cut}]" for at in range(len(equation.invars)))
    return f"concatenate(({rows},), {axis})"


def _unstacked(equation: Any) -> list[str]:
    axis = equation.params["axis"]
    return [_index([":"] * axis + [str(at)]) for at in range(len(equation.outvars))]


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

    dtype = equation.outvars[0].aval.dtype

    def padded(x: Any, value: Any) -> Any:
        made = np.empty(shape, dtype)
        made[...] = value
        made[put] = x[taken]
        return made

    return padded


def _iota(equation: Any) -> Function:
    shape, dim = equation.params["shape"], equation.params["dimension"]
    unit = [1] * len(shape)
    unit[dim] = shape[dim]
    made = np.arange(shape[dim]).astype(equation.params["dtype"]).reshape(unit)
    return lambda: np.broadcast_to(made, shape)


MANY = 512  # terms from which a sum of float32 is accumulated in float64, as NumPy adds in turn


def _reduced(function: Any) -> Callable[[Any], str | Function]:
    def rule(equation: Any) -> str | Function:
        axes = equation.params["axes"]
        dtype = equation.outvars[0].aval.dtype
        reduce = function.reduce
        shape = equation.invars[0].aval.shape
        if all(shape[axis] == 1 for axis in axes):
            text = _as_shape(shape, equation.outvars[0].aval.shape)
            return f"{text} + 0.0" if function is np.add and dtype.kind in "fc" else text
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
        shape = equation.invars[0].aval.shape
        if all(shape[axis] for axis in axes):
            return lambda x: function.reduce(x, axes)
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


RULES: dict[str, Callable[..., Any]] = {
    "convert_element_type": _converted, "bitcast_convert_type": _bits,
    "integer_pow": _integer_power, "round": _rounded, "broadcast_in_dim": _broadcast,
    "reshape": _reshaped, "squeeze": _reshaped,
    "transpose": _transposed, "slice": _sliced, "rev": _reversed,
    "dynamic_slice": _dynamic_slice, "dynamic_update_slice": _dynamic_update_slice,
    "concatenate": _concatenated, "split": _split, "stack": _stacked,
    "unstack": _unstacked, "pad": _padded, "iota": _iota,
    "dot_general": product, "reduce_sum": _reduced(np.add), "reduce_prod": _reduced(np.multiply),
    "reduce_and": _reduced(np.bitwise_and), "reduce_or": _reduced(np.bitwise_or),
    "reduce_max": _extreme(np.maximum, True), "reduce_min": _extreme(np.minimum, False),
    "argmax": _place_of(np.argmax), "argmin": _place_of(np.argmin),
    "cumsum": _scanned(np.add), "cumprod": _scanned(np.multiply),
    "cummax": _scanned(np.maximum), "cummin": _scanned(np.minimum),
    "sort": _sorted, "shift_right_logical": _logical_shift,
    "gather": gather, "scatter": scatter(None), "scatter-add": scatter(np.add),
    "scatter-mul": scatter(np.multiply), "scatter-min": scatter(np.minimum),
    "scatter-max": scatter(np.maximum),
    "real": lambda _: View("{0}.real"), "imag": lambda _: View("{0}.imag"),
    "copy": lambda _: View("{0}"), "stop_gradient": lambda _: View("{0}"),
    "optimization_barrier": lambda equation: [
        View(f"{{{at}}}") for at in range(len(equation.invars))
    ],
    "erf": _special("erf"), "erfc": _special("erfc"), "erf_inv": _special("erfinv"),
    "lgamma": _log_gamma, "digamma": _digamma,
}  # fmt: skip

# Primitives that stand for a jaxpr, and the parameter that holds it.
INLINED = {
    "jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr", "remat": "jaxpr",
    "checkpoint": "jaxpr", "remat2": "jaxpr",
}  # fmt: skip

# Primitives that give an array of one element the same element in another shape.
RESHAPING = {
    "reshape", "squeeze", "transpose", "broadcast_in_dim", "slice", "rev", "copy", "stop_gradient",
    "reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_and", "reduce_or", "cumsum",
    "cumprod", "cummax", "cummin",
}  # fmt: skip

# Primitives whose function may give an array that shares memory with an operand.
VIEWS = {"broadcast_in_dim", "iota"}  # fmt: skip
