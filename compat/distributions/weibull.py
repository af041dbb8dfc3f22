"""The Weibull distribution."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.exponential import Exponential
from compat.distributions.scalar_transforms import AffineTransform, PowerTransform
from compat.distributions.transformed_distribution import TransformedDistribution
from compat.distributions.utils import broadcast_all, euler_constant


class Weibull(TransformedDistribution):
    """Powers of exponential numbers, scaled: times until something breaks."""

    arg_constraints = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive
    _kept = {"scale": 0, "concentration": 0, "concentration_reciprocal": 0}

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal = self.concentration.reciprocal()
        base = Exponential(torch.ones_like(self.scale), validate_args=False)
        transforms = [
            PowerTransform(exponent=self.concentration_reciprocal),
            AffineTransform(loc=0, scale=self.scale),
        ]
        super().__init__(base, transforms, validate_args=validate_args)

    def _log_moment(self, order: int) -> torch.Tensor:
        return torch.lgamma(1 + order * self.concentration_reciprocal)

    @property
    def mean(self) -> torch.Tensor:
        return self.scale * torch.exp(self._log_moment(1))

    @property
    def mode(self) -> torch.Tensor:
        c = self.concentration
        return self.scale * ((c - 1) / c) ** c.reciprocal()

    @property
    def variance(self) -> torch.Tensor:
        spread = torch.exp(self._log_moment(2)) - torch.exp(2 * self._log_moment(1))
        return self.scale.pow(2) * spread

    def entropy(self) -> torch.Tensor:
        inverse = self.concentration_reciprocal
        return euler_constant * (1 - inverse) + torch.log(self.scale * inverse) + 1
