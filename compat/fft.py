"""torch.fft: discrete Fourier transforms; called itself, it is the function of PyTorch 0.4."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from compat.front import create
from compat.front.derive import FUNCTIONS
from compat.front.into import into_all
from compat.renamed import NAMES

globals().update(FUNCTIONS["fft"])


def _frequencies(name: str, n: int, d: float, out: Any, settings: dict[str, Any]) -> Any:
    wanted = settings.get("dtype")
    if wanted is not None and wanted.category < 2:
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    requires_grad = settings.pop("requires_grad", False)
    settings.pop("layout", None), settings.pop("pin_memory", None)
    if wanted is None:
        settings["dtype"] = create.d.get_default_dtype()
    steps = FUNCTIONS["torch"]["arange"](n, **settings)
    if name == "fftfreq":
        half = (n + 1) // 2
        ahead = FUNCTIONS["torch"]["arange"](-(n // 2), 0, **settings)
        steps = FUNCTIONS["torch"]["cat"]([steps[:half], ahead])
    else:
        steps = steps[: n // 2 + 1]
    made = steps * (1.0 / (n * d)) if n else steps
    return create.finished(made, requires_grad) if out is None else into_all(out, made)


def fftfreq(n: int, d: float = 1.0, *, out: Any = None, **settings: Any) -> Any:
    """The frequencies of the n elements of a transform of samples d apart."""
    return _frequencies("fftfreq", n, d, out, settings)


def rfftfreq(n: int, d: float = 1.0, *, out: Any = None, **settings: Any) -> Any:
    """The frequencies of the n // 2 + 1 elements of a transform of real samples d apart."""
    return _frequencies("rfftfreq", n, d, out, settings)


class _Callable(ModuleType):
    """The module, which may be called as PyTorch 0.4's `torch.fft(input, signal_ndim)`."""

    __call__ = staticmethod(NAMES["fft"])


sys.modules[__name__].__class__ = _Callable
