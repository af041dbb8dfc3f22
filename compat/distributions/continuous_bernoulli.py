"""The continuous Bernoulli distribution (Loaiza-Ganem and Cunningham, 2019)."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.exp_family import ExponentialFamily
from compat.distributions.odds import WithOdds
from compat.distributions.utils import broadcast_all, clamp_probs
from compat.nn.functional import binary_cross_entropy_with_logits


class ContinuousBernoulli(WithOdds, ExponentialFamily):
    """Numbers x in [0, 1] with density in proportion to probs^x (1 - probs)^(1 - x).

    Its formulas are 0 over 0 where probs is one half: between the two lims, the first terms of
    their series stand in.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0
    _kept = {"_odds_given": None, "_lims": None, "probs": 0, "logits": 0}

    def __init__(self, probs: Any = None, logits: Any = None,
                 lims: tuple[float, float] = (0.499, 0.501),
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._take_odds(probs, logits)
        self._lims = lims
        if probs is not None:
            if validate_args and not constraints.unit_interval.check(self.probs).all():
                raise ValueError("The parameter probs has invalid values")
            self.probs = clamp_probs(self.probs)
        super().__init__(self._param.size(), validate_args=validate_args)

    def _stable(self) -> torch.Tensor:
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _by_series(self, exact: torch.Tensor, series: torch.Tensor) -> torch.Tensor:
        return torch.where(self._stable(), exact, series)

    def _cut_probs(self) -> torch.Tensor:
        """The chances, where they are near one half the lower limit."""
        return torch.where(self._stable(), self.probs, self._lims[0])

    def _cont_bern_log_norm(self) -> torch.Tensor:
        """The logarithm of what makes the density integrate to 1."""
        cut = self._cut_probs()
        below = torch.where(cut <= 0.5, cut, 0.0)
        above = torch.where(cut >= 0.5, cut, 1.0)
        exact = torch.log(torch.abs(torch.log1p(-cut) - torch.log(cut))) - torch.where(
            cut <= 0.5, torch.log1p(-2.0 * below), torch.log(2.0 * above - 1.0)
        )
        x = (self.probs - 0.5).pow(2)
        return self._by_series(exact, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self) -> torch.Tensor:
        cut = self._cut_probs()
        exact = cut / (2.0 * cut - 1.0) + 1.0 / (torch.log1p(-cut) - torch.log(cut))
        x = self.probs - 0.5
        return self._by_series(exact, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.pow(2)) * x)

    @property
    def stddev(self) -> torch.Tensor:
        return torch.sqrt(self.variance)

    @property
    def variance(self) -> torch.Tensor:
        cut = self._cut_probs()
        exact = cut * (cut - 1.0) / (1.0 - 2.0 * cut).pow(2) + 1.0 / (
            torch.log1p(-cut) - torch.log(cut)
        ).pow(2)
        x = (self.probs - 0.5).pow(2)
        return self._by_series(exact, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x)

    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        with torch.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> torch.Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.probs.dtype, device=self.probs.device))

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        kernel = -binary_cross_entropy_with_logits(logits, value, reduction="none")
        return kernel + self._cont_bern_log_norm()

    def cdf(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        cut = self._cut_probs()
        powers = torch.pow(cut, value) * torch.pow(1.0 - cut, 1.0 - value)
        inside = self._by_series((powers + cut - 1.0) / (2.0 * cut - 1.0), value)
        return torch.where(value <= 0, 0.0, torch.where(value >= 1, 1.0, inside))

    def icdf(self, value: torch.Tensor) -> torch.Tensor:
        cut = self._cut_probs()
        rise = torch.log1p(-cut + value * (2.0 * cut - 1.0)) - torch.log1p(-cut)
        return self._by_series(rise / (torch.log(cut) - torch.log1p(-cut)), value)

    def entropy(self) -> torch.Tensor:
        log_no, log_yes = torch.log1p(-self.probs), torch.log(self.probs)
        return self.mean * (log_no - log_yes) - self._cont_bern_log_norm() - log_no

    @property
    def _natural_params(self) -> tuple[torch.Tensor, ...]:
        return (self.logits,)

    def _log_normalizer(self, x: Any) -> torch.Tensor:
        low, high = (limit - 0.5 for limit in self._lims)
        stable = (x <= low) | (x > high)
        cut = torch.where(stable, x, low)
        exact = torch.log(torch.abs(torch.special.expm1(cut))) - torch.log(torch.abs(cut))
        return torch.where(stable, exact, 0.5 * x + x.pow(2) / 24.0 - x.pow(4) / 2880.0)
