"""The multinomial distribution."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.binomial import Binomial
from compat.distributions.over_categorical import OverCategorical
from compat.distributions.utils import broadcast_all, lazy_property


class Multinomial(OverCategorical):
    """How often each of K categories comes in total_count draws."""

    _kept = {"total_count": None, "_categorical": None}

    def __init__(self, total_count: int = 1, probs: torch.Tensor | None = None,
                 logits: torch.Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        super().__init__(probs, logits, validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> constraints.Constraint:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> torch.Tensor:
        return self.probs * self.total_count

    @property
    def variance(self) -> torch.Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    @lazy_property
    def _binomial(self) -> Binomial:
        """What one category's count is."""
        return Binomial(self.total_count, self.probs, validate_args=False)

    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        shape = self._extended_shape(sample_shape)
        drawn = self._categorical.sample(torch.Size((self.total_count,)) + torch.Size(sample_shape))
        drawn = drawn.movedim(0, -1)
        counts = torch.zeros(shape, dtype=self._categorical._param.dtype, device=drawn.device)
        return counts.scatter_add_(-1, drawn, torch.ones_like(drawn, dtype=counts.dtype))

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        logits = logits.masked_fill((value == 0) & (logits == -torch.inf), 0)
        arrangements = torch.lgamma(value.sum(-1) + 1) - torch.lgamma(value + 1).sum(-1)
        return arrangements + (logits * value).sum(-1)

    def entropy(self) -> torch.Tensor:
        count = torch.tensor(self.total_count)
        values = self._binomial.enumerate_support(expand=False)[1:]
        chances = torch.exp(self._binomial.log_prob(values))
        repeats = (chances * torch.lgamma(values + 1)).sum([0, -1])
        return count * self._categorical.entropy() - torch.lgamma(count + 1) + repeats
