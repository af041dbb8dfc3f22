"""Divergences within one family of distributions."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions.bernoulli import Bernoulli
from compat.distributions.beta import Beta
from compat.distributions.binomial import Binomial
from compat.distributions.categorical import Categorical
from compat.distributions.cauchy import Cauchy
from compat.distributions.continuous_bernoulli import ContinuousBernoulli
from compat.distributions.dirichlet import Dirichlet
from compat.distributions.exp_family import ExponentialFamily
from compat.distributions.exponential import Exponential
from compat.distributions.gamma import Gamma
from compat.distributions.geometric import Geometric
from compat.distributions.gumbel import Gumbel
from compat.distributions.half_normal import HalfNormal
from compat.distributions.independent import Independent
from compat.distributions.kl import kl_divergence, register_kl
from compat.distributions.laplace import Laplace
from compat.distributions.lowrank_multivariate_normal import (
    LowRankMultivariateNormal,
    _batch_lowrank_logdet,
    _batch_lowrank_mahalanobis,
)  # fmt: skip
from compat.distributions.multivariate_normal import (
    MultivariateNormal,
    _batch_mahalanobis,
    half_log_det,
)  # fmt: skip
from compat.distributions.normal import Normal
from compat.distributions.one_hot_categorical import OneHotCategorical
from compat.distributions.pareto import Pareto
from compat.distributions.poisson import Poisson
from compat.distributions.transformed_distribution import TransformedDistribution
from compat.distributions.uniform import Uniform
from compat.distributions.utils import _sum_rightmost, euler_constant
from compat.nn.functional import softplus


@register_kl(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(p: Any, q: Any) -> torch.Tensor:
    yes = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    yes = yes.masked_fill(q.probs == 0, torch.inf).masked_fill(p.probs == 0, 0)
    no = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return yes + no.masked_fill(q.probs == 1, torch.inf).masked_fill(p.probs == 1, 0)


@register_kl(Beta, Beta)
def _kl_beta_beta(p: Any, q: Any) -> torch.Tensor:
    p1, p0, q1, q0 = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    total_p, total_q = p1 + p0, q1 + q0
    log_beta_q = q1.lgamma() + q0.lgamma() - total_q.lgamma()
    log_beta_p = p1.lgamma() + p0.lgamma() - total_p.lgamma()
    moved = (p1 - q1) * p1.digamma() + (p0 - q0) * p0.digamma()
    return log_beta_q - log_beta_p + moved + (total_q - total_p) * total_p.digamma()


@register_kl(Binomial, Binomial)
def _kl_binomial_binomial(p: Any, q: Any) -> torch.Tensor:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    kl = p.total_count * (
        p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    )
    return torch.where(p.total_count > q.total_count, torch.inf, kl)


@register_kl(Categorical, Categorical)
def _kl_categorical_categorical(p: Any, q: Any) -> torch.Tensor:
    each = p.probs * (p.logits - q.logits)
    each = each.masked_fill((q.probs == 0).expand(each.shape), torch.inf)
    return each.masked_fill((p.probs == 0).expand(each.shape), 0).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _kl_onehotcategorical_onehotcategorical(p: Any, q: Any) -> torch.Tensor:
    return _kl_categorical_categorical(p._categorical, q._categorical)


@register_kl(Cauchy, Cauchy)
def _kl_cauchy_cauchy(p: Any, q: Any) -> torch.Tensor:
    """By Chyzak and Nielsen (2019)."""
    apart = (p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)
    return apart.log() - (4 * p.scale * q.scale).log()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _kl_continuous_bernoulli_continuous_bernoulli(p: Any, q: Any) -> torch.Tensor:
    mine = p._cont_bern_log_norm() + torch.log1p(-p.probs)
    theirs = q._cont_bern_log_norm() + torch.log1p(-q.probs)
    return p.mean * (p.logits - q.logits) + mine - theirs


@register_kl(Dirichlet, Dirichlet)
def _kl_dirichlet_dirichlet(p: Any, q: Any) -> torch.Tensor:
    total_p, total_q = p.concentration.sum(-1), q.concentration.sum(-1)
    constants = total_p.lgamma() - total_q.lgamma()
    constants = constants - (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    mean_logs = p.concentration.digamma() - total_p.digamma().unsqueeze(-1)
    return constants + ((p.concentration - q.concentration) * mean_logs).sum(-1)


@register_kl(Exponential, Exponential)
def _kl_exponential_exponential(p: Any, q: Any) -> torch.Tensor:
    ratio = q.rate / p.rate
    return ratio - ratio.log() - 1


@register_kl(ExponentialFamily, ExponentialFamily)
def _kl_expfamily_expfamily(p: Any, q: Any) -> torch.Tensor:
    """What q's log normalizer, a convex function, has above its tangent at p's parameters."""
    if type(p) is not type(q):
        # With the gap that PyTorch's message has.
        raise NotImplementedError(
            f"The cross KL-divergence between different exponential families cannot {'':28}"
            "be computed using Bregman divergences"
        )
    natural_p, normalizer_p, slopes = p._normalizer_and_slopes()
    natural_q = q._natural_params
    result = q._log_normalizer(*natural_q) - normalizer_p.clone()
    for mine, theirs, slope in zip(natural_p, natural_q, slopes):
        result = result - _sum_rightmost((theirs - mine) * slope, len(q.event_shape))
    return result


@register_kl(Gamma, Gamma)
def _kl_gamma_gamma(p: Any, q: Any) -> torch.Tensor:
    return (
        q.concentration * (p.rate / q.rate).log()
        + q.concentration.lgamma() - p.concentration.lgamma()
        + (p.concentration - q.concentration) * p.concentration.digamma()
        + (q.rate - p.rate) * (p.concentration / p.rate)
    )  # fmt: skip


@register_kl(Geometric, Geometric)
def _kl_geometric_geometric(p: Any, q: Any) -> torch.Tensor:
    return -p.entropy() - torch.log1p(-q.probs) / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def _kl_gumbel_gumbel(p: Any, q: Any) -> torch.Tensor:
    ratio = p.scale / q.scale
    apart = (p.loc - q.loc) / q.scale
    rest = torch.exp((1 + ratio).lgamma() - apart)
    return -ratio.log() + apart + ratio * euler_constant + rest - (1 + euler_constant)


@register_kl(HalfNormal, HalfNormal)
def _kl_halfnormal_halfnormal(p: Any, q: Any) -> torch.Tensor:
    return _kl_normal_normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _kl_laplace_laplace(p: Any, q: Any) -> torch.Tensor:
    ratio, apart = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + apart / q.scale + ratio * torch.exp(-apart / p.scale) - 1


@register_kl(Normal, Normal)
def _kl_normal_normal(p: Any, q: Any) -> torch.Tensor:
    ratio = (p.scale / q.scale).pow(2)
    apart = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + apart - 1 - ratio.log())


@register_kl(Pareto, Pareto)
def _kl_pareto_pareto(p: Any, q: Any) -> torch.Tensor:
    ratio = q.alpha / p.alpha
    kl = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return torch.where(p.scale < q.scale, torch.inf, kl)


@register_kl(Poisson, Poisson)
def _kl_poisson_poisson(p: Any, q: Any) -> torch.Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def _kl_uniform_uniform(p: Any, q: Any) -> torch.Tensor:
    kl = ((q.high - q.low) / (p.high - p.low)).log()
    return torch.where((q.low > p.low) | (q.high < p.high), torch.inf, kl)


@register_kl(TransformedDistribution, TransformedDistribution)
def _kl_transformed_transformed(p: Any, q: Any) -> torch.Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    base = kl_divergence(p.base_dist, q.base_dist)
    return _sum_rightmost(base, len(p.event_shape) - len(p.base_dist.event_shape))


@register_kl(Independent, Independent)
def _kl_independent_independent(p: Any, q: Any) -> torch.Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


# Normal vectors: half of log det ratio + the mean of q's distance under p - the dimensions.


def _same_events(p: Any, q: Any, what: str) -> None:
    if p.event_shape != q.event_shape:
        # With the gap that PyTorch's message has.
        raise ValueError(
            f"KL-divergence between two {what} with {'':25}different event shapes cannot be "
            "computed"
        )


def _square_sum(matrix: torch.Tensor) -> torch.Tensor:
    """The trace of A A'."""
    return matrix.pow(2).sum((-2, -1))


