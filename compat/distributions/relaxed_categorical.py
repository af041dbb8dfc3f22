"""One-hot samples relaxed to points of the simplex (Maddison et al., Jang et al., 2017)."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.over_categorical import OverCategorical
from compat.distributions.relaxed import Relaxed
from compat.distributions.scalar_transforms import ExpTransform
from compat.distributions.utils import broadcast_all, clamp_probs


class ExpRelaxedCategorical(OverCategorical):
    """The logarithms of relaxed one-hot samples."""

    support = constraints.real_vector
    has_rsample = True
    _kept = {"_categorical": None, "temperature": None}

    def __init__(self, temperature: torch.Tensor, probs: torch.Tensor | None = None,
                 logits: torch.Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self.temperature = temperature
        super().__init__(probs, logits, validate_args)

    def rsample(self, sample_shape: Any = ()) -> torch.Tensor:
        shape = self._extended_shape(sample_shape)
        logits = self.logits
        u = clamp_probs(torch.rand(shape, dtype=logits.dtype, device=logits.device))
        scores = (logits - (-u.log()).log()) / self.temperature
        return scores - scores.logsumexp(dim=-1, keepdim=True)

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        size = self._categorical._num_events
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        constant = torch.full_like(self.temperature, float(size)).lgamma() + (
            size - 1
        ) * self.temperature.log()
        score = logits - value.mul(self.temperature)
        return (score - score.logsumexp(dim=-1, keepdim=True)).sum(-1) + constant


class RelaxedOneHotCategorical(Relaxed):
    """Points of the simplex that tend to one-hot vectors as the temperature tends to 0."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.simplex
    _kept = {}

    def __init__(self, temperature: torch.Tensor, probs: torch.Tensor | None = None,
                 logits: torch.Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)
