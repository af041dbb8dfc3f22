"""Samplers that draw until a sample is accepted: Poisson, binomial and gamma, one by one.

They follow the papers that PyTorch's CPU kernels follow, with the same draws in the same order:
Knuth, and Hörmann's PTRS (1993), for Poisson; geometric inversion, and Hörmann's BTRS (1993), for
binomial; Marsaglia and Tsang (2000) for gamma.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtype as types
from .errors import require
from .generator import Generator
from .normal import double, serial_normal

DType = np.dtype[Any]
_THIRD = float(np.float32(1 / 3))  # in single precision, as in PyTorch


def poisson(generator: Generator, rates: np.ndarray) -> np.ndarray:
    """Counts of events at these rates, one for each, of the type of the rates."""
    _only_floating(rates.dtype, "poisson_cpu")
    require(bool((rates >= 0).all()), "invalid Poisson rate, expected rate to be non-negative")
    return _each(lambda rate: _poisson(generator, rate), rates)


def _poisson(generator: Generator, rate: float) -> float:
    if rate >= 10:
        return _poisson_large(generator, rate)
    if rate == 0:
        return 0.0
    limit, product, count = math.exp(-rate), double(generator), 0
    while product > limit:
        count += 1
        product *= double(generator)
    return float(count)


def _poisson_large(generator: Generator, rate: float) -> float:
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    accept = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = double(generator) - 0.5, double(generator)
        us = 0.5 - abs(u)
        count = math.floor((2 * a / us + b) * u + rate + 0.43) if us else -1
        if us >= 0.07 and v <= accept:
            return float(count)
        if count < 0 or (us < 0.013 and v > us):
            continue
        left = _log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if left <= -rate + count * math.log(rate) - math.lgamma(count + 1):
            return float(count)


def binomial(generator: Generator, counts: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Successes among so many trials with such chances, element by element."""
    kind = types.from_numpy_type(counts.dtype)
    require(
        kind.is_floating_point,
        f"binomial only supports floating-point dtypes for count, got: {types.TYPE_NAMES[kind]}",
        ValueError,
    )
    other = types.TYPE_NAMES[types.from_numpy_type(chances.dtype)]
    require(
        counts.dtype == chances.dtype,
        f"Found dtype {other} but expected {types.TYPE_NAMES[kind]}",
    )
    _only_floating(counts.dtype, "binomial_cpu", 4)
    counts, chances = np.broadcast_arrays(counts, chances)
    return _each(lambda count, chance: _binomial(generator, count, chance), counts, chances)


def _binomial(generator: Generator, trials: float, chance: float) -> float:
    if trials <= 0 or chance <= 0:
        return 0.0
    if chance >= 1:
        return trials
    if chance > 0.5:
        return trials - _binomial_at_most_half(generator, trials, 1.0 - chance)
    return _binomial_at_most_half(generator, trials, chance)


def _binomial_at_most_half(generator: Generator, trials: float, chance: float) -> float:
    if trials * chance >= 10:
        return _binomial_large(generator, trials, chance)
    successes, used, log_miss = 0, 0.0, math.log1p(-chance)
    while True:
        used += math.ceil(_log(double(generator)) / log_miss)
        if used > trials:
            return float(successes)
        successes += 1


def _binomial_large(generator: Generator, n: float, p: float) -> float:
    deviation = math.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    accept = 0.92 - 4.2 / b
    odds = p / (1 - p)
    alpha = (2.83 + 5.1 / b) * deviation
    mode = math.floor((n + 1) * p)
    while True:
        u, v = double(generator) - 0.5, double(generator)
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + n * p + 0.5) if us else -1
        if us >= 0.07 and v <= accept:
            return float(k)
        if k < 0 or k > n:
            continue
        bound = (
            (mode + 0.5) * math.log((mode + 1) / (odds * (n - mode + 1)))
            + (n + 1) * math.log((n - mode + 1) / (n - k + 1))
            + (k + 0.5) * math.log(odds * (n - k + 1) / (k + 1))
            + _stirling(mode) + _stirling(n - mode) - _stirling(k) - _stirling(n - k)
        )  # fmt: skip
        if _log(v * alpha / (a / (us * us) + b)) <= bound:
            return float(k)


def _stirling(k: float) -> float:
    """What Stirling's formula lacks of log(k!)."""
    exact = math.lgamma(k + 1)
    return exact - (0.5 * math.log(2 * math.pi) + (k + 0.5) * math.log(k + 1) - (k + 1))


def gamma(generator: Generator, shapes: np.ndarray) -> np.ndarray:
    """Standard gamma samples, one for each shape; for float32 PyTorch's to some 1e-6."""
    _only_floating(shapes.dtype, "gamma_cpu", 4)
    tiny = float(types.ml_dtypes.finfo(shapes.dtype).tiny)
    with np.errstate(divide="ignore"):
        powers = np.divide(1, shapes, dtype=shapes.dtype)  # rounded to the type, as in PyTorch
    return _each(lambda shape, power: max(tiny, _gamma(generator, shape, power)), shapes, powers)


def dirichlet(generator: Generator, concentrations: np.ndarray) -> np.ndarray:
    """Vectors that add up to 1: gamma samples over their sum, kept inside of (0, 1)."""
    _only_floating(concentrations.dtype, "dirichlet", 4)
    limits = types.ml_dtypes.finfo(concentrations.dtype)
    drawn = gamma(generator, concentrations.astype(np.float64))
    with np.errstate(invalid="ignore"):
        parts = (drawn / drawn.sum(-1, keepdims=True)).astype(concentrations.dtype)
    return np.clip(parts, limits.tiny, 1 - limits.epsneg).astype(concentrations.dtype)


def _gamma(generator: Generator, shape: float, power: float) -> float:
    scale = 1.0
    if shape < 1:
        if shape == 0:
            return 0.0
        scale = (1 - double(generator)) ** power
        shape += 1
    d = shape - _THIRD
    c = 1 / math.sqrt(9 * d)
    while True:
        y = 0.0
        while y <= 0:
            x = serial_normal(generator)
            y = 1 + c * x
        v = y * y * y
        u, square = 1 - double(generator), x * x  # type: ignore
        if u < 1 - 0.0331 * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1 - v + math.log(v)):
            return scale * d * v


def _each(sample: Callable[..., float], *parameters: np.ndarray) -> np.ndarray:
    first = parameters[0]
    rows = zip(*(np.asarray(one, np.float64).ravel().tolist() for one in parameters), strict=True)
    flat = np.fromiter((sample(*row) for row in rows), np.float64, first.size)
    return flat.astype(first.dtype).reshape(first.shape)


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def _only_floating(dtype: DType, kernel: str, bytes: int = 1) -> None:
    """Refuses types that are not floating, or are narrower than so many bytes."""
    kind = types.from_numpy_type(dtype)
    message = f"\"{kernel}\" not implemented for '{types.TYPE_NAMES[kind]}'"
    require(kind.is_floating_point and kind.itemsize >= bytes, message, NotImplementedError)