def _log_det(one: Any) -> torch.Tensor:
    if isinstance(one, LowRankMultivariateNormal):
        return _batch_lowrank_logdet(
            one._unbroadcasted_cov_factor, one._unbroadcasted_cov_diag, one._capacitance_tril
        )
    return 2 * half_log_det(one._unbroadcasted_scale_tril)


def _distance(q: Any, x: torch.Tensor) -> torch.Tensor:
    """x' covariance^-1 x."""
    if isinstance(q, LowRankMultivariateNormal):
        return _batch_lowrank_mahalanobis(
            q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag, x, q._capacitance_tril
        )
    return _batch_mahalanobis(q._unbroadcasted_scale_tril, x)


def _factors(p: Any) -> list[torch.Tensor]:
    """Matrices A whose A A' add up to the covariance."""
    if isinstance(p, LowRankMultivariateNormal):
        diagonal = torch.diag_embed(p._unbroadcasted_cov_diag.sqrt())
        return [p._unbroadcasted_cov_factor, diagonal]
    return [p._unbroadcasted_scale_tril]


def _mean_distance(q: Any, factor: torch.Tensor) -> torch.Tensor:
    """The trace of q's covariance^-1 A A'."""
    if isinstance(q, LowRankMultivariateNormal):
        diagonal = q._unbroadcasted_cov_diag
        inner = (q._unbroadcasted_cov_factor.mT / diagonal.unsqueeze(-2)) @ factor
        shrunk = _solved(q._capacitance_tril, inner)
        return _square_sum(factor * diagonal.rsqrt().unsqueeze(-1)) - _square_sum(shrunk)
    return _square_sum(_solved(q._unbroadcasted_scale_tril, factor))


