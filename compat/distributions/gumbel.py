"""The Gumbel distribution."""

from __future__ import annotations

import math
from numbers import Number
from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.scalar_transforms import AffineTransform, ExpTransform
from compat.distributions.transformed_distribution import TransformedDistribution
from compat.distributions.uniform import Uniform
from compat.distributions.utils import broadcast_all, euler_constant


class Gumbel(TransformedDistribution):
    """What the greatest of many numbers tends to: loc - scale * log(-log(uniform))."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    _kept = {"loc": 0, "scale": 0}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        limits = torch.finfo(self.loc.dtype)
        low, high = limits.tiny, 1 - limits.eps
        if isinstance(loc, Number) and isinstance(scale, Number):
            base = Uniform(low, high, validate_args=False)
        else:
            base = Uniform(
                torch.full_like(self.loc, low), torch.full_like(self.loc, high),
                validate_args=False,
            )  # fmt: skip
        transforms = [
            ExpTransform().inv, AffineTransform(0, -torch.ones_like(self.scale)),
            ExpTransform().inv, AffineTransform(loc, -self.scale),
        ]  # fmt: skip
        super().__init__(base, transforms, validate_args=validate_args)

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        y = (self.loc - value) / self.scale
        return (y - y.exp()) - self.scale.log()

    @property
    def mean(self) -> torch.Tensor:
        return self.loc + self.scale * euler_constant

    @property
    def mode(self) -> torch.Tensor:
        return self.loc

    @property
    def stddev(self) -> torch.Tensor:
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> torch.Tensor:
        return self.stddev.pow(2)

    def entropy(self) -> torch.Tensor:
        return self.scale.log() + (1 + euler_constant)
