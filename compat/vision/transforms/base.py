"""What random transforms draw, and how transforms show their settings."""

from __future__ import annotations

import math

import numpy as np

import compat as torch
from compat.core import streams
from compat.vision.transforms.names import InterpolationMode


def uniform(low: float, high: float) -> float:
    """A number from low to high, one draw of torch's stream: `torch.empty(1).uniform_(...)`."""
    kind = torch.get_default_dtype().numpy
    return float(streams.uniform(torch.default_generator, (), kind, low, high))


def whole_number(low: int, high: int) -> int:
    """A whole number from low up to but not including high: `torch.randint(low, high, (1,))`."""
    return int(streams.integers(torch.default_generator, (), np.dtype(np.int64), low, high))


def between(low: float, high: float) -> float:
    """A ratio whose logarithm is drawn evenly, rounded as a tensor's numbers are."""
    kind = torch.get_default_dtype().numpy.type
    return float(kind(math.exp(uniform(math.log(low), math.log(high)))))


def chance(p: float) -> bool:
    """True with probability p, one draw of torch's stream."""
    return uniform(0.0, 1.0) < p


class Transform(torch.nn.Module):
    """A transform that shows its settings, those named in `shown`."""

    shown: tuple[str, ...] = ()

    def __repr__(self) -> str:
        facts = []
        for name in self.shown:
            value = getattr(self, name)
            facts.append(f"{name}={value.value if isinstance(value, InterpolationMode) else value}")
        return f"{type(self).__name__}({', '.join(facts)})"