def _solved(lower: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    batch = torch.broadcast_shapes(lower.shape[:-2], right.shape[:-2])
    lower = lower.expand(batch + lower.shape[-2:])
    return torch.linalg.solve_triangular(
        lower, right.expand(batch + right.shape[-2:]), upper=False
    )


def _kl_vectors(p: Any, q: Any) -> torch.Tensor:
    spread: Any = sum(_mean_distance(q, factor) for factor in _factors(p))
    apart = _distance(q, q.loc - p.loc)
    return 0.5 * (_log_det(q) - _log_det(p) + spread + apart - p.event_shape[0])


@register_kl(MultivariateNormal, MultivariateNormal)
def _kl_multivariatenormal_multivariatenormal(p: Any, q: Any) -> torch.Tensor:
    _same_events(p, q, "Multivariate Normals")
    return _kl_vectors(p, q)


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _kl_lowrankmultivariatenormal_lowrankmultivariatenormal(p: Any, q: Any) -> torch.Tensor:
    _same_events(p, q, "Low Rank Multivariate Normals")
    return _kl_vectors(p, q)


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _kl_multivariatenormal_lowrankmultivariatenormal(p: Any, q: Any) -> torch.Tensor:
    _same_events(p, q, "(Low Rank) Multivariate Normals")
    return _kl_vectors(p, q)


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _kl_lowrankmultivariatenormal_multivariatenormal(p: Any, q: Any) -> torch.Tensor:
    _same_events(p, q, "(Low Rank) Multivariate Normals")
    return _kl_vectors(p, q)
