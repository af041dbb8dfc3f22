"""Transforms of vectors and matrices: onto simplexes and Cholesky factors."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.transform import Transform, _Simple
from compat.distributions.utils import tril_matrix_to_vec, vec_to_tril_matrix
from compat.nn.functional import pad, softplus


def _at_least(shape: Any, dims: int) -> None:
    if len(shape) < dims:
        raise ValueError("Too few dimensions on input")


class SoftmaxTransform(_Simple):
    """Vectors onto the simplex: exponentials, normalised. Adding a number to all of a vector
    changes nothing, so it has no volume; see `StickBreakingTransform`."""

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: torch.Tensor) -> torch.Tensor:
        probs = (x - x.max(-1, True)[0]).exp()
        return probs / probs.sum(-1, True)

    def _inverse(self, y: torch.Tensor) -> torch.Tensor:
        return y.log()

    def forward_shape(self, shape: Any) -> Any:
        _at_least(shape, 1)
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        _at_least(shape, 1)
        return shape


class StickBreakingTransform(_Simple):
    """Vectors of n numbers onto the simplex of n + 1: each breaks its part off what is left of a
    stick. A shift makes zeros break it evenly."""

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    @staticmethod
    def _shift(x: torch.Tensor) -> torch.Tensor:
        """log n, ..., log 1: how many parts are to come after each."""
        size = x.shape[-1]
        return torch.arange(size, 0, -1, dtype=x.dtype, device=x.device).log()

    def _call(self, x: torch.Tensor) -> torch.Tensor:
        limits = torch.finfo(x.dtype)
        broken = torch.sigmoid(x - self._shift(x)).clamp(min=limits.tiny, max=1.0 - limits.eps)
        left = (1 - broken).cumprod(-1)
        return pad(broken, [0, 1], value=1) * pad(left, [1, 0], value=1)

    def _inverse(self, y: torch.Tensor) -> torch.Tensor:
        kept = y[..., :-1]
        left = (1 - kept.cumsum(-1)).clamp(min=torch.finfo(y.dtype).tiny)
        return kept.log() - left.log() + self._shift(kept)

    def log_abs_det_jacobian(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        x = x - self._shift(x)
        return (-x + torch.nn.functional.logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        _at_least(shape, 1)
        return shape[:-1] + (shape[-1] + 1,)

    def inverse_shape(self, shape: Any) -> Any:
        _at_least(shape, 1)
        return shape[:-1] + (shape[-1] - 1,)


class LowerCholeskyTransform(_Simple):
    """Matrices to lower triangular ones with a positive diagonal: its exponentials."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: torch.Tensor) -> torch.Tensor:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: torch.Tensor) -> torch.Tensor:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(_Simple):
    """Matrices to positive definite ones, by way of their Cholesky factors."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: torch.Tensor) -> torch.Tensor:
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y: torch.Tensor) -> torch.Tensor:
        return LowerCholeskyTransform().inv(torch.linalg.cholesky(y))


class CorrCholeskyTransform(Transform):
    """Vectors of n (n - 1) / 2 numbers to the Cholesky factors of correlation matrices.

    Their hyperbolic tangents are partial correlations: row by row, each takes its share of what
    is left of a row of length 1, and the diagonal takes the rest (Stan's reference manual, 10.12).
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: torch.Tensor) -> torch.Tensor:
        eps = torch.finfo(x.dtype).eps
        partial = vec_to_tril_matrix(torch.tanh(x).clamp(min=-1 + eps, max=1 - eps), diag=-1)
        left = (1 - partial**2).sqrt().cumprod(-1)
        one = torch.eye(partial.shape[-1], dtype=partial.dtype, device=partial.device)
        return (partial + one) * pad(left[..., :-1], [1, 0], value=1)

    def _inverse(self, y: torch.Tensor) -> torch.Tensor:
        left = pad((1 - torch.cumsum(y * y, dim=-1))[..., :-1], [1, 0], value=1)
        kept = tril_matrix_to_vec(y, diag=-1)
        partial = kept / tril_matrix_to_vec(left, diag=-1).sqrt()
        return (partial.log1p() - (-partial).log1p()) / 2

    def log_abs_det_jacobian(
        self, x: torch.Tensor, y: torch.Tensor, intermediates: Any = None
    ) -> torch.Tensor:
        left = 1 - (y * y).cumsum(dim=-1)
        rows = 0.5 * tril_matrix_to_vec(left, diag=-2).log().sum(-1)
        tanhs = -2 * (x + softplus(-2 * x) - math.log(2.0)).sum(dim=-1)
        return rows + tanhs

    def forward_shape(self, shape: Any) -> Any:
        _at_least(shape, 1)
        given = shape[-1]
        size = round((0.25 + 2 * given) ** 0.5 + 0.5)
        if size * (size - 1) // 2 != given:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return shape[:-1] + (size, size)

    def inverse_shape(self, shape: Any) -> Any:
        _at_least(shape, 2)
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        size = shape[-1]
        return shape[:-2] + (size * (size - 1) // 2,)
