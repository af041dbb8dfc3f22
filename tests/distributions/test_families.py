"""Every distribution beside PyTorch's: what it says of itself, densities, moments, samples."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import compat
from tests.distributions.cases import CASES, made

oracle = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore:Singular sample")]
names = pytest.mark.parametrize("name", CASES)
BOTH = (compat, oracle)


def told(step: Callable[[], Any]) -> Any:
    """What a step gives, or the error that it raises."""
    try:
        return step()
    except Exception as error:
        return f"{type(error).__name__}: {error}".replace("compat.", "torch.")


def same(ours: Any, theirs: Any, what: str, rtol: float = 1e-6, atol: float = 1e-8) -> None:
    if isinstance(theirs, oracle.Tensor):
        assert isinstance(ours, compat.Tensor), f"{what}: {ours}"
        assert tuple(ours.shape) == tuple(theirs.shape), what
        assert str(ours.dtype) == str(theirs.dtype), what
        mine, yours = ours.detach().numpy(), theirs.detach().numpy()
        assert np.allclose(mine, yours, rtol, atol, equal_nan=True), f"{what}:\n{mine}\n{yours}"
    elif isinstance(theirs, tuple):
        assert len(ours) == len(theirs), what
        for mine, yours in zip(ours, theirs, strict=True):
            same(mine, yours, what, rtol, atol)
    else:
        assert type(ours).__name__ == type(theirs).__name__, f"{what}: {ours!r}, {theirs!r}"
        assert repr(ours) == repr(theirs), what


def gradients(torch: Any, result: Any, parameters: list[Any]) -> Any:
    """Of a weighed sum of the result by every parameter."""
    if not isinstance(result, torch.Tensor) or not result.requires_grad:
        return None
    weights = torch.arange(1, result.numel() + 1, dtype=result.dtype).sin().reshape(result.shape)
    kept = torch.where(result.isfinite(), result, torch.zeros_like(result))
    try:
        found = torch.autograd.grad((kept * weights).sum(), parameters, allow_unused=True)
    except NotImplementedError as error:
        return str(error)
    return tuple(torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters))


def beside(
    name: str, step: Callable[[Any, Any], Any], rtol: float = 1e-6, atol: float = 1e-8,
    slopes: bool = True, slope_rtol: float | None = None, dtype: str = "float64",
) -> None:  # fmt: skip
    """A step on a distribution gives the same with both libraries, and so do gradients."""
    results, grads = [], []
    if name == "GeneralizedPareto":  # PyTorch's works in the default type alone
        dtype, rtol, atol = "float32", 1e-5, 1e-5
    for torch in BOTH:
        torch.manual_seed(3)
        distribution, parameters = made(torch, name, dtype)
        results.append(told(lambda: step(torch, distribution)))  # noqa: B023
        if slopes:
            grads.append(gradients(torch, results[-1], parameters))
    same(*results, f"{name}", rtol, atol)
    if slopes and not isinstance(grads[1], str):  # we have some that PyTorch lacks
        same(*grads, f"gradient of {name}", slope_rtol or 10 * rtol, max(atol, 10 * rtol / 100))


@names
def test_what_it_says_of_itself(name: str) -> None:
    def step(torch: Any, d: Any) -> Any:
        return repr((
            d, d.batch_shape, d.event_shape, d.has_rsample, d.has_enumerate_support,
            told(lambda: d.support), told(lambda: d.support.event_dim),
            told(lambda: d.support.is_discrete), dict(d.arg_constraints),
            name.startswith("Geometric") or told(lambda: d.param_shape), d._validate_args,
            d._extended_shape((7,)),
        ))  # fmt: skip

    beside(name, step, slopes=False)


@names
@pytest.mark.parametrize("attribute", ["mean", "mode", "variance", "stddev"])
def test_moments(name: str, attribute: str) -> None:
    beside(name, lambda torch, d: getattr(d, attribute), slopes=attribute != "mode")


@names
def test_entropy(name: str) -> None:
    beside(name, lambda torch, d: d.entropy())
    beside(name, lambda torch, d: d.perplexity(), slopes=False)




@names
def test_log_prob(name: str) -> None:
    oracle.manual_seed(11)
    drawn = made(oracle, name)[0].sample((4,)).numpy()
    beside(name, lambda torch, d: d.log_prob(torch.tensor(drawn)), 1e-6, 1e-7)

    def by_value(torch: Any, d: Any) -> Any:
        value = torch.tensor(drawn, dtype=torch.float64, requires_grad=True)
        result = d.log_prob(value)
        if not result.requires_grad:
            return result
        return torch.autograd.grad(result.sum(), value, allow_unused=True)[0]

    beside(name, by_value, 1e-5, 1e-6, slopes=False)


@names
def test_cdf_and_icdf(name: str) -> None:
    oracle.manual_seed(11)
    drawn = made(oracle, name)[0].sample((4,)).numpy()
    beside(name, lambda torch, d: d.cdf(torch.tensor(drawn)), 1e-6, 1e-7)
    shape = drawn.shape
    chances = np.linspace(0.05, 0.95, drawn.size).reshape(shape)
    beside(name, lambda torch, d: d.icdf(torch.tensor(chances)), 1e-6, 1e-7)


@names
def test_enumerate_support(name: str) -> None:
    beside(name, lambda torch, d: d.enumerate_support(), slopes=False)
    beside(name, lambda torch, d: d.enumerate_support(expand=False), slopes=False)


@names
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_samples_follow_the_stream(name: str, dtype: str) -> None:
    loose = {"float64": 1e-6, "float32": 3e-4}[dtype]
    beside(name, lambda torch, d: (d.sample(), d.sample((2, 3)), d.sample(torch.Size([17]))),
           loose, loose, slopes=False, dtype=dtype)  # fmt: skip
    beside(name, lambda torch, d: (d.sample((9,)), torch.rand(2)), loose, loose, slopes=False,
           dtype=dtype)  # fmt: skip


@names
def test_rsample(name: str) -> None:
    # PyTorch's derivatives of gamma and beta quantiles are right to three digits.
    near = any(one in name for one in ("Beta", "Dirichlet", "Gamma", "Chi2", "StudentT", "Fisher",
                                       "Wishart"))  # fmt: skip
    beside(name, lambda torch, d: d.rsample((2,)), slope_rtol=3e-3 if near else None,
           slopes=not name.startswith("Wishart"))  # PyTorch's raises an error


@names
def test_expand(name: str) -> None:
    oracle.manual_seed(11)
    drawn = made(oracle, name)[0].sample().numpy()

    def step(torch: Any, d: Any) -> Any:
        wide = d.expand((4,) + tuple(d.batch_shape))
        value = torch.tensor(drawn)
        return (
            repr(wide), repr(wide.batch_shape), repr(wide.event_shape), wide.log_prob(value),
            told(lambda: wide.mean), told(lambda: wide.variance), wide.sample(),
            told(lambda: wide.expand((2,) + tuple(wide.batch_shape)).log_prob(value)),
        )  # fmt: skip

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        beside(name, step, slopes=False)
