"""torch.signal.windows: windows of M elements, symmetric, or periodic with `sym=False`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.core.size import strided
from compat.front.windows import as_window, cosines, places, triangle
from compat.front.windows import kaiser as _kaiser

_OPTIONS: dict[str, Any] = {
    "dtype": None, "layout": strided, "device": None, "requires_grad": False,
}  # fmt: skip


def _window(shape: Callable[..., Any]) -> Callable[..., Any]:
    """A public window function of one that gives its numbers."""
    name = "general_cosine" if shape.__name__ in _SUMS else shape.__name__
    own = inspect.signature(shape)
    options = [
        inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY, default=default)
        for each, default in _OPTIONS.items()
    ]

    @functools.wraps(shape)
    def window(*args: Any, **kwargs: Any) -> Any:
        settings = {each: kwargs.pop(each, default) for each, default in _OPTIONS.items()}
        bound = own.bind(*args, **kwargs)
        count, dtype = bound.arguments["M"], settings["dtype"] or d.get_default_dtype()
        if count < 0:
            raise ValueError(f"{name} requires non-negative window length, got M={count}")
        if settings["layout"] is not strided:
            raise ValueError(
                f"{name} is implemented for strided tensors only, got: {settings['layout']}"
            )
        if dtype not in (d.float32, d.float64):
            raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
        made = shape(*bound.args, **bound.kwargs)
        return as_window(made, dtype, settings["device"], settings["requires_grad"])

    window.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*own.parameters.values(), *options]
    )
    return window


_SUMS = ("general_hamming", "hamming", "hann", "nuttall")


@_window
def exponential(M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True) -> Any:
    """Falls off exponentially on both sides of the center."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    at, width = places(M, not sym)
    return np.exp(-np.abs(at - (width / 2 if center is None else center)) / tau)


@_window
def cosine(M: int, *, sym: bool = True) -> Any:
    """Half a period of a sine."""
    at, width = places(M, not sym)
    return np.sin(np.pi * (at + 0.5) / (width + 1))


@_window
def gaussian(M: int, *, std: float = 1.0, sym: bool = True) -> Any:
    """The density of a normal distribution, 1 at the center."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    at, width = places(M, not sym)
    return np.exp(-0.5 * ((at - width / 2) / std) ** 2)


@_window
def kaiser(M: int, *, beta: float = 12.0, sym: bool = True) -> Any:
    """Kaiser's window; the larger beta, the narrower."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    return _kaiser(M, not sym, beta)


@_window
def hamming(M: int, *, sym: bool = True) -> Any:
    """`0.54 - 0.46 * cos`."""
    return cosines(M, not sym, (0.54, 0.46))


@_window
def hann(M: int, *, sym: bool = True) -> Any:
    """One period of a raised cosine."""
    return cosines(M, not sym, (0.5, 0.5))


@_window
def blackman(M: int, *, sym: bool = True) -> Any:
    """Blackman's window, of two cosines."""
    return cosines(M, not sym, (0.42, 0.5, 0.08))


@_window
def bartlett(M: int, *, sym: bool = True) -> Any:
    """A triangle."""
    return triangle(M, not sym)


@_window
def general_cosine(M: int, *, a: Iterable[float], sym: bool = True) -> Any:
    """A sum of cosines with the weights a."""
    if not isinstance(a, list | tuple):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")
    return cosines(M, not sym, a)


@_window
def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True) -> Any:
    """`alpha - (1 - alpha) * cos`."""
    return cosines(M, not sym, (alpha, 1 - alpha))


@_window
def nuttall(M: int, *, sym: bool = True) -> Any:
    """Nuttall's window of least sidelobes, of three cosines."""
    return cosines(M, not sym, (0.3635819, 0.4891775, 0.1365995, 0.0106411))
