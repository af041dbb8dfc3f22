"""What samples relaxed to continuous ones share (Maddison et al., Jang et al., 2017)."""

from __future__ import annotations

import compat as torch
from compat.distributions.transformed_distribution import TransformedDistribution


class Relaxed(TransformedDistribution):
    """Samples that tend to discrete ones as the temperature tends to 0."""

    has_rsample = True

    def _check_arguments(self) -> None:
        """The distribution that is transformed has checked them."""

    @property
    def temperature(self) -> torch.Tensor:
        """How far samples are from discrete ones."""
        return self.base_dist.temperature

    @property
    def logits(self) -> torch.Tensor:
        """The logarithms of the chances, or of the odds."""
        return self.base_dist.logits

    @property
    def probs(self) -> torch.Tensor:
        """The chances."""
        return self.base_dist.probs
