"""The logistic normal distribution."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.matrix_transforms import StickBreakingTransform
from compat.distributions.normal import Normal
from compat.distributions.transformed_distribution import TransformedDistribution


class LogisticNormal(TransformedDistribution):
    """Normal vectors, broken into simplexes of one more part."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex
    has_rsample = True
    _kept = {}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand([1])
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    def _check_arguments(self) -> None:
        """The normal distribution has checked them."""

    @property
    def loc(self) -> torch.Tensor:
        """The mean of the normal vectors."""
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> torch.Tensor:
        """The deviation of the normal vectors."""
        return self.base_dist.base_dist.scale
