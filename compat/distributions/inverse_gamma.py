"""The inverse gamma distribution."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.gamma import Gamma
from compat.distributions.scalar_transforms import PowerTransform
from compat.distributions.transformed_distribution import TransformedDistribution


class InverseGamma(TransformedDistribution):
    """The reciprocals of gamma numbers."""

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    has_rsample = True
    _kept = {}

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args=validate_args)
        turned = PowerTransform(torch.tensor(-1.0, dtype=base.rate.dtype, device=base.rate.device))
        super().__init__(base, turned, validate_args=validate_args)

    def _check_arguments(self) -> None:
        """The gamma distribution has checked them."""

    @property
    def concentration(self) -> torch.Tensor:
        """The concentration of the gamma numbers."""
        return self.base_dist.concentration

    @property
    def rate(self) -> torch.Tensor:
        """The rate of the gamma numbers."""
        return self.base_dist.rate

    @property
    def mean(self) -> torch.Tensor:
        mean = self.rate / (self.concentration - 1)
        return torch.where(self.concentration > 1, mean, torch.inf)

    @property
    def mode(self) -> torch.Tensor:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> torch.Tensor:
        c = self.concentration
        spread = self.rate.square() / ((c - 1).square() * (c - 2))
        return torch.where(c > 2, spread, torch.inf)

    def entropy(self) -> torch.Tensor:
        c = self.concentration
        return c + self.rate.log() + c.lgamma() - (1 + c) * c.digamma()
