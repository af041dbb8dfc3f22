"""Normal samples from random words, to the last bit those of PyTorch's CPU kernels.

Both ways are Box and Muller's: two uniform numbers u, v give sqrt(-2 log(1-u)) times the cosine and
the sine of 2 pi v. Sixteen samples or more are made in blocks of sixteen at the precision of the
tensor; fewer, or a tensor that is not contiguous, one after the other in double precision, where
the sine waits in the generator for the next call.

PyTorch's single-precision blocks use the classic Cephes polynomials for the logarithm and the sine,
with fused multiply-adds. We evaluate the same, hence the same weights from the same seed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .generator import Generator

_BLOCK = 16
_FEW = 64
_CHUNK = 4096  # blocks computed at a time, so that the temporaries stay in the cache

_Single = np.ndarray[Any, np.dtype[np.float32]]


def block_normals(
    generator: Generator, count: int, dtype: np.dtype[Any], mean: float, std: float
) -> np.ndarray:
    """At least 16 normal samples of a floating type, as a flat array."""
    result = np.empty(count, dtype)
    whole = count - count % _BLOCK
    _fill(generator, result[:whole], mean, std)
    if whole < count:  # a block that is not full: the last sixteen are drawn anew
        if dtype.itemsize >= 4:  # PyTorch draws for the rest too, and does not use it
            generator.words((count - whole) * dtype.itemsize // 4)
        _fill(generator, result[-_BLOCK:], mean, std)
    return result


def _fill(generator: Generator, out: np.ndarray, mean: float, std: float) -> None:
    for start in range(0, out.size, _BLOCK * _CHUNK):
        part = out[start : start + _BLOCK * _CHUNK]
        if out.dtype == np.float64:
            part[...] = fused_wide(_double_blocks(generator, part.size), std, mean)
        else:
            samples = _single_blocks(generator, part.size)
            part[...] = fused(samples, np.float32(std), np.float32(mean)).astype(out.dtype)


def _double_blocks(generator: Generator, count: int) -> np.ndarray:
    uniform = doubles(generator, count).reshape(-1, 2, _BLOCK // 2)
    radius = np.sqrt(-2.0 * np.log(1.0 - uniform[:, 0]))
    angle = 2.0 * np.pi * uniform[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()


def _single_blocks(generator: Generator, count: int) -> _Single:
    uniform = singles(generator, count).reshape(-1, 2, _BLOCK // 2)
    radius = np.sqrt(np.float32(-2) * _log(np.float32(1) - uniform[:, 0]))
    sine, cosine = _sine_cosine(np.float32(2 * np.pi) * uniform[:, 1])
    return np.stack([radius * cosine, radius * sine], axis=1).ravel()


def serial_normals(generator: Generator, count: int) -> np.ndarray:
    """Standard normal samples in double precision, one pair of uniforms for two of them."""
    if count < _FEW:  # the C library's functions, as in PyTorch; for more, NumPy's faster ones
        return np.array([serial_normal(generator) for _ in range(count)], np.float64)
    kept, generator.spare_normal = generator.spare_normal, None
    before = [] if kept is None else [kept]
    missing = count - len(before)
    uniform = doubles(generator, missing + missing % 2).reshape(-1, 2)
    radius = np.sqrt(-2.0 * np.log1p(-uniform[:, 1]))
    angle = 2.0 * np.pi * uniform[:, 0]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()
    if missing % 2:
        generator.spare_normal = float(pairs[-1])
    return np.concatenate([before, pairs[:missing]])


def serial_normal(generator: Generator) -> float:
    """One standard normal sample, the same that `serial_normals` gives."""
    if generator.spare_normal is not None:
        kept, generator.spare_normal = generator.spare_normal, None
        return kept
    angle = 2.0 * math.pi * double(generator)
    radius = math.sqrt(-2.0 * math.log1p(-double(generator)))
    generator.spare_normal = radius * math.sin(angle)
    return radius * math.cos(angle)


# Uniform numbers in [0, 1).


def singles(generator: Generator, count: int) -> _Single:
    """float32 numbers of 24 random bits each."""
    bits = generator.words(count) & np.uint32(2**24 - 1)
    return bits.astype(np.float32) * np.float32(2**-24)


def doubles(generator: Generator, count: int) -> np.ndarray:
    """float64 numbers of 53 random bits each."""
    return (generator.long_words(count) & np.uint64(2**53 - 1)) * 2.0**-53


def double(generator: Generator) -> float:
    """One number of 53 random bits."""
    return (generator.long_word() & (2**53 - 1)) * 2.0**-53


# Fused multiply-adds, a * b + c rounded once: what the C compiler makes of PyTorch's sums.


def fused(a: Any, b: Any, c: Any) -> _Single:
    """In float32: a float64 holds the product of two float32 exactly."""
    return (np.multiply(a, b, dtype=np.float64) + c).astype(np.float32)


def fused_wide(a: Any, b: Any, c: Any) -> np.ndarray:
    """In float64: right in all but a few in a thousand, where the machine has a longer type."""
    return (np.multiply(a, b, dtype=np.longdouble) + c).astype(np.float64)


# Single-precision functions, after Cephes (S. Moshier).

_LOG = (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
_LOG_2 = (np.float32(0.693359375), np.float32(-2.12194440e-4))  # log 2 in two parts
_SINE = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COSINE = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_QUARTER_PI = (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)  # in three parts


def _polynomial(x: _Single, coefficients: tuple[float, ...]) -> _Single:
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = fused(value, x, np.float32(coefficient))
    return value


def _log(x: _Single) -> _Single:
    mantissa, exponent = np.frexp(x)
    below = mantissa < np.float32(math.sqrt(0.5))  # keep the mantissa within sqrt(1/2) and sqrt(2)
    power = (exponent - below).astype(np.float32)
    m = np.where(below, mantissa + mantissa, mantissa) - np.float32(1)
    square = m * m
    tail = fused(_polynomial(m, _LOG) * m, square, power * _LOG_2[1])
    return fused(power, _LOG_2[0], m + (tail - square * np.float32(0.5)))


def _sine_cosine(x: _Single) -> tuple[_Single, _Single]:
    octant = (x * np.float32(4 / np.pi)).astype(np.int32)
    octant = (octant + 1) & ~1
    turns = octant.astype(np.float32)
    for part in _QUARTER_PI:
        x = x - turns * np.float32(part)
    square = x * x
    cosine = _polynomial(square, _COSINE) * square
    cosine = fused(cosine, square, square * np.float32(-0.5)) + np.float32(1)
    sine = fused(_polynomial(square, _SINE) * square, x, x)
    quadrant = octant >> 1  # 0 to 4, as x runs through one turn
    swapped = (quadrant & 1).astype(bool)
    new_sine, new_cosine = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    np.negative(new_sine, out=new_sine, where=(quadrant & 2).astype(bool))
    np.negative(new_cosine, out=new_cosine, where=((quadrant + 1) & 2).astype(bool))
    return new_sine, new_cosine
