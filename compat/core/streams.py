"""Random samples as NumPy arrays: the numbers that PyTorch gives on the CPU for the same seed.

Every sampler takes the generator, the size and the NumPy type of the result first, and fills in
row-major order. PyTorch fills a tensor that is laid out otherwise in the order of its memory: see
`in_memory_order`. Samples are PyTorch's to the last bit, except those in float64 that go through a
logarithm or a tangent, which may differ in the last places; and PyTorch itself draws `bernoulli`
and `exponential` by other means on processors made by Intel.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dtype as types
from .errors import require
from .generator import Generator
from .normal import block_normals, doubles, fused, fused_wide, serial_normals, singles

Shape = Sequence[int]
DType = np.dtype[Any]


def in_memory_order(size: Shape, strides: Shape, draw: Callable[[Shape], np.ndarray]) -> np.ndarray:
    """An array of this size, drawn in the order in which a tensor with these strides is filled.

    draw    makes the samples of a row-major array of a given size
    """
    order = list(range(len(size)))[::-1]  # the fastest dimension first
    for last in range(1, len(order)):
        moving = last
        for other in range(last - 1, -1, -1):
            a, b = order[other], order[moving]
            if strides[a] == 0 or strides[b] == 0:
                continue
            if strides[a] < strides[b] or (strides[a] == strides[b] and size[a] < size[b]):
                break
            if strides[a] > strides[b] or size[a] > size[b]:
                order[other], order[moving] = b, a
                moving = other
    slowest_first = order[::-1]
    drawn = draw([size[dim] for dim in slowest_first])
    return drawn.transpose(np.argsort(slowest_first)) if order else drawn


# Continuous distributions.


def uniform(
    generator: Generator, size: Shape, dtype: DType, low: float = 0.0, high: float = 1.0
) -> np.ndarray:
    """Numbers from low up to but not including high; complex ones have two such parts."""
    if dtype.kind == "c":
        return _complex(uniform, generator, size, dtype, low, high)
    _only_floating(dtype, "check_uniform_bounds")
    _check_uniform(dtype, low, high)
    count = math.prod(size)
    if dtype == np.float64:
        result = fused_wide(doubles(generator, count), high - low, low)
    else:
        first, last = np.float32(low), np.float32(high)
        result = singles(generator, count)
        if (low, high) != (0, 1):
            result = fused(result, last - first, first)
        result = result.astype(dtype)
    result[result == np.asarray(high, dtype)] = low  # what rounds up to the end begins anew
    return result.reshape(size)


def _check_uniform(dtype: DType, low: float, high: float) -> None:
    largest = float(types.ml_dtypes.finfo(dtype).max)
    if -largest <= low <= high <= largest and high - low <= largest:
        return  # before the messages, which take longer to make than the numbers
    for name, bound in (("from", low), ("to", high)):
        require(abs(bound) <= largest, f"{name} is out of bounds for {_c_name(dtype)}")
    require(
        low <= high,
        f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}",
    )
    require(
        high - low <= largest,
        f"uniform_ expects to-from <= std::numeric_limits<{_name(dtype)}>::max(), but found "
        f"to={high:g} and from={low:g} which result in to-from to exceed the limit",
    )


def normal(
    generator: Generator,
    size: Shape,
    dtype: DType,
    mean: float = 0.0,
    std: float = 1.0,
    contiguous: bool = True,
) -> np.ndarray:
    """Normal samples; contiguous says whether the tensor to be filled is so."""
    require(std >= 0, f"normal expects std >= 0.0, but found std {std:g}")
    if dtype.kind == "c":  # the variance is shared by the two parts
        return _complex(normal, generator, size, dtype, mean, std / math.sqrt(2.0), contiguous)
    _only_floating(dtype, "normal_kernel_cpu")
    count = math.prod(size)
    if count >= 16 and contiguous:
        return block_normals(generator, count, dtype, mean, std).reshape(size)
    samples = fused_wide(serial_normals(generator, count), std, mean)
    return _rounded(samples, dtype).reshape(size)


def log_normal(
    generator: Generator, size: Shape, dtype: DType, mean: float = 1.0, std: float = 2.0
) -> np.ndarray:
    """The exponential of normal samples."""
    require(std > 0, f"log_normal_ expects std > 0.0, but found std={std:g}")
    _only_floating(dtype, "log_normal_cpu")
    samples = fused_wide(serial_normals(generator, math.prod(size)), std, mean)
    with np.errstate(over="ignore"):
        return _rounded(np.exp(samples), dtype).reshape(size)


def exponential(generator: Generator, size: Shape, dtype: DType, rate: float = 1.0) -> np.ndarray:
    """Waiting times with a mean of 1 / rate."""
    _only_continuous(dtype, "Exponential", _name(dtype))
    require(rate > 0, f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
    samples = -1.0 / rate * np.log1p(-doubles(generator, math.prod(size)))
    return _rounded(samples, dtype).reshape(size)


def cauchy(
    generator: Generator, size: Shape, dtype: DType, median: float = 0.0, sigma: float = 1.0
) -> np.ndarray:
    """Samples whose mean does not exist; half of them lie within sigma of the median."""
    _only_continuous(dtype, "Cauchy", _c_name(dtype))
    require(sigma > 0, f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
    angle = np.pi * (doubles(generator, math.prod(size)) - 0.5)
    with np.errstate(over="ignore"):
        return _rounded(fused_wide(np.tan(angle), sigma, median), dtype).reshape(size)


# Discrete distributions.


def bernoulli(generator: Generator, size: Shape, dtype: DType, p: float = 0.5) -> np.ndarray:
    """Ones with probability p, else zeros."""
    require(0 <= p <= 1, f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    _refuse(dtype.kind == "c" or _is_wide_unsigned(dtype), "bernoulli_scalar_cpu_", dtype)
    return (doubles(generator, math.prod(size)) < p).astype(dtype).reshape(size)


def bernoulli_each(generator: Generator, p: np.ndarray, dtype: DType) -> np.ndarray:
    """Ones with the probability that stands at each place of p, else zeros."""
    _only_floating(p.dtype, "bernoulli_tensor_cpu_p_")
    require(
        bool(((p >= 0) & (p <= 1)).all()),
        "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be "
        "improved?  If so, please report an enhancement request to PyTorch.)",
    )
    draw = doubles if p.dtype == np.float64 else singles
    return (draw(generator, p.size).reshape(p.shape) < p).astype(dtype)


def dropout_mask(generator: Generator, size: Shape, p: float) -> np.ndarray:
    """Which elements survive dropout with probability p: booleans, in the order of the memory."""
    return bernoulli(generator, size, np.dtype(bool), 1.0 - p)


def geometric(generator: Generator, size: Shape, dtype: DType, p: float) -> np.ndarray:
    """How many trials it takes until the first success."""
    require(0 < p < 1, f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    _refuse(dtype.kind in "cb" or _is_wide_unsigned(dtype), "geometric_cpu", dtype)
    with np.errstate(divide="ignore"):
        trials = np.ceil(np.log(doubles(generator, math.prod(size))) / math.log1p(-p))
    return trials.astype(dtype).reshape(size)


def random(generator: Generator, size: Shape, dtype: DType) -> np.ndarray:
    """Integers from 0 to the largest that the type holds with no gap below it."""
    _refuse(dtype.kind == "c" or _is_wide_unsigned(dtype), "random_kernel_cpu", dtype)
    kind = types.from_numpy_type(dtype)
    end = 2 ** _DIGITS[kind] + (1 if kind.is_floating_point else 0)
    count = math.prod(size)
    wide = dtype.itemsize == 8
    drawn = generator.long_words(count) if wide else generator.words(count)
    return (drawn % drawn.dtype.type(end)).astype(dtype).reshape(size)


def integers(
    generator: Generator, size: Shape, dtype: DType, low: int, high: int | None
) -> np.ndarray:
    """Integers from low up to but not including high; None: to the end of int64."""
    count = math.prod(size)
    end = 2**63 if high is None else high
    require(
        low < end,
        f"random_ expects 'from' to be less than 'to', but got from={low} >= to={end}",
    )
    _check_range(dtype, low, end - 1)
    if end - low == 2**64:
        return generator.long_words(count).view(np.int64).astype(dtype).reshape(size)
    if end - low >= 2**28:
        drawn = generator.long_words(count) % np.uint64(end - low)
    else:
        drawn = (generator.words(count) % np.uint32(end - low)).astype(np.uint64)
    shifted = drawn + np.uint64(low % 2**64)  # wraps, as 64-bit arithmetic does
    unsigned = dtype == np.uint64
    return (shifted if unsigned else shifted.view(np.int64)).astype(dtype).reshape(size)


def _check_range(dtype: DType, low: int, last: int) -> None:
    kind = types.from_numpy_type(dtype)
    if kind.is_floating_point:
        largest, smallest = float(types.ml_dtypes.finfo(dtype).max), -math.inf
        smallest = -largest
    elif dtype.kind == "b":
        smallest, largest = 0, 1
    else:
        smallest, largest = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    for name, bound in (("from", low), ("to - 1", last)):
        if not smallest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {_c_name(dtype)}")
        digits = _DIGITS[kind]
        if kind.is_floating_point and abs(bound) > 2**digits:
            warnings.warn(
                f"{name} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision "
                f"limitations {_c_name(dtype)} can support discrete uniform distribution only "
                "within this range. This warning will become an error in version 1.7 release, "
                "please fix the code in advance",
                stacklevel=4,
            )


def permutation(generator: Generator, count: int, dtype: DType) -> np.ndarray:
    """The numbers below count in random order."""
    require(count >= 0, f"Trying to create tensor with negative dimension {count}: [{count}]")
    _refuse(dtype.kind in "bc" or _is_wide_unsigned(dtype), "randperm", dtype)
    kind = types.from_numpy_type(dtype)
    most = 2 ** _DIGITS[kind] + 1 if kind.is_floating_point else int(np.iinfo(dtype).max)
    if kind is types.bfloat16:  # PyTorch does not ask how far it counts exactly
        most = count
    if kind.is_floating_point:
        require(count <= most, f"n cannot be greater than {most} for {_name(dtype)} type.")
    overflow = f"value cannot be converted to type {dtype.name}_t without overflow"
    require(count <= most, overflow)
    few = count < (2**32 - 1) // 20
    drawn = (generator.words if few else generator.long_words)(max(count - 1, 0))
    left = np.arange(count, 1, -1, dtype=drawn.dtype)
    picks = (drawn % left + np.arange(left.size, dtype=drawn.dtype)).tolist()
    order = list(range(count))
    for place, pick in enumerate(picks):
        order[place], order[pick] = order[pick], order[place]
    return np.array(order, dtype=np.int64).astype(dtype)


def multinomial(
    generator: Generator, weights: np.ndarray, count: int, replacement: bool = False
) -> np.ndarray:
    """Indices (int64) drawn from each row with probabilities in proportion to the weights.

    weights   floating, not negative, of shape (n,) or (rows, n)
    gives     shape (count,) or (rows, count)
    """
    kind = types.from_numpy_type(weights.dtype)
    require(weights.ndim in (1, 2), "prob_dist must be 1 or 2 dim")
    require(
        kind.is_floating_point,
        f"multinomial only supports floating-point dtypes for input, got: {types.TYPE_NAMES[kind]}",
    )
    require(count > 0, "cannot sample n_sample <= 0 samples")
    require(
        replacement or count <= weights.shape[-1],
        "cannot sample n_sample > prob_dist.size(-1) samples without replacement",
    )
    if weights.ndim == 2 and weights.shape[0] == 0:
        return np.empty((0, count), np.int64)
    if replacement and count > 1:
        return _with_replacement(generator, weights, count)
    if count == 1 and weights.size <= _FEW_WEIGHTS and weights.dtype == np.float32:
        found = _one_of_few(generator, weights)
        if found is not None:
            return found
    greatest = weights.max(-1)
    require(
        bool(weights.min() >= 0 and np.isfinite(greatest).all()),
        "probability tensor contains either `inf`, `nan` or element < 0",
    )
    require(
        bool((greatest > 0).all()), "invalid multinomial distribution (sum of probabilities <= 0)"
    )
    # Whose exponential waiting time ends first: the order of weight / time, largest first.
    times = exponential(generator, weights.shape, weights.dtype)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        speeds = weights / times
        if count == 1 and not np.isnan(speeds.min()):
            return speeds.argmax(-1, keepdims=True)
        order = np.argsort(-speeds, axis=-1, kind="stable")
    return order[..., :count].astype(np.int64)


_FEW_WEIGHTS = 16  # up to which a choice by Python's numbers is twice as fast


def _one_of_few(generator: Generator, weights: np.ndarray) -> np.ndarray | None:
    """One choice from each row, as below and by the same draws; None, and nothing drawn, where
    weights are refused or extreme."""
    rows = weights.reshape(-1, weights.shape[-1]).tolist()
    for row in rows:
        for weight in row:
            if not 0 <= weight < 1e15:
                return None
        if not any(row):
            return None
    single, log1p = np.float32, math.log1p
    drawn = iter(doubles(generator, weights.size).tolist())
    chosen = []
    for row in rows:
        best, at = -1.0, 0
        for place, weight in enumerate(row):
            time = -float(single(log1p(-next(drawn))))
            speed = float(single(weight / time)) if time else math.inf if weight else -1.0
            if speed > best:
                best, at = speed, place
        chosen.append([at])
    found = np.array(chosen, np.int64)
    return found if weights.ndim == 2 else found[0]


def _with_replacement(generator: Generator, weights: np.ndarray, count: int) -> np.ndarray:
    bad = "invalid multinomial distribution (encountering probability entry "
    require(bool((weights >= 0).all()), bad + "< 0)")
    require(bool(np.isfinite(weights).all()), bad + "= infinity or NaN)")
    rows = weights.reshape(-1, weights.shape[-1])
    result = np.empty((rows.shape[0], count), np.int64)
    for row, chosen in zip(rows, result, strict=True):
        sums = np.add.accumulate(row, dtype=np.promote_types(row.dtype, np.float32))
        message = "invalid multinomial distribution (sum of probabilities <= 0)"
        require(bool(sums[-1] > 0), message)
        ends = (sums / sums[-1]).astype(np.float64)
        chosen[:] = np.searchsorted(ends[:-1], doubles(generator, count), side="left")
    return result.reshape(*weights.shape[:-1], count)


# What PyTorch's messages call the types, and which types a sampler takes.

_DIGITS = {
    types.bool_: 1, types.uint8: 8, types.int8: 7, types.int16: 15, types.int32: 31,
    types.int64: 63, types.float16: 11, types.bfloat16: 8, types.float32: 24, types.float64: 53,
    types.uint16: 16, types.uint32: 32, types.uint64: 64,
}  # fmt: skip
_C_NAMES = {
    "uint8": "unsigned char", "int8": "signed char", "int16": "short", "int32": "int",
    "int64": "long", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float",
    "float64": "double", "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
    "uint16": "unsigned short", "uint32": "unsigned int", "uint64": "unsigned long",
}  # fmt: skip


def _name(dtype: DType) -> str:
    return types.TYPE_NAMES[types.from_numpy_type(dtype)]


def _c_name(dtype: DType) -> str:
    return _C_NAMES.get(dtype.name, dtype.name)


def _is_wide_unsigned(dtype: DType) -> bool:
    return dtype.kind == "u" and dtype.itemsize > 1


def _refuse(condition: bool, kernel: str, dtype: DType) -> None:
    message = f"\"{kernel}\" not implemented for '{_name(dtype)}'"
    require(not condition, message, NotImplementedError)


def _only_floating(dtype: DType, kernel: str) -> None:
    _refuse(not types.from_numpy_type(dtype).is_floating_point, kernel, dtype)


def _only_continuous(dtype: DType, distribution: str, name: str) -> None:
    require(
        types.from_numpy_type(dtype).is_floating_point,
        f"{distribution} distribution is a continuous probability distribution. dtype must be a "
        f"floating point but you specified {name}",
    )


def _rounded(samples: np.ndarray, dtype: DType) -> np.ndarray:
    if dtype.itemsize == 2:  # as PyTorch does it: to single precision first
        samples = samples.astype(np.float32)
    return samples.astype(dtype)


def _complex(
    draw: Callable[..., np.ndarray],
    generator: Generator,
    size: Shape,
    dtype: DType,
    *parameters: Any,
) -> np.ndarray:
    part = np.dtype(np.float32 if dtype == np.complex64 else np.float64)
    return draw(generator, (*size, 2), part, *parameters).view(dtype).reshape(size)
