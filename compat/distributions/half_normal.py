"""The half-normal distribution, and what distributions of sizes share."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.distribution import Distribution
from compat.distributions.normal import Normal
from compat.distributions.scalar_transforms import AbsTransform
from compat.distributions.transformed_distribution import TransformedDistribution


class Folded(TransformedDistribution):
    """The sizes of numbers whose distribution is the same on both sides of 0."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, base: Distribution, validate_args: bool | None) -> None:
        super().__init__(base, AbsTransform(), validate_args=validate_args)

    @property
    def scale(self) -> torch.Tensor:
        """The scale before the signs were dropped."""
        return self.base_dist.scale

    @property
    def mode(self) -> torch.Tensor:
        return torch.zeros_like(self.scale)

    def log_prob(self, value: Any) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        scale = self.base_dist.scale
        value = torch.as_tensor(value, dtype=scale.dtype, device=scale.device)
        made = self.base_dist.log_prob(value) + math.log(2)
        return torch.where(value >= 0, made, -torch.inf)

    def cdf(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob: torch.Tensor) -> torch.Tensor:
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self) -> torch.Tensor:
        return self.base_dist.entropy() - math.log(2)


class HalfNormal(Folded):
    """The sizes of normal numbers with mean 0 and deviation scale."""

    _kept = {}

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Normal(0, scale, validate_args=False), validate_args)

    @property
    def mean(self) -> torch.Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> torch.Tensor:
        return self.scale.pow(2) * (1 - 2 / math.pi)
