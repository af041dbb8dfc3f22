"""Bernoulli samples relaxed to numbers between 0 and 1 (Maddison et al., Jang et al., 2017)."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.odds import WithOdds
from compat.distributions.relaxed import Relaxed
from compat.distributions.scalar_transforms import SigmoidTransform
from compat.distributions.utils import broadcast_all, clamp_probs


class LogitRelaxedBernoulli(WithOdds):
    """The logits of relaxed Bernoulli samples."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real
    _kept = {"_odds_given": None, "temperature": None, "probs": 0, "logits": 0}

    def __init__(self, temperature: torch.Tensor, probs: Any = None, logits: Any = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self.temperature = temperature
        self._take_odds(probs, logits)
        super().__init__(self._param.size(), validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> torch.Tensor:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(torch.rand(shape, dtype=probs.dtype, device=probs.device))
        return (u.log() - (-u).log1p() + probs.log() - (-probs).log1p()) / self.temperature

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        away = logits - value.mul(self.temperature)
        return self.temperature.log() + away - 2 * away.exp().log1p()


class RelaxedBernoulli(Relaxed):
    """Numbers in (0, 1) that tend to Bernoulli samples as the temperature tends to 0."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    _kept = {}

    def __init__(self, temperature: torch.Tensor, probs: Any = None, logits: Any = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        base = LogitRelaxedBernoulli(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)
