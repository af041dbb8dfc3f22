"""Multivariate normal distributions whose covariance is of low rank but for its diagonal."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.distribution import Distribution
from compat.distributions.multivariate_normal import _batch_mahalanobis, _batch_mv, half_log_det
from compat.distributions.utils import _standard_normal, lazy_property


def _batch_capacitance_tril(factor: torch.Tensor, diagonal: torch.Tensor) -> torch.Tensor:
    """The Cholesky factor of 1 + W' D^-1 W, by which Woodbury's identity inverts W W' + D."""
    inner = torch.matmul(factor.mT / diagonal.unsqueeze(-2), factor)
    one = torch.eye(inner.shape[-1], dtype=inner.dtype, device=inner.device)
    return torch.linalg.cholesky(inner + one)


def _batch_lowrank_logdet(
    factor: torch.Tensor, diagonal: torch.Tensor, capacitance: torch.Tensor
) -> torch.Tensor:
    """The log determinant of W W' + D."""
    return 2 * half_log_det(capacitance) + diagonal.log().sum(-1)


def _batch_lowrank_mahalanobis(
    factor: torch.Tensor, diagonal: torch.Tensor, x: torch.Tensor, capacitance: torch.Tensor
) -> torch.Tensor:
    """x' (W W' + D)^-1 x."""
    inner = _batch_mv(factor.mT / diagonal.unsqueeze(-2), x)
    return (x.pow(2) / diagonal).sum(-1) - _batch_mahalanobis(capacitance, inner)


class LowRankMultivariateNormal(Distribution):
    """Normal vectors with mean loc and covariance cov_factor cov_factor' + diag(cov_diag)."""

    arg_constraints = {
        "loc": constraints.real_vector, "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }  # fmt: skip
    support = constraints.real_vector
    has_rsample = True
    _kept = {
        "loc": 1, "cov_diag": 1, "cov_factor": 2, "_unbroadcasted_cov_factor": None,
        "_unbroadcasted_cov_diag": None, "_capacitance_tril": None,
    }  # fmt: skip

    def __init__(self, loc: torch.Tensor, cov_factor: torch.Tensor, cov_diag: torch.Tensor,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event_shape = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if cov_factor.shape[-2:-1] != event_shape:
            raise ValueError(
                f"cov_factor must be a batch of matrices with shape {event_shape[0]} x m"
            )
        if cov_diag.shape[-1:] != event_shape:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event_shape}")
        try:
            batch_shape = torch.broadcast_shapes(
                loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1]
            )
        except RuntimeError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, "
                f"cov_diag {cov_diag.shape}"
            ) from error
        self.loc = loc.expand(batch_shape + event_shape)
        self.cov_factor = cov_factor.expand(batch_shape + cov_factor.shape[-2:])
        self.cov_diag = cov_diag.expand(batch_shape + event_shape)
        self._unbroadcasted_cov_factor = cov_factor
        self._unbroadcasted_cov_diag = cov_diag
        self._capacitance_tril = _batch_capacitance_tril(cov_factor, cov_diag)
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    def _wide(self, matrix: torch.Tensor) -> torch.Tensor:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @property
    def mean(self) -> torch.Tensor:
        return self.loc

    @property
    def mode(self) -> torch.Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> torch.Tensor:
        spread = self._unbroadcasted_cov_factor.pow(2).sum(-1) + self._unbroadcasted_cov_diag
        return spread.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> torch.Tensor:
        """The lower Cholesky factor of the covariance."""
        root = self._unbroadcasted_cov_diag.sqrt().unsqueeze(-1)
        scaled = self._unbroadcasted_cov_factor / root
        one = torch.eye(scaled.shape[-2], dtype=scaled.dtype, device=scaled.device)
        return self._wide(root * torch.linalg.cholesky(torch.matmul(scaled, scaled.mT) + one))

    @lazy_property
    def covariance_matrix(self) -> torch.Tensor:
        """The covariance."""
        factor = self._unbroadcasted_cov_factor
        diagonal = torch.diag_embed(self._unbroadcasted_cov_diag)
        return self._wide(torch.matmul(factor, factor.mT) + diagonal)

    @lazy_property
    def precision_matrix(self) -> torch.Tensor:
        """The inverse of the covariance."""
        diagonal = self._unbroadcasted_cov_diag
        inner = self._unbroadcasted_cov_factor.mT / diagonal.unsqueeze(-2)
        solved = torch.linalg.solve_triangular(self._capacitance_tril, inner, upper=False)
        inverse = torch.diag_embed(diagonal.reciprocal())
        return self._wide(inverse - torch.matmul(solved.mT, solved))

    def rsample(self, sample_shape: Any = ()) -> torch.Tensor:
        shape = self._extended_shape(sample_shape)
        wide = shape[:-1] + self.cov_factor.shape[-1:]
        dtype, device = self.loc.dtype, self.loc.device
        inner = _standard_normal(wide, dtype=dtype, device=device)
        outer = _standard_normal(shape, dtype=dtype, device=device)
        return (
            self.loc
            + _batch_mv(self._unbroadcasted_cov_factor, inner)
            + self._unbroadcasted_cov_diag.sqrt() * outer
        )

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        parts = self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag
        distance = _batch_lowrank_mahalanobis(*parts, value - self.loc, self._capacitance_tril)
        log_det = _batch_lowrank_logdet(*parts, self._capacitance_tril)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + log_det + distance)

    def entropy(self) -> torch.Tensor:
        log_det = _batch_lowrank_logdet(
            self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag, self._capacitance_tril
        )
        made = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + log_det)
        return made.expand(self._batch_shape) if self._batch_shape else made
