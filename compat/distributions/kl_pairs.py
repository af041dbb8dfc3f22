"""Divergences between different families.

kl(p || q) is the mean under p of -log q(x), less the entropy of p. What -log q(x) needs is a few
means under p: of x, x squared, log x, log(1 - x), |x - c|, exp(-t x). Each is written down once for
each family that has it; a support of p that reaches out of q's makes the divergence infinite.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import compat as torch
from compat.distributions.bernoulli import Bernoulli
from compat.distributions.beta import Beta
from compat.distributions.binomial import Binomial
from compat.distributions.continuous_bernoulli import ContinuousBernoulli
from compat.distributions.exponential import Exponential
from compat.distributions.gamma import Gamma
from compat.distributions.gumbel import Gumbel
from compat.distributions.kl import register_kl
from compat.distributions.laplace import Laplace
from compat.distributions.normal import Normal
from compat.distributions.pareto import Pareto
from compat.distributions.poisson import Poisson
from compat.distributions.uniform import Uniform
from compat.distributions.utils import euler_constant

# Means under p.


def _mean_log(p: Any) -> torch.Tensor:
    """The mean of log x."""
    if isinstance(p, Beta):
        total = p.concentration1 + p.concentration0
        return p.concentration1.digamma() - total.digamma()
    if isinstance(p, Exponential):
        return -euler_constant - p.rate.log()
    if isinstance(p, Pareto):
        return p.scale.log() + p.alpha.reciprocal()
    return _mean_log_between(p.low, p.high)  # Uniform


def _mean_log_between(low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    return (torch.xlogy(high, high) - torch.xlogy(low, low)) / (high - low) - 1


def _mean_exp(p: Any, t: torch.Tensor) -> torch.Tensor:
    """The mean of exp(-t x)."""
    if isinstance(p, Exponential):
        return p.rate / (p.rate + t)
    if isinstance(p, Gamma):
        return (1 + t / p.rate).pow(-p.concentration)
    if isinstance(p, Normal):
        return torch.exp((t * p.scale).pow(2) / 2 - t * p.loc)
    return (torch.exp(-t * p.low) - torch.exp(-t * p.high)) / (t * (p.high - p.low))  # Uniform


def _mean_away(p: Any, centre: torch.Tensor) -> torch.Tensor:
    """The mean of |x - centre|, for a normal p."""
    apart = (p.loc - centre) / p.scale
    bell = math.sqrt(2 / math.pi) * torch.exp(-apart.pow(2) / 2)
    return p.scale * (bell + apart * torch.erf(apart / math.sqrt(2)))


# Means under p of -log q(x).


def _to_normal(p: Any, q: Any) -> torch.Tensor:
    square = p.variance + (p.mean - q.loc).pow(2)
    return 0.5 * (2 * math.pi * q.variance).log() + square / (2 * q.variance)


def _to_exponential(p: Any, q: Any) -> torch.Tensor:
    return q.rate * p.mean - q.rate.log()


def _to_gamma(p: Any, q: Any) -> torch.Tensor:
    c = q.concentration
    return q.rate * p.mean - (c - 1) * _mean_log(p) - c * q.rate.log() + c.lgamma()


def _to_gumbel(p: Any, q: Any) -> torch.Tensor:
    start = q.loc / q.scale
    tail = torch.exp(start) * _mean_exp(p, q.scale.reciprocal())
    return q.scale.log() + p.mean / q.scale - start + tail


def _to_laplace(p: Any, q: Any) -> torch.Tensor:
    return (2 * q.scale).log() + _mean_away(p, q.loc) / q.scale


def _to_uniform(p: Any, q: Any) -> torch.Tensor:
    return (q.high - q.low).log()


def _to_continuous_bernoulli(p: Any, q: Any) -> torch.Tensor:
    return -p.mean * q.logits - torch.log1p(-q.probs) - q._cont_bern_log_norm()


def _to_pareto(p: Any, q: Any) -> torch.Tensor:
    return (q.alpha + 1) * _mean_log(p) - q.alpha.log() - q.alpha * q.scale.log()


def _to_beta(p: Any, q: Any) -> torch.Tensor:
    a, b = q.concentration1, q.concentration0
    logs = (a - 1) * _mean_log(p) + (b - 1) * _mean_log_between(1 - p.high, 1 - p.low)
    return a.lgamma() + b.lgamma() - (a + b).lgamma() - logs


# Where the support of p reaches out of that of q.


def _beyond_unit(p: Any, q: Any) -> torch.Tensor:
    return (p.low < 0) | (p.high > 1)


def _touching_unit(p: Any, q: Any) -> torch.Tensor:
    return (p.low <= 0) | (p.high >= 1)  # as PyTorch has it; it could be less strict


def _within_uniform(p: Any, q: Any) -> torch.Tensor:
    return (q.low > 0) | (q.high < 1)


def _touching_uniform(p: Any, q: Any) -> torch.Tensor:
    return (q.low >= 0) | (q.high <= 1)  # as PyTorch has it, too


def _below_zero(p: Any, q: Any) -> torch.Tensor:
    return p.low < 0


def _below_scale(p: Any, q: Any) -> torch.Tensor:
    return p.low < q.scale


def _pair(type_p: type, type_q: type, cross: Callable[..., Any],
          outside: Callable[..., Any] | None = None) -> None:  # fmt: skip
    @register_kl(type_p, type_q)
    def divergence(p: Any, q: Any) -> torch.Tensor:
        kl = cross(p, q) - p.entropy()
        return kl if outside is None else torch.where(outside(p, q), torch.inf, kl)


def _endless(type_p: type, type_q: type, parameter: str) -> None:
    """p has values where q has none, whatever their parameters."""

    @register_kl(type_p, type_q)
    def divergence(p: Any, q: Any) -> torch.Tensor:
        return torch.full_like(getattr(p, parameter), torch.inf)


def _from_pareto(type_q: type, cross: Callable[..., Any], order: int) -> None:
    """It takes moments up to an order, which are infinite for an alpha that is no greater."""

    @register_kl(Pareto, type_q)
    def divergence(p: Any, q: Any) -> torch.Tensor:
        endless = p.alpha <= order
        alpha = torch.where(endless, order + 1.0, p.alpha)
        finite = Pareto(p.scale, alpha, validate_args=False)
        return torch.where(endless, torch.inf, cross(finite, q) - finite.entropy())


for _one in (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Uniform):
    _pair(_one, Normal, _to_normal)
for _one in (Beta, ContinuousBernoulli, Gamma):
    _pair(_one, Exponential, _to_exponential)
for _one in (Beta, Exponential):
    _pair(_one, Gamma, _to_gamma)
_from_pareto(Normal, _to_normal, 2)
_from_pareto(Exponential, _to_exponential, 1)
_from_pareto(Gamma, _to_gamma, 1)
for _one in (Exponential, Gamma, Normal, Uniform):
    _pair(_one, Gumbel, _to_gumbel)
_pair(Normal, Laplace, _to_laplace)
_pair(Beta, Uniform, _to_uniform, _within_uniform)
_pair(ContinuousBernoulli, Uniform, _to_uniform, _touching_uniform)
_pair(Beta, ContinuousBernoulli, _to_continuous_bernoulli)
_pair(Uniform, ContinuousBernoulli, _to_continuous_bernoulli, _touching_unit)
_pair(Uniform, Exponential, _to_exponential, _below_zero)
_pair(Uniform, Gamma, _to_gamma, _below_zero)
_pair(Uniform, Pareto, _to_pareto, _below_scale)
_pair(Uniform, Beta, _to_beta, _beyond_unit)

for _other in (Beta, ContinuousBernoulli, Pareto, Uniform):
    for _one, _parameter in ((Exponential, "rate"), (Gamma, "concentration"), (Gumbel, "loc"),
                             (Laplace, "loc"), (Normal, "loc")):  # fmt: skip
        _endless(_one, _other, _parameter)
for _other in (Exponential, Gamma):
    for _one in (Gumbel, Laplace, Normal):
        _endless(_one, _other, "loc")
for _other in (Beta, ContinuousBernoulli, Uniform):
    _endless(Pareto, _other, "scale")
_endless(Beta, Pareto, "concentration1")
_endless(ContinuousBernoulli, Pareto, "probs")
for _other in (Bernoulli, Binomial):
    _endless(Poisson, _other, "rate")


@register_kl(Bernoulli, Poisson)
def _kl_bernoulli_poisson(p: Any, q: Any) -> torch.Tensor:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)
