"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.gamma import Gamma
from compat.distributions.odds import WithOdds
from compat.distributions.utils import lazy_property
from compat.nn.functional import logsigmoid


class NegativeBinomial(WithOdds):
    """How many trials succeed, each with the chance probs, before total_count have failed."""

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0), "logits": constraints.real,
    }  # fmt: skip
    support = constraints.nonnegative_integer
    _kept = {"_odds_given": None, "total_count": 0, "probs": 0, "logits": 0}

    def __init__(self, total_count: Any, probs: torch.Tensor | None = None,
                 logits: torch.Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self.total_count: Any = total_count
        self._take_odds(probs, logits, ("total_count",))
        self.total_count = self.total_count.type_as(self._param)
        super().__init__(self._param.size(), validate_args=validate_args)

    @property
    def mean(self) -> torch.Tensor:
        return self.total_count * torch.exp(self.logits)

    @property
    def mode(self) -> torch.Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> torch.Tensor:
        return self.mean / torch.sigmoid(-self.logits)

    @lazy_property
    def _gamma(self) -> Gamma:
        """The rates over which it is a mixture of Poisson distributions."""
        return Gamma(self.total_count, torch.exp(-self.logits), validate_args=False)

    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        with torch.no_grad():
            return torch.poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        count = self.total_count
        chances = count * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        arrangements = (
            torch.lgamma(count + value) - torch.lgamma(1.0 + value) - torch.lgamma(count)
        )
        return chances + arrangements.masked_fill(count + value == 0.0, 0.0)
