"""The Kumaraswamy distribution."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.scalar_transforms import AffineTransform, PowerTransform
from compat.distributions.transformed_distribution import TransformedDistribution
from compat.distributions.uniform import Uniform
from compat.distributions.utils import broadcast_all, euler_constant


class Kumaraswamy(TransformedDistribution):
    """Numbers in [0, 1] much like beta numbers, with a cdf that is easy to invert."""

    arg_constraints = {
        "concentration1": constraints.positive, "concentration0": constraints.positive
    }  # fmt: skip
    support = constraints.unit_interval
    has_rsample = True
    _kept = {"concentration1": 0, "concentration0": 0}

    def __init__(self, concentration1: Any, concentration0: Any,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        a, b = broadcast_all(concentration1, concentration0)
        self.concentration1, self.concentration0 = a, b
        base = Uniform(torch.full_like(b, 0), torch.full_like(b, 1), validate_args=False)
        transforms = [
            PowerTransform(exponent=b.reciprocal()), AffineTransform(loc=1.0, scale=-1.0),
            PowerTransform(exponent=a.reciprocal()),
        ]  # fmt: skip
        super().__init__(base, transforms, validate_args=validate_args)

    def _moment(self, order: int) -> torch.Tensor:
        """The mean of a power."""
        up, b = 1 + order / self.concentration1, self.concentration0
        return torch.exp(torch.lgamma(up) + torch.lgamma(b) - torch.lgamma(up + b)) * b

    @property
    def mean(self) -> torch.Tensor:
        return self._moment(1)

    @property
    def mode(self) -> torch.Tensor:
        a, b = self.concentration1, self.concentration0
        # Where a or b is below 1 there is none, and the root of a negative number says so: it
        # does not when both are.
        log_mode = a.reciprocal() * ((-a).log1p() - (-a * b).log1p())
        return torch.where((a < 1) | (b < 1), torch.nan, log_mode.exp())

    @property
    def variance(self) -> torch.Tensor:
        return self._moment(2) - torch.pow(self.mean, 2)

    def entropy(self) -> torch.Tensor:
        a, b = self.concentration1, self.concentration0
        harmonic = torch.digamma(b + 1) + euler_constant
        return (1 - b.reciprocal()) + (1 - a.reciprocal()) * harmonic - a.log() - b.log()
