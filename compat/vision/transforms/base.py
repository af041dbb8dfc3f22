"""What random transforms draw, and how transforms show their settings."""

from __future__ import annotations

import compat as torch
from compat.vision.transforms.names import InterpolationMode


def uniform(low: float, high: float) -> float:
    """A number from low to high, one draw of torch's stream."""
    return float(torch.empty(1).uniform_(low, high).item())


def chance(p: float) -> bool:
    """True with probability p, one draw of torch's stream."""
    return bool(torch.rand(1).item() < p)


class Transform(torch.nn.Module):
    """A transform that shows its settings, those named in `shown`."""

    shown: tuple[str, ...] = ()

    def __repr__(self) -> str:
        facts = []
        for name in self.shown:
            value = getattr(self, name)
            facts.append(f"{name}={value.value if isinstance(value, InterpolationMode) else value}")
        return f"{type(self).__name__}({', '.join(facts)})"
