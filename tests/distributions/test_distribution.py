"""What all distributions share: checks with PyTorch's words, expanding, classes of one's own."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.support.both import both

pytestmark = pytest.mark.oracle


@both
def test_refused_parameters(torch: Any, note: Any) -> None:
    d, t = torch.distributions, torch.tensor
    nan = float("nan")
    note(lambda: d.Normal(0.0, -1.0))
    note(lambda: d.Normal(t([0.0, nan]), t([1.0, -1.0])))
    note(lambda: d.Normal("a", 1.0))
    note(lambda: d.Normal(0.0, t([1.0]), validate_args=False))
    note(lambda: d.Categorical())
    note(lambda: d.Categorical(t([0.5]), t([0.5])))
    note(lambda: d.Categorical(t(1.0)))
    note(lambda: d.Categorical(logits=t(1.0)))
    note(lambda: d.Categorical(t([0.5, -0.5])))
    note(lambda: d.Categorical(logits=t([0.5, nan])))
    for name in ("Bernoulli", "Geometric", "ContinuousBernoulli", "Multinomial", "Binomial",
                 "OneHotCategorical"):  # fmt: skip
        kind = getattr(d, name)
        note(lambda: kind())  # noqa: B023
        note(lambda: kind(probs=t([0.5]), logits=t([0.5])))  # noqa: B023
        note(lambda: kind(logits=t([nan, 0.5])))  # noqa: B023
    note(lambda: d.Bernoulli(2.0))
    note(lambda: d.Uniform(1.0, t([0.0, 2.0])))
    note(lambda: d.MultivariateNormal(torch.zeros(3)))
    note(lambda: d.MultivariateNormal(t(0.0), torch.eye(3)))
    for name in ("covariance_matrix", "precision_matrix", "scale_tril"):
        note(lambda: d.MultivariateNormal(torch.zeros(3), **{name: torch.zeros(3)}))  # noqa: B023
        note(lambda: d.MultivariateNormal(torch.zeros(3), **{name: -torch.eye(3)}))  # noqa: B023
        note(lambda: d.Wishart(t(4.0), **{name: torch.zeros(3)}))  # noqa: B023
    note(lambda: d.MultivariateNormal(torch.zeros(3), torch.eye(3), torch.eye(3)))
    for name in ("LogNormal", "LogisticNormal", "Gumbel", "Pareto", "Weibull", "InverseGamma",
                 "Kumaraswamy", "FisherSnedecor", "Gamma", "Laplace", "Cauchy", "VonMises",
                 "Beta"):  # fmt: skip
        note(lambda: getattr(d, name)(1.0, -1.0))  # noqa: B023
        note(lambda: getattr(d, name)(nan, 1.0))  # noqa: B023
    for name in ("HalfNormal", "HalfCauchy", "Chi2", "StudentT", "Exponential", "Poisson",
                 "Geometric"):  # fmt: skip
        note(lambda: getattr(d, name)(-1.0))  # noqa: B023
    note(lambda: d.StudentT(1.0, nan, -1.0))
    note(lambda: d.Dirichlet(t(1.0)))
    note(lambda: d.Dirichlet(t([1.0, -2.0])))
    note(lambda: d.LKJCholesky(1))
    note(lambda: d.LKJCholesky(3, -1.0))
    note(lambda: d.Geometric(t([0.5, 0.0])))
    note(lambda: d.NegativeBinomial(-1, t(0.5)))
    note(lambda: d.NegativeBinomial(2, t(1.0)))
    note(lambda: d.Binomial(1.5, t(0.5)))
    note(lambda: d.ContinuousBernoulli(2.0))
    note(lambda: d.ContinuousBernoulli(2.0, validate_args=True))
    note(lambda: d.GeneralizedPareto(0.0, -1.0, 1.0))
    note(lambda: d.RelaxedBernoulli(t(1.0), t(2.0)))
    note(lambda: d.RelaxedOneHotCategorical(t(1.0), logits=t([1.0, nan])))
    note(lambda: d.Multinomial(t(3), torch.ones(2)))
    note(lambda: d.Wishart(t(4.0)))
    note(lambda: d.Wishart(t(1.0), torch.eye(2)))
    note(lambda: d.Wishart(t([1.5, 3.0]), torch.eye(2)))
    low = d.LowRankMultivariateNormal
    note(lambda: low(t(0.0), torch.ones(2, 1), torch.ones(2)))
    note(lambda: low(torch.zeros(2), torch.ones(2), torch.ones(2)))
    note(lambda: low(torch.zeros(2), torch.ones(3, 1), torch.ones(2)))
    note(lambda: low(torch.zeros(2), torch.ones(2, 1), torch.ones(3)))
    note(lambda: low(torch.zeros(4, 2), torch.ones(3, 2, 1), torch.ones(2)))
    mixed = d.MixtureSameFamily
    normal = d.Normal(torch.zeros(2), 1.0)
    note(lambda: mixed(normal, normal))
    note(lambda: mixed(d.Categorical(torch.ones(2)), 3))
    note(lambda: mixed(d.Categorical(torch.ones(3)), normal))
    note(lambda: mixed(d.Categorical(torch.ones(4, 2)), d.Normal(torch.zeros(3, 2), 1.0)))
    note(lambda: d.Independent(d.Normal(0.0, 1.0), 1))


@both
def test_refused_values(torch: Any, note: Any) -> None:
    d, t = torch.distributions, torch.tensor
    normal = d.Normal(torch.zeros(3), 1.0)
    note(lambda: normal.log_prob(1.0))
    note(lambda: normal.log_prob(t(float("nan"))))
    note(lambda: normal.log_prob(torch.zeros(4)))
    vectors = d.MultivariateNormal(torch.zeros(3), torch.eye(3))
    note(lambda: vectors.log_prob(torch.zeros(4)))
    note(lambda: vectors.log_prob(t(0.0)))
    note(lambda: d.Bernoulli(0.5).log_prob(t(2.0)))
    note(lambda: d.Categorical(torch.ones(3)).log_prob(t(3)))
    note(lambda: d.Categorical(torch.ones(3)).log_prob(t([1.5, 1.0])))
    note(lambda: d.Uniform(0.0, 1.0).log_prob(t(2.0)))
    note(lambda: d.Uniform(0.0, 1.0, validate_args=False).log_prob(t([2.0, 0.5])))
    note(lambda: d.Multinomial(3, torch.ones(2)).log_prob(t([1.0, 3.0])))
    note(lambda: d.Dirichlet(torch.ones(2)).log_prob(t([0.5, 0.6])))
    note(lambda: d.Beta(1.0, 2.0).log_prob(t(1.5)))
    note(lambda: d.LogNormal(0.0, 1.0).log_prob(t(-1.0)))
    note(lambda: d.LogNormal(0.0, 1.0).cdf(t(-1.0)))
    note(lambda: d.HalfNormal(1.0).log_prob(t(-1.0)))
    note(lambda: d.HalfNormal(1.0).log_prob(1.0))
    note(lambda: d.HalfNormal(1.0, validate_args=False).log_prob(t([-1.0, 1.0])))
    note(lambda: d.HalfCauchy(1.0).log_prob(1.0))
    note(lambda: d.Gamma(1.0, 1.0).log_prob(1))
    note(lambda: d.Weibull(1.0, 1.0).cdf(t(-1.0)))
    note(lambda: d.Pareto(1.0, 1.0).cdf(t(0.5)))
    note(lambda: d.Normal(0.0, 1.0, validate_args=False).log_prob(3))
    note(lambda: d.Binomial(t([3.0, 4.0]), t(0.5)).enumerate_support())
    note(lambda: d.Binomial(t([3.0, 4.0]), t(0.5)).entropy())
    note(lambda: d.Independent(d.Categorical(torch.ones(2, 3)), 1).enumerate_support())
    note(lambda: normal.sample(3))
    note(lambda: normal.sample_n(2).shape)
    note(lambda: normal.enumerate_support())
    note(lambda: d.Poisson(1.0).entropy())


@both
def test_base(torch: Any, note: Any) -> None:
    d, t = torch.distributions, torch.tensor
    base = d.Distribution(validate_args=False)
    for name in ("rsample", "sample", "entropy", "perplexity", "enumerate_support"):
        note(lambda: getattr(base, name)())  # noqa: B023
    for name in ("mean", "mode", "variance", "stddev", "support", "arg_constraints"):
        note(lambda: getattr(base, name))  # noqa: B023
    note(lambda: base.expand([2]))
    note(lambda: d.Distribution.set_default_validate_args(3))

    class Own(d.Normal):
        def __init__(self) -> None:
            super().__init__(0.0, 1.0)

    note(lambda: Own().expand([2]))
    note(lambda: Own().log_prob(t(0.5)))

    class Wide(d.Normal):
        def __init__(self, loc: Any, scale: Any, more: Any, validate_args: Any = None) -> None:
            self.more = more
            super().__init__(loc, scale, validate_args)

        def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
            new = self._get_checked_instance(Wide, _instance)
            new.more = self.more
            return super().expand(batch_shape, _instance=new)

    note(lambda: Wide(0.0, 1.0, 3).expand([2]))
    note(lambda: Wide(0.0, 1.0, 3).expand([2]).more)

    class Squashed(d.TransformedDistribution):
        arg_constraints = {"loc": d.constraints.real}

        def __init__(self, loc: Any) -> None:
            self.loc = loc
            super().__init__(d.Normal(loc, 1.0), [d.TanhTransform(cache_size=1)])

    torch.manual_seed(1)
    squashed = Squashed(t([0.1, 0.2]))
    drawn = squashed.rsample()
    note(lambda: (squashed, drawn, squashed.log_prob(drawn)))
    note(lambda: squashed.expand([3, 2]))

    class Even(d.constraints.greater_than):
        def check(self, value: Any) -> Any:
            return value.remainder(2).eq(0) & super().check(value)

    class Paired(d.Poisson):
        support = Even(-1.0)

    note(lambda: Paired(3.0).log_prob(t([2.0, 4.0])))
    note(lambda: Paired(3.0).log_prob(t([2.0, 3.0])))

    class Bare(d.Distribution):
        pass

    note(lambda: Bare())
    note(lambda: Bare().log_prob(t(1.0)))

    d.Distribution.set_default_validate_args(False)
    try:
        note(lambda: d.Normal(0.0, -1.0))
        note(lambda: d.Categorical(torch.ones(3)).support)
    finally:
        d.Distribution.set_default_validate_args(True)


@both
def test_batches_of_one_and_numbers(torch: Any, note: Any) -> None:
    d, t = torch.distributions, torch.tensor
    torch.manual_seed(5)
    note(lambda: d.Normal(t([0.5]), 1))
    note(lambda: d.Normal(0, 1).sample())
    note(lambda: d.Normal(True, 1))
    note(lambda: d.Normal(t(1, dtype=torch.float64), 1).loc)
    note(lambda: d.Bernoulli(0).sample())
    note(lambda: d.Categorical(t([1, 2, 3])).probs)
    note(lambda: d.Categorical(t([1.0, 3.0])).sample((2, 3)))
    note(lambda: d.Categorical(torch.ones(2, 3)).mean)
    note(lambda: d.Categorical(torch.ones(4, 1, 3)).log_prob(t([0, 1])))
    note(lambda: d.Uniform(0.0, t([1.0, 2.0])).support)
    note(lambda: d.GeneralizedPareto(0.0, 1.0, t([0.5, -0.5, 0.0])).support)
    note(lambda: d.GeneralizedPareto(0.0, 1.0, t([0.5, -0.5, 0.0, 0.2, 1.5])).variance)
    note(lambda: d.Multinomial(3, torch.ones(2)).sample((2,)))
    note(lambda: d.LogisticNormal(0.0, 1.0).sample())
    note(lambda: d.LKJCholesky(3).sample())
    note(lambda: d.HalfNormal(1).icdf(t(0.3)))
    note(lambda: d.Bernoulli(t([0.5, 0.2, 0.7])).mode)
    note(lambda: d.Dirichlet(t([[0.5, 0.7], [1.0, 3.0]])).mode)
    note(lambda: d.StudentT(t([0.5, 1.5, 2.5])).variance)
    note(lambda: d.VonMises(t(0.0), t(1e-6)).sample((2,)))


@both
def test_utilities(torch: Any, note: Any) -> None:
    u, t = torch.distributions.utils, torch.tensor
    note(lambda: u.broadcast_all(1, t([2.0, 3.0], dtype=torch.float64), t([[1.0]])))
    note(lambda: u.broadcast_all(1, 2))
    note(lambda: u.broadcast_all("a"))
    note(lambda: u.probs_to_logits(t([0.0, 0.3, 1.0])))
    note(lambda: u.probs_to_logits(t([0.0, 0.3, 1.0]), is_binary=True))
    note(lambda: u.logits_to_probs(t([0.0, 0.3, 1.0])))
    note(lambda: u.logits_to_probs(t([0.0, 0.3, 1.0]), True))
    note(lambda: u.clamp_probs(t([0.0, 0.3, 1.0], dtype=torch.float64)))
    matrix = torch.arange(9.0).reshape(3, 3)
    for diag in (-2, -1, 0, 1, 2, 3):
        note(lambda: u.tril_matrix_to_vec(matrix, diag))  # noqa: B023
        note(lambda: u.vec_to_tril_matrix(u.tril_matrix_to_vec(matrix, diag), diag))  # noqa: B023
    note(lambda: u.vec_to_tril_matrix(torch.ones(4)))

    class Lazy:
        made = 0

        @u.lazy_property
        def value(self) -> Any:
            Lazy.made += 1
            return t(2.0)

    lazy = Lazy()
    note(lambda: (lazy.value, lazy.value, Lazy.made, isinstance(Lazy.value, property)))


@both
def test_inside_of_traces(torch: Any, note: Any) -> None:
    d, t = torch.distributions, torch.tensor
    x = t([0.5, 1.0])
    score = lambda m: d.Normal(m, 1.0).log_prob(x).sum()  # noqa: E731
    note(lambda: torch.func.grad(score)(t([0.0, 1.0])))
    note(lambda: torch.func.vmap(score)(torch.zeros(3, 2)))
    note(lambda: torch.func.hessian(score)(t([0.0, 1.0])))
    chosen = lambda p: d.Categorical(p).log_prob(t(1))  # noqa: E731
    note(lambda: torch.func.vmap(chosen)(t([[0.2, 0.8], [1.0, 3.0]])))


@both
def test_types(torch: Any, note: Any) -> None:
    d = torch.distributions
    torch.manual_seed(0)
    one, wide = torch.ones(3), torch.ones(3).double()
    for name in ("Normal", "Uniform", "Gamma", "Laplace", "Cauchy"):
        kind = getattr(d, name)
        note(lambda: kind(one - 1 if name == "Uniform" else one, 2 * wide).sample())  # noqa: B023
    for dtype in (torch.float16, torch.bfloat16):
        note(lambda: d.Normal(one.to(dtype), 1.0).sample())  # noqa: B023
        note(lambda: d.Categorical(one.to(dtype)).sample((4,)))  # noqa: B023
        note(lambda: d.Bernoulli(one.to(dtype) / 2).sample())  # noqa: B023
    for dtype in (torch.float16, torch.bfloat16):  # sums are 1 to rounding
        thirds = torch.full((3,), 1 / 3, dtype=dtype)
        note(lambda: d.Categorical(thirds).probs)  # noqa: B023
        note(lambda: d.Dirichlet(torch.ones(3).to(dtype)).log_prob(thirds))  # noqa: B023
        note(lambda: d.constraints.interval(0.0, 1 / 3).check(thirds))  # noqa: B023
        note(lambda: (thirds == 1 / 3, thirds > 1 / 3, thirds < 0.3334))  # noqa: B023
    note(lambda: d.Normal(torch.tensor([1, 2]), 1).sample())
    note(lambda: d.Normal(torch.nn.Parameter(torch.zeros(1)), 1.0))
    note(lambda: d.Normal(torch.zeros(0), torch.ones(0)).sample())
    note(lambda: d.Categorical(torch.ones(0, 3)).sample())
    note(lambda: d.Categorical(torch.ones(3)).sample((0,)))


def test_unmodified_imports() -> None:
    code = (
        "import compat, sys; compat.install()\n"
        "assert 'compat.distributions' not in sys.modules\n"
        "import torch; torch.distributions.Normal\n"
        "from torch.distributions import Categorical, constraints, kl_divergence\n"
        "from torch.distributions.multivariate_normal import MultivariateNormal\n"
        "import torch.distributions as D\n"
        "import torch.distributions.transforms as T\n"
        "assert D.Categorical is Categorical and T.ExpTransform is D.ExpTransform\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
