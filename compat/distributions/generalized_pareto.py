"""The generalized Pareto distribution."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.distribution import Distribution
from compat.distributions.utils import broadcast_all


class GeneralizedPareto(Distribution):
    """How far values go beyond a high threshold loc: the tail is exponential for a concentration
    of 0, a power above it, and ends below it."""

    arg_constraints = {
        "loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real
    }  # fmt: skip
    has_rsample = True
    _kept = {"loc": 0, "scale": 0, "concentration": 0}

    def __init__(self, loc: Any, scale: Any, concentration: Any,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> constraints.Constraint:
        end = self.loc - self.scale / self.concentration
        return constraints.interval(
            self.loc, torch.where(self.concentration < 0, end, torch.inf)
        )

    def _exponential(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Where the tail is exponential, and the concentration with 1 in those places."""
        zero = torch.isclose(self.concentration, torch.zeros_like(self.concentration))
        return zero, torch.where(zero, torch.ones_like(self.concentration), self.concentration)

    def _z(self, x: torch.Tensor) -> torch.Tensor:
        return (x - self.loc) / self.scale

    def rsample(self, sample_shape: Any = ()) -> torch.Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.loc.dtype, device=self.loc.device))

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        z = self._z(value)
        zero, safe = self._exponential()
        decay = torch.where(zero, z, (1 / safe + 1) * torch.log1p(safe * z))
        return -torch.log(self.scale) - decay

    def log_survival_function(self, value: torch.Tensor) -> torch.Tensor:
        """The logarithm of the chance of a sample above value."""
        if self._validate_args:
            self._validate_sample(value)
        z = self._z(value)
        zero, safe = self._exponential()
        return torch.where(zero, -z, -torch.log1p(safe * z) / safe)

    def log_cdf(self, value: torch.Tensor) -> torch.Tensor:
        """The logarithm of `cdf`."""
        return torch.log1p(-torch.exp(self.log_survival_function(value)))

    def cdf(self, value: torch.Tensor) -> torch.Tensor:
        return torch.exp(self.log_cdf(value))

    def icdf(self, value: torch.Tensor) -> torch.Tensor:
        zero, safe = self._exponential()
        log_left = torch.log1p(-value)
        z = torch.where(zero, -log_left, torch.expm1(-safe * log_left) / safe)
        return self.loc + self.scale * z

    @property
    def mean(self) -> torch.Tensor:
        mean = self.loc + self.scale / (1 - self.concentration)
        return torch.where(self.concentration < 1, mean, torch.nan)

    @property
    def variance(self) -> torch.Tensor:
        c = self.concentration
        return torch.where(
            c < 0.5, self.scale**2 / ((1 - c) ** 2 * (1 - 2 * c)), torch.nan
        )

    def entropy(self) -> torch.Tensor:
        return torch.log(self.scale) + self.concentration + 1

    @property
    def mode(self) -> torch.Tensor:
        return self.loc
