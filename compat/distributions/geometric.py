"""The geometric distribution."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.odds import WithOdds
from compat.distributions.utils import broadcast_all
from compat.nn.functional import binary_cross_entropy_with_logits


class Geometric(WithOdds):
    """How many trials fail before the first success, each having the chance probs."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer
    _kept = {"_odds_given": None, "probs": 0, "logits": 0}

    def __init__(self, probs: Any = None, logits: Any = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._take_odds(probs, logits)
        super().__init__(self._param.size(), validate_args=validate_args)

    def _check_arguments(self) -> None:
        """A chance of 0 is no chance: the first success would never come."""
        if self._odds_given == "logits":
            return super()._check_arguments()
        probs = self.probs
        if ((probs > 0) & (probs <= 1)).all():
            return None
        super()._check_arguments()
        raise ValueError(
            f"Expected parameter probs ({type(probs).__name__} of shape {tuple(probs.shape)}) of "
            f"distribution {self!r} to be positive but found invalid values:\n"
            f"{probs.detach()[probs <= 0]}"
        )

    @property
    def mean(self) -> torch.Tensor:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> torch.Tensor:
        return torch.zeros_like(self.probs)

    @property
    def variance(self) -> torch.Tensor:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        shape = self._extended_shape(sample_shape)
        probs = self.probs
        with torch.no_grad():
            drawn = torch.empty(shape, dtype=probs.dtype, device=probs.device)
            drawn.uniform_(torch.finfo(probs.dtype).tiny, 1)
            return (drawn.log() / (-probs).log1p()).floor()

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        certain = (probs == 1) & (value == 0)
        return value * (-probs.masked_fill(certain, 0)).log1p() + self.probs.log()

    def entropy(self) -> torch.Tensor:
        each = binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
        return each / self.probs
