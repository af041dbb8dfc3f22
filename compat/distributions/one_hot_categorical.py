"""Categorical distributions whose samples are one-hot vectors."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.over_categorical import OverCategorical


class OneHotCategorical(OverCategorical):
    """One of K categories, as a vector with a single 1."""

    support = constraints.one_hot
    has_enumerate_support = True
    _kept = {"_categorical": None}

    def __init__(self, probs: torch.Tensor | None = None, logits: torch.Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        super().__init__(probs, logits, validate_args)

    @property
    def _param(self) -> torch.Tensor:
        return self._categorical._param

    @property
    def mean(self) -> torch.Tensor:
        return self._categorical.probs

    @property
    def mode(self) -> torch.Tensor:
        probs = self._categorical.probs
        return torch.nn.functional.one_hot(probs.argmax(dim=-1), probs.shape[-1]).to(probs)

    @property
    def variance(self) -> torch.Tensor:
        return self._categorical.probs * (1 - self._categorical.probs)

    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        chosen = self._categorical.sample(sample_shape)
        return torch.nn.functional.one_hot(chosen, self._categorical._num_events).to(self._param)

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> torch.Tensor:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> torch.Tensor:
        size = self.event_shape[0]
        values = torch.eye(size, dtype=self._param.dtype, device=self._param.device)
        values = values.view((size,) + (1,) * len(self.batch_shape) + (size,))
        return values.expand((size,) + self.batch_shape + (size,)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """The same, with gradients to the chances as if a sample were they (Bengio et al., 2013)."""

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> torch.Tensor:
        probs = self._categorical.probs
        return self.sample(sample_shape) + (probs - probs.detach())
