"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.chi2 import Chi2
from compat.distributions.exp_family import ExponentialFamily
from compat.distributions.multivariate_normal import half_log_det, lower_factor, only_one
from compat.distributions.utils import lazy_property

_LOG_2 = math.log(2)


def _mvdigamma(x: torch.Tensor, p: int) -> torch.Tensor:
    """The derivative of `mvlgamma`."""
    steps = torch.arange(p, dtype=x.dtype, device=x.device).div(2)
    return torch.digamma(x.unsqueeze(-1) - steps).sum(-1)


class Wishart(ExponentialFamily):
    """Sums of df squares x x' of normal vectors x with mean 0, given by one of their covariance,
    its inverse and its lower Cholesky factor. df may be any number above the size less 1."""

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0
    _kept = {
        "df": 0, "_unbroadcasted_scale_tril": None, "covariance_matrix": 2,
        "precision_matrix": 2, "scale_tril": 2,
    }  # fmt: skip

    def __init__(self, df: Any, covariance_matrix: torch.Tensor | None = None,
                 precision_matrix: torch.Tensor | None = None,
                 scale_tril: torch.Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        name, matrix = only_one(
            covariance_matrix, precision_matrix, scale_tril, AssertionError
        )
        if matrix.dim() < 2:
            raise ValueError(
                "scale_tril must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if not isinstance(df, torch.Tensor):
            df = torch.tensor(df, dtype=matrix.dtype, device=matrix.device)
        size = matrix.shape[-1]
        if df.lt(size).any():
            if df.le(size - 1).any():
                raise ValueError(
                    f"Value of df={df} expected to be greater than ndim - 1 = {size - 1}."
                )
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for "
                "ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        batch_shape = torch.broadcast_shapes(matrix.shape[:-2], df.shape)
        self.df = df.expand(batch_shape)
        setattr(self, name, matrix.expand(batch_shape + (size, size)))
        self._event_shape = matrix.shape[-2:]
        super().__init__(batch_shape, matrix.shape[-2:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = lower_factor(name, matrix)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    @lazy_property
    def _dist_chi2(self) -> Chi2:
        """The squares of the diagonal of a sample's factor."""
        steps = torch.arange(self._event_shape[-1], dtype=self.df.dtype, device=self.df.device)
        return Chi2(self.df.unsqueeze(-1) - steps, validate_args=False)

    def _wide(self, matrix: torch.Tensor) -> torch.Tensor:
        return matrix.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> torch.Tensor:
        """The lower Cholesky factor of the covariance."""
        return self._wide(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> torch.Tensor:
        """The covariance of the normal vectors."""
        factor = self._unbroadcasted_scale_tril
        return self._wide(factor @ factor.mT)

    @lazy_property
    def precision_matrix(self) -> torch.Tensor:
        """The inverse of the covariance."""
        return self._wide(torch.cholesky_inverse(self._unbroadcasted_scale_tril))

    def _for_matrix(self, value: torch.Tensor) -> torch.Tensor:
        return value.reshape(self._batch_shape + (1, 1))

    @property
    def mean(self) -> torch.Tensor:
        return self._for_matrix(self.df) * self.covariance_matrix

    @property
    def mode(self) -> torch.Tensor:
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        factor = torch.where(factor <= 0, torch.nan, factor)
        return self._for_matrix(factor) * self.covariance_matrix

    @property
    def variance(self) -> torch.Tensor:
        covariance = self.covariance_matrix
        diagonal = covariance.diagonal(dim1=-2, dim2=-1)
        products = torch.einsum("...i,...j->...ij", diagonal, diagonal)
        return self._for_matrix(self.df) * (covariance.pow(2) + products)

    def _bartlett_sampling(self, sample_shape: Any = ()) -> torch.Tensor:
        """Samples as squares of triangular matrices of chi and normal numbers (Bartlett, 1933)."""
        p = self._event_shape[-1]
        noise = self._dist_chi2.rsample(sample_shape).sqrt().diag_embed(dim1=-2, dim2=-1)
        row, column = torch.tril_indices(row=p, col=p, offset=-1, device=noise.device)
        below = torch.randn(
            torch.Size(sample_shape) + self._batch_shape + (p * (p - 1) // 2,),
            dtype=noise.dtype, device=noise.device,
        )  # fmt: skip
        noise[..., row, column] = below
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.mT

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None
                ) -> torch.Tensor:  # fmt: skip
        """Samples; singular ones are drawn anew, at most max_try_correction times (3, or 10 for a
        single distribution).

        PyTorch takes the samples that are not singular for those that are, warns, and draws them
        anew once. The same numbers need the same draws, so this does, too.
        """
        tries = (3 if self._batch_shape else 10) if max_try_correction is None else (
            max_try_correction
        )
        sample = self._bartlett_sampling(sample_shape)
        singular = self.support.check(sample)
        if self._batch_shape:
            singular = singular.amax(self._batch_dims(sample_shape))
        if not singular.any():
            return sample
        warnings.warn("Singular sample detected.", stacklevel=2)
        for _ in range(tries):
            again = self._bartlett_sampling(torch.Size((int(singular.sum()),)))
            sample[singular] = again
            bad = ~self.support.check(again)
            if self._batch_shape:
                bad = bad.amax(self._batch_dims((1,)))
            singular[singular.clone()] = bad
            if not singular.any():
                break
        return sample

    def _batch_dims(self, sample_shape: Any) -> tuple[int, ...]:
        first = len(sample_shape)
        return tuple(range(first, first + len(self._batch_shape)))

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        nu, p = self.df, self._event_shape[-1]
        trace = torch.cholesky_solve(value, self._unbroadcasted_scale_tril)
        return (
            -nu * (p * _LOG_2 / 2 + half_log_det(self._unbroadcasted_scale_tril))
            - torch.mvlgamma(nu / 2, p=p)
            + (nu - p - 1) / 2 * torch.linalg.slogdet(value).logabsdet
            - trace.diagonal(dim1=-2, dim2=-1).sum(dim=-1) / 2
        )

    def entropy(self) -> torch.Tensor:
        nu, p = self.df, self._event_shape[-1]
        return (
            (p + 1) * (p * _LOG_2 / 2 + half_log_det(self._unbroadcasted_scale_tril))
            + torch.mvlgamma(nu / 2, p=p)
            - (nu - p - 1) / 2 * _mvdigamma(nu / 2, p=p)
            + nu * p / 2
        )

    @property
    def _natural_params(self) -> tuple[torch.Tensor, ...]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Any, y: Any) -> torch.Tensor:
        p = self._event_shape[-1]
        shape = y + (p + 1) / 2
        log_det = torch.linalg.slogdet(-2 * x).logabsdet
        return shape * (-log_det + _LOG_2 * p) + torch.mvlgamma(shape, p=p)
