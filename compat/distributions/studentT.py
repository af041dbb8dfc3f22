"""Student's t distribution."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.chi2 import Chi2
from compat.distributions.distribution import Distribution
from compat.distributions.utils import _standard_normal, broadcast_all


class StudentT(Distribution):
    """Normal numbers over the root of a mean square of df others, moved to loc and scaled."""

    arg_constraints = {
        "df": constraints.positive, "loc": constraints.real, "scale": constraints.positive
    }  # fmt: skip
    support = constraints.real
    has_rsample = True
    _kept = {"df": 0, "loc": 0, "scale": 0, "_chi2": None}

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df, validate_args=False)
        super().__init__(self.df.size(), validate_args=validate_args)

    def _check_parts(self) -> None:
        self._chi2._check_arguments()

    @property
    def mean(self) -> torch.Tensor:
        return torch.where(self.df <= 1, torch.nan, self.loc)

    @property
    def mode(self) -> torch.Tensor:
        return self.loc

    @property
    def variance(self) -> torch.Tensor:
        finite = self.df > 2
        spread = self.scale.pow(2) * self.df / (torch.where(finite, self.df, 3) - 2)
        endless = torch.where(self.df > 1, torch.inf, torch.nan)
        return torch.where(finite, spread, endless.to(spread))

    def rsample(self, sample_shape: Any = ()) -> torch.Tensor:
        shape = self._extended_shape(sample_shape)
        noise = _standard_normal(shape, dtype=self.df.dtype, device=self.df.device)
        square = self._chi2.rsample(sample_shape)
        return self.loc + self.scale * (noise * torch.rsqrt(square / self.df))

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        y = (value - self.loc) / self.scale
        constant = (
            self.scale.log() + 0.5 * self.df.log() + 0.5 * math.log(math.pi)
            + torch.lgamma(0.5 * self.df) - torch.lgamma(0.5 * (self.df + 1.0))
        )  # fmt: skip
        return -0.5 * (self.df + 1.0) * torch.log1p(y**2.0 / self.df) - constant

    def entropy(self) -> torch.Tensor:
        half, more = 0.5 * self.df, 0.5 * (self.df + 1)
        log_beta = torch.lgamma(half) + math.lgamma(0.5) - torch.lgamma(more)
        slope = torch.digamma(more) - torch.digamma(half)
        return self.scale.log() + more * slope + 0.5 * self.df.log() + log_beta
