"""Divergences beside PyTorch's, for every pair that it has a formula for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import compat
from tests.distributions.cases import CASES, made
from tests.distributions.test_families import gradients, same, told
from tests.support.both import both

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


def _pairs() -> list[tuple[str, str]]:
    from torch.distributions.kl import _KL_REGISTRY

    of_class: dict[str, list[str]] = {}
    for name in CASES:
        of_class.setdefault(name.split("-")[0], []).append(name)
    found = [
        (left, right)
        for p, q in _KL_REGISTRY
        for left in of_class.get(p.__name__, ())
        for right in of_class.get(q.__name__, ())
    ]
    return found + [("Wishart", "Wishart-precision"), ("Chi2", "Gamma"), ("LogNormal", "LogNormal")]


@pytest.mark.parametrize(("left", "right"), _pairs(), ids=str)
def test_every_pair(left: str, right: str) -> None:
    results, grads = [], []
    for torch in (compat, oracle):
        (p, mine), (q, theirs) = made(torch, left), made(torch, right)
        if left == right:  # not the same parameters
            theirs = [(one.detach() * 0.9).requires_grad_() for one in theirs]
            if theirs and theirs[0].dim() == 2:
                theirs[0] = theirs[0].detach().flip(-1).requires_grad_()
            q = CASES[right].make(torch, *theirs)
        results.append(told(lambda: torch.distributions.kl_divergence(p, q)))  # noqa: B023
        grads.append(gradients(torch, results[-1], [*mine, *theirs]))
    same(*results, f"{left} {right}", 1e-5, 1e-7)
    if not isinstance(grads[1], str):
        same(*grads, f"gradient of {left} {right}", 1e-5, 1e-6)


# Supports that reach out of each other, and some that touch.
@pytest.mark.parametrize("low,high", [(0.0, 1.0), (0.2, 0.7), (-0.5, 0.5), (0.5, 2.0), (1.0, 3.0)])
def test_uniform_beside_others(low: float, high: float) -> None:
    answers = []
    for torch in (compat, oracle):
        d = torch.distributions
        p = d.Uniform(torch.tensor([low]), torch.tensor([high]))
        others = [
            d.Uniform(0.1, 0.9), d.Beta(2.0, 3.0), d.ContinuousBernoulli(torch.tensor([0.3])),
            d.Exponential(2.0), d.Gamma(2.0, 3.0), d.Pareto(0.2, 2.0), d.Gumbel(0.1, 2.0),
            d.Normal(0.0, 1.0),
        ]  # fmt: skip
        back = [d.Beta(torch.tensor([2.0]), 3.0), d.ContinuousBernoulli(torch.tensor([0.3]))]
        answers.append((*[d.kl_divergence(p, q) for q in others],
                        *[d.kl_divergence(q, p) for q in back]))  # fmt: skip
    same(*answers, f"{low} to {high}", 1e-5, 1e-5)


@both
def test_ends_and_errors(torch: Any, note: Any) -> None:
    d, t = torch.distributions, torch.tensor
    kl = d.kl_divergence
    chances = t([0.0, 0.5, 1.0])
    note(lambda: kl(d.Bernoulli(chances.repeat(3)), d.Bernoulli(chances.repeat_interleave(3))))
    note(lambda: kl(d.Categorical(t([0.0, 1.0])), d.Categorical(t([[0.0, 1.0], [1.0, 0.0]]))))
    note(lambda: kl(d.Binomial(3, t(0.5)), d.Binomial(4, t(0.5))))
    note(lambda: kl(d.Binomial(5, t(0.5)), d.Binomial(4, t(0.5))))
    note(lambda: kl(d.Poisson(1.0), d.Binomial(4, t(0.5))))
    note(lambda: kl(d.Pareto(1.0, t([0.5, 1.5, 3.0])), d.Normal(0.0, 1.0)))
    note(lambda: kl(d.Pareto(1.0, t([0.5, 1.5, 3.0])), d.Pareto(t([[0.5], [2.0]]), 1.0)))
    note(lambda: kl(d.Normal(0.0, 1.0), d.Wishart(t(3.0), torch.eye(2))))
    note(lambda: kl(d.StudentT(2.0), d.Normal(0.0, 1.0)))
    note(lambda: kl(d.LogNormal(0.0, 1.0), d.Gumbel(0.0, 1.0)))
    two, three = torch.zeros(2), torch.zeros(3)
    note(lambda: kl(d.MultivariateNormal(two, torch.eye(2)),
                    d.MultivariateNormal(three, torch.eye(3))))  # fmt: skip
    low = d.LowRankMultivariateNormal(two, torch.ones(2, 1), torch.ones(2))
    note(lambda: kl(low, d.MultivariateNormal(three, torch.eye(3))))
    note(lambda: kl(d.LowRankMultivariateNormal(three, torch.ones(3, 1), torch.ones(3)), low))
    note(lambda: kl(d.Independent(d.Normal(two, 1.0), 1), d.Independent(d.Normal(two, 2.0), 0)))


@both
def test_registering(torch: Any, note: Any) -> None:
    d = torch.distributions

    class Mine(d.Normal):
        pass

    class Yours(d.Normal):
        pass

    p, q = Mine(0.0, 1.0), Yours(1.0, 2.0)
    note(lambda: d.kl_divergence(p, q))
    d.register_kl(Mine, d.Normal)(lambda p, q: torch.tensor(1.0))
    note(lambda: d.kl_divergence(p, q))
    d.register_kl(d.Normal, Yours)(lambda p, q: torch.tensor(2.0))
    note(lambda: d.kl_divergence(p, q))  # ambiguous: warns
    d.register_kl(Mine, Yours)(lambda p, q: torch.tensor(3.0))
    note(lambda: d.kl_divergence(p, q))
    note(lambda: d.register_kl(3, d.Normal))


def test_by_sampling() -> None:
    """The formulas are means of log p - log q: for pairs written anew, by numbers."""
    d = compat.distributions
    compat.manual_seed(0)
    for p, q in (
        (d.Gumbel(0.3, 0.5), d.Normal(0.0, 1.0)), (d.Beta(2.0, 3.0), d.Gamma(2.0, 3.0)),
        (d.Uniform(0.2, 0.9), d.Beta(2.0, 3.0)), (d.Normal(0.3, 0.5), d.Laplace(0.0, 1.0)),
        (d.Gamma(3.0, 2.0), d.Gumbel(0.5, 1.0)),
    ):  # fmt: skip
        x = p.sample((40_000,))
        mean = (p.log_prob(x) - q.log_prob(x)).mean().item()
        assert np.isclose(d.kl_divergence(p, q).item(), mean, rtol=0.05), (p, q)
