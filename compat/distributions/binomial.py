"""The binomial distribution."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.odds import WithOdds


def _positive_part(x: torch.Tensor) -> torch.Tensor:
    """max(x, 0), whose gradient at 0 is one half."""
    return (x.clamp(min=0) + x - x.clamp(max=0)) / 2


class Binomial(WithOdds):
    """How many of total_count trials succeed, each with the chance probs."""

    arg_constraints = {
        "total_count": constraints.nonnegative_integer, "probs": constraints.unit_interval,
        "logits": constraints.real,
    }  # fmt: skip
    has_enumerate_support = True
    _kept = {"_odds_given": None, "total_count": 0, "probs": 0, "logits": 0}

    def __init__(self, total_count: Any = 1, probs: torch.Tensor | None = None,
                 logits: torch.Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self.total_count: Any = total_count
        self._take_odds(probs, logits, ("total_count",))
        self.total_count = self.total_count.type_as(self._param)
        super().__init__(self._param.size(), validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> constraints.Constraint:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> torch.Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> torch.Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> torch.Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        shape = self._extended_shape(sample_shape)
        with torch.no_grad():
            return torch.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        count, logits = self.total_count, self.logits
        arrangements = (
            torch.lgamma(count + 1) - torch.lgamma(value + 1) - torch.lgamma(count - value + 1)
        )
        softplus = _positive_part(logits) + torch.log1p(torch.exp(-torch.abs(logits)))
        return value * logits + arrangements - count * softplus

    def _one_count(self, what: str) -> int:
        """The number of trials, if it is the same for all."""
        most = int(self.total_count.max())
        if not self.total_count.min() == most:
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{what}`.")
        return most

    def entropy(self) -> torch.Tensor:
        self._one_count("entropy")
        each = self.log_prob(self.enumerate_support(False))
        return -(torch.exp(each) * each).sum(0)

    def enumerate_support(self, expand: bool = True) -> torch.Tensor:
        most = self._one_count("enumerate_support")
        values = torch.arange(1 + most, dtype=self._param.dtype, device=self._param.device)
        values = values.view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + self._batch_shape) if expand else values
