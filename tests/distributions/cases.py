"""Every distribution with some parameters: how to make it with either library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    """`make(torch, *parameters)` gives the distribution; parameters become float64 tensors that
    require gradients."""

    make: Callable[..., Any]
    parameters: tuple[Any, ...] = ()


_SPD = [[2.0, 0.4, 0.1], [0.4, 1.5, -0.3], [0.1, -0.3, 0.8]]
_TRIL = [[1.2, 0.0, 0.0], [0.4, 0.9, 0.0], [-0.3, 0.2, 0.7]]
_LOC = [[0.5, -1.0, 2.0], [0.0, 0.3, -0.2]]
_SOME = [0.3, 1.0, 4.0]
_CHANCES = [0.2, 0.5, 0.93]
_WEIGHTS = [[0.2, 0.5, 0.3], [2.0, 1.0, 1.0]]
_LOGITS = [[0.2, -1.5, 0.3], [2.0, 1.0, 1.0]]


def _plain(name: str) -> Callable[..., Any]:
    return lambda torch, *given: getattr(torch.distributions, name)(*given)


def _keyword(name: str, keyword: str, *first: Any) -> Callable[..., Any]:
    return lambda torch, given: getattr(torch.distributions, name)(*first, **{keyword: given})


CASES: dict[str, Case] = {
    "Bernoulli": Case(_plain("Bernoulli"), (_CHANCES,)),
    "Bernoulli-logits": Case(_keyword("Bernoulli", "logits"), (_SOME,)),
    "Beta": Case(_plain("Beta"), (_SOME, [2.0, 3.0, 0.6])),
    "Binomial": Case(_keyword("Binomial", "probs", 5), (_CHANCES,)),
    "Binomial-logits": Case(_keyword("Binomial", "logits", 40), (_SOME,)),
    "Categorical": Case(_plain("Categorical"), (_WEIGHTS,)),
    "Categorical-logits": Case(_keyword("Categorical", "logits"), (_LOGITS,)),
    "Cauchy": Case(_plain("Cauchy"), (_SOME, [2.0, 3.0, 0.6])),
    "Chi2": Case(_plain("Chi2"), ([0.7, 3.0, 9.0],)),
    "ContinuousBernoulli": Case(_plain("ContinuousBernoulli"), (_CHANCES,)),
    "ContinuousBernoulli-logits": Case(_keyword("ContinuousBernoulli", "logits"), (_SOME,)),
    "Dirichlet": Case(_plain("Dirichlet"), (_WEIGHTS,)),
    "Exponential": Case(_plain("Exponential"), (_SOME,)),
    "FisherSnedecor": Case(_plain("FisherSnedecor"), ([1.0, 3.0, 8.0], [1.5, 3.0, 9.0])),
    "Gamma": Case(_plain("Gamma"), (_SOME, [2.0, 3.0, 0.6])),
    "GeneralizedPareto": Case(
        _plain("GeneralizedPareto"), ([0.0, 1.0, -1.0], [0.5, 1.0, 2.0], [0.3, -0.4, 0.0])
    ),
    "Geometric": Case(_plain("Geometric"), (_CHANCES,)),
    "Geometric-logits": Case(_keyword("Geometric", "logits"), (_SOME,)),
    "Gumbel": Case(_plain("Gumbel"), (_SOME, [2.0, 3.0, 0.6])),
    "HalfCauchy": Case(_plain("HalfCauchy"), (_SOME,)),
    "HalfNormal": Case(_plain("HalfNormal"), (_SOME,)),
    "Independent": Case(
        lambda torch, loc, scale: torch.distributions.Independent(
            torch.distributions.Normal(loc, scale), 1
        ), (_LOC, [2.0, 3.0, 0.6]),
    ),
    "InverseGamma": Case(_plain("InverseGamma"), ([0.7, 1.5, 4.0], [2.0, 3.0, 0.6])),
    "Kumaraswamy": Case(_plain("Kumaraswamy"), ([0.7, 1.5, 4.0], [2.0, 3.0, 0.6])),
    "LKJCholesky": Case(lambda torch, c: torch.distributions.LKJCholesky(3, c), ([0.5, 2.0],)),
    "Laplace": Case(_plain("Laplace"), (_SOME, [2.0, 3.0, 0.6])),
    "LogNormal": Case(_plain("LogNormal"), (_SOME, [0.5, 1.0, 0.6])),
    "LogisticNormal": Case(_plain("LogisticNormal"), (_LOC, [0.5, 1.0, 0.6])),
    "LowRankMultivariateNormal": Case(
        _plain("LowRankMultivariateNormal"),
        (_LOC, [[1.0, 0.3], [0.2, -0.4], [0.5, 0.6]], [0.5, 1.0, 0.7]),
    ),
    "MixtureSameFamily": Case(
        lambda torch, weights, loc, scale: torch.distributions.MixtureSameFamily(
            torch.distributions.Categorical(weights), torch.distributions.Normal(loc, scale)
        ), (_WEIGHTS, _LOC, [0.5, 1.0, 0.7]),
    ),
    "MixtureSameFamily-vectors": Case(
        lambda torch, weights, loc: torch.distributions.MixtureSameFamily(
            torch.distributions.Categorical(weights),
            torch.distributions.Independent(torch.distributions.Normal(loc, 1.0), 1),
        ), ([0.2, 0.8], _LOC),
    ),
    "Multinomial": Case(_keyword("Multinomial", "probs", 5), (_WEIGHTS,)),
    "Multinomial-logits": Case(_keyword("Multinomial", "logits", 3), (_LOGITS,)),
    "MultivariateNormal": Case(_plain("MultivariateNormal"), (_LOC, _SPD)),
    "MultivariateNormal-precision": Case(
        lambda torch, loc, matrix: torch.distributions.MultivariateNormal(
            loc, precision_matrix=matrix
        ), (_LOC, _SPD),
    ),
    "MultivariateNormal-tril": Case(
        lambda torch, loc, matrix: torch.distributions.MultivariateNormal(
            loc, scale_tril=matrix.expand(2, 3, 3)
        ), (_LOC[0], _TRIL),
    ),
    "NegativeBinomial": Case(_keyword("NegativeBinomial", "probs", 3), (_CHANCES,)),
    "NegativeBinomial-logits": Case(
        lambda torch, count, logits: torch.distributions.NegativeBinomial(count, logits=logits),
        (_SOME, [0.2, -1.0, 0.5]),
    ),
    "Normal": Case(_plain("Normal"), (_SOME, [2.0, 3.0, 0.6])),
    "Normal-numbers": Case(lambda torch: torch.distributions.Normal(0.5, 2)),
    "OneHotCategorical": Case(_plain("OneHotCategorical"), (_WEIGHTS,)),
    "OneHotCategoricalStraightThrough": Case(
        _keyword("OneHotCategoricalStraightThrough", "logits"), (_LOGITS,)
    ),
    "Pareto": Case(_plain("Pareto"), (_SOME, [0.7, 1.5, 4.0])),
    "Poisson": Case(_plain("Poisson"), ([0.3, 4.0, 25.0],)),
    "RelaxedBernoulli": Case(_plain("RelaxedBernoulli"), (0.7, _CHANCES)),
    "RelaxedBernoulli-logits": Case(
        lambda torch, logits: torch.distributions.RelaxedBernoulli(
            torch.tensor([0.4]), logits=logits
        ), (_SOME,),
    ),
    "RelaxedOneHotCategorical": Case(_plain("RelaxedOneHotCategorical"), (0.7, _WEIGHTS)),
    "RelaxedOneHotCategorical-logits": Case(
        lambda torch, logits: torch.distributions.RelaxedOneHotCategorical(
            torch.tensor(0.4), logits=logits
        ), (_LOGITS,),
    ),
    "StudentT": Case(_plain("StudentT"), ([0.7, 1.5, 6.0], _SOME, [2.0, 3.0, 0.6])),
    "TransformedDistribution": Case(
        lambda torch, loc, scale: torch.distributions.TransformedDistribution(
            torch.distributions.Normal(loc, scale),
            [torch.distributions.AffineTransform(1.0, -0.5), torch.distributions.TanhTransform()],
        ), ([0.1, -0.4], [0.5, 1.0]),
    ),
    "TransformedDistribution-vectors": Case(
        lambda torch, loc, scale: torch.distributions.TransformedDistribution(
            torch.distributions.Normal(loc, 1.0),
            [torch.distributions.StickBreakingTransform(), torch.distributions.ExpTransform(),
             torch.distributions.AffineTransform(0.0, scale)],
        ), ([0.1, -0.4], [[0.5], [1.0]]),
    ),
    "Uniform": Case(_plain("Uniform"), ([0.0, -1.0, 2.0], [1.0, 3.0, 2.5])),
    "VonMises": Case(_plain("VonMises"), ([0.3, -1.0, 3.0], [0.1, 2.0, 30.0])),
    "Weibull": Case(_plain("Weibull"), (_SOME, [0.7, 1.5, 4.0])),
    "Wishart": Case(_plain("Wishart"), ([4.0, 6.5], _SPD)),
    "Wishart-precision": Case(
        lambda torch, matrix: torch.distributions.Wishart(
            torch.tensor(5.0, dtype=matrix.dtype), precision_matrix=matrix
        ), (_SPD,),
    ),
}  # fmt: skip


def made(torch: Any, name: str, dtype: str = "float64") -> tuple[Any, list[Any]]:
    """A distribution of the table with either library, and its parameters."""
    case = CASES[name]
    given = [
        torch.tensor(np.asarray(one, dtype).tolist(), dtype=getattr(torch, dtype),
                     requires_grad=True)
        for one in case.parameters
    ]  # fmt: skip
    return case.make(torch, *given), given
