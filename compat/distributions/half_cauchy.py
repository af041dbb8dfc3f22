"""The half-Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.distributions.cauchy import Cauchy
from compat.distributions.half_normal import Folded


class HalfCauchy(Folded):
    """The sizes of Cauchy numbers around 0 with this scale."""

    _kept = {}

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy(0, scale, validate_args=False), validate_args)

    @property
    def mean(self) -> torch.Tensor:
        return torch.full_like(self.scale, math.inf)

    @property
    def variance(self) -> torch.Tensor:
        return self.base_dist.variance
