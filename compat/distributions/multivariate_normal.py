"""The multivariate normal distribution, and the algebra of its Cholesky factors."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.distribution import Distribution
from compat.distributions.utils import _standard_normal, lazy_property


def _batch_mv(matrix: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
    """Matrices times vectors, batch by batch."""
    return torch.matmul(matrix, vector.unsqueeze(-1)).squeeze(-1)


def _batch_mahalanobis(factor: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """x' (L L')^-1 x for lower triangular L, whose batch broadcasts with that of x."""
    if factor.dim() == 2:  # one factor for all: one system with many right-hand sides
        columns = x.reshape(-1, x.shape[-1]).t()
        solved = torch.linalg.solve_triangular(factor, columns, upper=False)
        return solved.pow(2).sum(0).reshape(x.shape[:-1])
    batch = torch.broadcast_shapes(factor.shape[:-2], x.shape[:-1])
    columns = x.unsqueeze(-1).expand(batch + (x.shape[-1], 1))
    wide = factor.expand(batch + factor.shape[-2:])
    solved = torch.linalg.solve_triangular(wide, columns, upper=False)
    return solved.squeeze(-1).pow(2).sum(-1)


def _precision_to_scale_tril(precision: torch.Tensor) -> torch.Tensor:
    """The lower factor of the inverse.

    Read backwards, a Cholesky factorisation gives precision = U U' with U upper triangular; the
    inverse of U' is the factor.
    """
    backwards = torch.linalg.cholesky(torch.flip(precision, (-2, -1)))
    lower = torch.flip(backwards, (-2, -1)).mT
    one = torch.eye(precision.shape[-1], dtype=precision.dtype, device=precision.device)
    return torch.linalg.solve_triangular(lower, one.expand(lower.shape), upper=False)


def half_log_det(factor: torch.Tensor) -> torch.Tensor:
    """Half the logarithm of the determinant of L L'."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def only_one(covariance: Any, precision: Any, scale_tril: Any, wrong: type[Exception]) -> Any:
    """The name and the matrix of the one that was given; the exception for none or several."""
    named = {
        "covariance_matrix": covariance, "scale_tril": scale_tril, "precision_matrix": precision,
    }  # fmt: skip
    given = [(name, matrix) for name, matrix in named.items() if matrix is not None]
    if len(given) != 1:
        raise wrong(
            "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
        )
    return given[0]


def lower_factor(name: str, matrix: torch.Tensor) -> torch.Tensor:
    """The lower Cholesky factor of the covariance, from the matrix of this name."""
    if name == "scale_tril":
        return matrix
    if name == "covariance_matrix":
        return torch.linalg.cholesky(matrix)
    return _precision_to_scale_tril(matrix)


class MultivariateNormal(Distribution):
    """Normal vectors with mean loc, and one of a covariance, its inverse and its lower Cholesky
    factor."""

    arg_constraints = {
        "loc": constraints.real_vector, "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }  # fmt: skip
    support = constraints.real_vector
    has_rsample = True
    _kept = {
        "loc": 1, "_unbroadcasted_scale_tril": None, "covariance_matrix": 2,
        "precision_matrix": 2, "scale_tril": 2,
    }  # fmt: skip

    def __init__(self, loc: torch.Tensor, covariance_matrix: torch.Tensor | None = None,
                 precision_matrix: torch.Tensor | None = None,
                 scale_tril: torch.Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        name, matrix = only_one(covariance_matrix, precision_matrix, scale_tril, ValueError)
        if matrix.dim() < 2:
            what = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(
                f"{what} must be at least two-dimensional, with optional leading batch dimensions"
            )
        batch_shape = torch.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand(batch_shape + matrix.shape[-2:]))
        self.loc = loc.expand(batch_shape + loc.shape[-1:])
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = lower_factor(name, matrix)

    def _wide(self, matrix: torch.Tensor) -> torch.Tensor:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> torch.Tensor:
        """The lower Cholesky factor of the covariance."""
        return self._wide(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> torch.Tensor:
        """The covariance."""
        factor = self._unbroadcasted_scale_tril
        return self._wide(torch.matmul(factor, factor.mT))

    @lazy_property
    def precision_matrix(self) -> torch.Tensor:
        """The inverse of the covariance."""
        return self._wide(torch.cholesky_inverse(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> torch.Tensor:
        return self.loc

    @property
    def mode(self) -> torch.Tensor:
        return self.loc

    @property
    def variance(self) -> torch.Tensor:
        squares = self._unbroadcasted_scale_tril.pow(2).sum(-1)
        return squares.expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Any = ()) -> torch.Tensor:
        shape = self._extended_shape(sample_shape)
        noise = _standard_normal(shape, dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + _batch_mv(self._unbroadcasted_scale_tril, noise)

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        distance = _batch_mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + distance) - half_log_det(self._unbroadcasted_scale_tril)

    def entropy(self) -> torch.Tensor:
        constant = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        made = constant + half_log_det(self._unbroadcasted_scale_tril)
        return made.expand(self._batch_shape) if self._batch_shape else made
