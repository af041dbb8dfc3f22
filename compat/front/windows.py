"""Window functions: their shapes, and the periodic ones of the torch namespace.

They are small, made once, and computed on the host in double precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.front import create

Numbers = np.ndarray[Any, Any]


def places(count: int, periodic: bool) -> tuple[Numbers, float]:
    """The places of a window's elements, and the width over which it is symmetric."""
    return np.arange(count, dtype=np.float64), float(count if periodic else count - 1)


def cosines(count: int, periodic: bool, weights: Sequence[float]) -> Numbers:
    """A sum of cosines with these weights, signs alternating."""
    at, width = places(count, periodic)
    return sum(
        ((-1) ** k * weight * np.cos(2 * np.pi * k * at / max(width, 1))
         for k, weight in enumerate(weights)),
        np.zeros(count),
    )  # fmt: skip


def triangle(count: int, periodic: bool) -> Numbers:
    """Bartlett's triangle."""
    at, width = places(count, periodic)
    return 1 - np.abs(2 * at / max(width, 1) - 1)


def kaiser(count: int, periodic: bool, beta: float) -> Numbers:
    """Kaiser's, of Bessel functions."""
    at, width = places(count, periodic)
    off = 2 * at / max(width, 1) - 1
    return np.i0(beta * np.sqrt(np.maximum(1 - off * off, 0))) / np.i0(beta)


def as_window(made: Numbers, dtype: Any, device: Any, requires_grad: bool) -> Any:
    """The tensor; a single element is always 1."""
    if len(made) == 1:
        made = np.ones(1)
    kind = dtype or d.get_default_dtype()
    given = create.from_host(made.astype(kind.numpy), kind, create.where(device))
    return create.finished(given, requires_grad)


def _window(name: str, length: Any, make: Callable[[], Numbers], settings: dict[str, Any]) -> Any:
    if not isinstance(length, int):
        raise TypeError(
            f"{name}(): argument 'window_length' (position 1) must be int, not "
            f"{type(length).__name__}"
        )
    dtype = settings.get("dtype")
    if dtype is not None and dtype.is_complex:
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{d.TYPE_NAMES[dtype]}'")
    if dtype is not None and not dtype.is_floating_point:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {dtype}")
    if length < 0:
        raise RuntimeError(
            f"{name} requires non-negative window_length, got window_length={length}"
        )
    return as_window(
        make(), dtype, settings.get("device"), settings.get("requires_grad", False)
    )


def hann_window(window_length: int, periodic: bool = True, **settings: Any) -> Any:
    """Hann's window: one period of a raised cosine."""
    return _window("hann_window", window_length,
                   lambda: cosines(window_length, periodic, (0.5, 0.5)), settings)  # fmt: skip


def hamming_window(window_length: int, periodic: bool = True, alpha: float = 0.54,
                   beta: float = 0.46, **settings: Any) -> Any:  # fmt: skip
    """Hamming's window: `alpha - beta * cos`."""
    return _window("hamming_window", window_length,
                   lambda: cosines(window_length, periodic, (alpha, beta)), settings)  # fmt: skip


def blackman_window(window_length: int, periodic: bool = True, **settings: Any) -> Any:
    """Blackman's window, of two cosines."""
    weights = (0.42, 0.5, 0.08)
    return _window("blackman_window", window_length,
                   lambda: cosines(window_length, periodic, weights), settings)  # fmt: skip


def bartlett_window(window_length: int, periodic: bool = True, **settings: Any) -> Any:
    """Bartlett's window, a triangle."""
    return _window("bartlett_window", window_length,
                   lambda: triangle(window_length, periodic), settings)  # fmt: skip


def kaiser_window(window_length: int, periodic: bool = True, beta: float = 12.0,
                  **settings: Any) -> Any:  # fmt: skip
    """Kaiser's window; the larger beta, the narrower."""
    return _window("kaiser_window", window_length,
                   lambda: kaiser(window_length, periodic, beta), settings)  # fmt: skip
