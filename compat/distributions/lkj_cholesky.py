"""The distribution of Lewandowski, Kurowicka and Joe (2009), over Cholesky factors."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.beta import Beta
from compat.distributions.distribution import Distribution
from compat.distributions.utils import broadcast_all


class LKJCholesky(Distribution):
    """Cholesky factors of correlation matrices, whose density is in proportion to the
    determinant of the matrix to the power of concentration - 1."""

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky
    _kept = {"dim": None, "concentration": 0}

    def __init__(self, dim: int, concentration: Any = 1.0,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if dim < 2:
            raise ValueError(
                "Expected dim to be an integer greater than or equal to 2. "
                f"Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        # Row k + 1 of the "onion": the square of its length off the diagonal is a beta number.
        marginal = self.concentration + 0.5 * (dim - 2)
        dtype, device = self.concentration.dtype, self.concentration.device
        row = torch.arange(dim - 1, dtype=dtype, device=device)
        row = torch.cat([row.new_zeros((1,)), row])
        self._beta = Beta(row + 0.5, marginal.unsqueeze(-1) - 0.5 * row, validate_args)
        super().__init__(
            self.concentration.size(), torch.Size((dim, dim)), validate_args=validate_args
        )

    def _check_arguments(self) -> None:
        """The last row has the concentration itself, which the beta distribution has checked."""

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        batch_shape = torch.Size(batch_shape)
        new = super().expand(batch_shape, _instance)
        new._beta = self._beta.expand(batch_shape + (self.dim,))
        return new

    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        shape = self._extended_shape(sample_shape)
        with torch.no_grad():
            y = self._beta.sample(sample_shape).unsqueeze(-1)
            noise = torch.randn(shape, dtype=y.dtype, device=y.device).tril(-1)
            length = noise.norm(dim=-1, keepdim=True)
            rows = torch.sqrt(y) * torch.where(length == 0, 0, noise / length)
            left = 1 - (rows**2).sum(-1)
            return rows + left.clamp(min=torch.finfo(y.dtype).tiny).sqrt().diag_embed()

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        row = torch.arange(2, self.dim + 1, device=self.concentration.device)
        power = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - row
        less = self.dim - 1
        alpha = self.concentration + 0.5 * less
        constant = (
            0.5 * less * math.log(math.pi)
            + torch.mvlgamma(alpha - 0.5, less) - torch.lgamma(alpha) * less
        )  # fmt: skip
        return torch.sum(power * diagonal.log(), dim=-1) - constant
