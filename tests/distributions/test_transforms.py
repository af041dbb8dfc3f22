"""Transforms beside PyTorch's: both ways, volumes, shapes, caches, errors; the registry."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import compat
from tests.distributions.test_families import same, told
from tests.support.both import both

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

_X = np.linspace(-1.4, 1.7, 24).reshape(2, 4, 3)
_SIX = np.linspace(-1.0, 1.2, 12).reshape(2, 6)
_POSITIVE = np.linspace(0.1, 2.4, 24).reshape(2, 4, 3)
_SQUARE = np.linspace(-1.0, 1.4, 18).reshape(2, 3, 3)

TRANSFORMS: dict[str, tuple[Any, Any]] = {
    "Abs": (lambda d, t: d.AbsTransform(), _X),
    "Affine": (lambda d, t: d.AffineTransform(1.0, -2.0), _X),
    "Affine-tensors": (lambda d, t: d.AffineTransform(t([1.0, 2.0, 3.0]), t([[2.0], [-1.0], [1.0],
                                                                           [3.0]])), _X),
    "Affine-events": (lambda d, t: d.AffineTransform(t([1.0, 2.0, 3.0]), t([2.0, -1.0, 3.0]),
                                                   event_dim=1), _X),
    "Affine-events-number": (lambda d, t: d.AffineTransform(1.0, 3, event_dim=2), _X),
    "Cat": (lambda d, t: d.CatTransform([d.ExpTransform(), d.TanhTransform()], dim=1,
                                      lengths=[1, 3]), _X),
    "Cat-first": (lambda d, t: d.CatTransform([d.ExpTransform(), d.identity_transform]), _X),
    "Compose": (lambda d, t: d.ComposeTransform([d.TanhTransform(), d.AffineTransform(2.0, 0.5),
                                               d.ExpTransform()]), _X),
    "Compose-events": (lambda d, t: d.ComposeTransform([d.AffineTransform(0.0, 2.0),
                                                      d.StickBreakingTransform(),
                                                      d.ExpTransform()]), _X),
    "CorrCholesky": (lambda d, t: d.CorrCholeskyTransform(), _SIX),
    "Cumulative": (lambda d, t: d.CumulativeDistributionTransform(d.Normal(t(0.5), t(2.0))), _X),
    "Exp": (lambda d, t: d.ExpTransform(), _X),
    "Exp-inverse": (lambda d, t: d.ExpTransform().inv, _POSITIVE),
    "Independent": (lambda d, t: d.IndependentTransform(d.ExpTransform(), 2), _X),
    "LowerCholesky": (lambda d, t: d.LowerCholeskyTransform(), _SQUARE),
    "PositiveDefinite": (lambda d, t: d.PositiveDefiniteTransform(), _SQUARE),
    "Power": (lambda d, t: d.PowerTransform(t([2.0, -1.0, 0.5])), _POSITIVE),
    "Power-number": (lambda d, t: d.PowerTransform(3), _POSITIVE),
    "Reshape": (lambda d, t: d.ReshapeTransform((4, 3), (2, 6)), _X),
    "Sigmoid": (lambda d, t: d.SigmoidTransform(), _X),
    "Softplus": (lambda d, t: d.SoftplusTransform(), _X),
    "Tanh": (lambda d, t: d.TanhTransform(), _X),
    "Softmax": (lambda d, t: d.SoftmaxTransform(), _X),
    "Stack": (lambda d, t: d.StackTransform([d.ExpTransform(), d.AffineTransform(1.0, 2.0),
                                           d.TanhTransform()], dim=2), _X),
    "StickBreaking": (lambda d, t: d.StickBreakingTransform(), _X),
    "identity": (lambda d, t: d.identity_transform, _X),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSFORMS)
def test_both_ways(name: str) -> None:
    make, x = TRANSFORMS[name]
    answers = []
    for torch in (compat, oracle):
        def tensor(data: Any, torch: Any = torch) -> Any:
            return torch.tensor(data, dtype=torch.float64)

        transform = make(torch.distributions, tensor)
        given = torch.tensor(x, requires_grad=True)
        y = transform(given)
        back = transform.inv(y)
        shape, twice = torch.Size(x.shape), {"retain_graph": True}
        volume = told(lambda: transform.log_abs_det_jacobian(given, y))  # noqa: B023
        inverse = told(lambda: transform.inv.log_abs_det_jacobian(y, given))  # noqa: B023
        grads = torch.autograd.grad(y.sin().sum(), given, **twice)
        if not isinstance(volume, str) and volume.requires_grad:
            grads += torch.autograd.grad(volume.sum(), given, **twice)
        said = repr((
            transform, transform.inv, transform.inv.inv, told(lambda: transform.domain),  # noqa: B023
            told(lambda: transform.codomain), transform.bijective, transform.inv.bijective,  # noqa: B023
            told(lambda: transform.event_dim), told(lambda: transform.sign),  # noqa: B023
            transform.domain.event_dim, transform.codomain.event_dim,
            tuple(transform.forward_shape(shape)), tuple(transform.inverse_shape(y.shape)),
            transform == transform, transform == transform.inv.inv, transform != transform.inv,
            transform == make(torch.distributions, tensor),
            repr(transform.with_cache(1)), transform.with_cache(1)._cache_size,
        ))  # fmt: skip
        answers.append((y, back, volume, inverse, *grads, said.replace("compat_nn", "torch.nn")))
    same(*answers, name, 1e-6, 1e-8)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_cache_remembers(name: str) -> None:
    make, x = TRANSFORMS[name]
    for torch in (compat, oracle):
        transform = make(torch.distributions, torch.tensor).with_cache()
        given = torch.tensor(x)
        y = transform(given)
        assert transform.inv(y) is given or not getattr(transform, "parts", True), torch
        assert transform(given) is y or not getattr(transform, "parts", True)


@both
def test_shapes_and_errors(torch: Any, note: Any) -> None:
    d, t = torch.distributions, torch.tensor
    note(lambda: d.ExpTransform(cache_size=2))
    note(lambda: d.Transform()._call(1))
    note(lambda: d.Transform().sign)
    note(lambda: d.ReshapeTransform((2,), (3,)))
    note(lambda: d.ReshapeTransform((2,), (1, 2)).forward_shape((3,)))
    note(lambda: d.ReshapeTransform((2,), (1, 2)).forward_shape(()))
    note(lambda: d.ReshapeTransform((2,), (1, 2)).inverse_shape((3, 2)))
    note(lambda: d.StickBreakingTransform().forward_shape(()))
    note(lambda: d.SoftmaxTransform().inverse_shape(()))
    note(lambda: d.CorrCholeskyTransform().forward_shape((4,)))
    note(lambda: d.CorrCholeskyTransform().inverse_shape((3, 4)))
    note(lambda: d.IndependentTransform(d.ExpTransform(), 2)(torch.ones(2)))
    note(lambda: d.AffineTransform(t([1.0, 2.0]), 2.0).forward_shape((3, 1)))
    note(lambda: d.PowerTransform(t([1.0, 2.0])).inverse_shape((1,)))
    note(lambda: d.AffineTransform(1.0, t([2.0, -1.0, 0.0])).sign)
    note(lambda: hash(d.ExpTransform()))
    cat = d.CatTransform([d.ExpTransform(), d.TanhTransform()], dim=1, lengths=[1, 2])
    stack = d.StackTransform([d.ExpTransform(), d.TanhTransform()], dim=1)
    for x in (torch.ones(2, 2), torch.ones(3, 4)):
        note(lambda: cat(x))  # noqa: B023
        note(lambda: stack.inv(x))  # noqa: B023
        note(lambda: stack.log_abs_det_jacobian(torch.ones(2, 2), x))  # noqa: B023
    note(lambda: d.CatTransform([d.ExpTransform()], lengths=[1, 2]))
    note(lambda: d.StackTransform([3]))
    made = d.TransformedDistribution
    normal = d.Normal(0.0, 1.0)
    note(lambda: made(normal, [d.StickBreakingTransform()]))
    note(lambda: made(normal, 3))
    note(lambda: made(normal, [3]))
    note(lambda: made(normal, d.ExpTransform()).mean)
    note(lambda: made(normal, []).support)
    note(lambda: made(normal, [d.AbsTransform()]).log_prob(t(1.0)))
    note(lambda: made(normal, d.AffineTransform(0.0, t([1.0, 2.0]))).batch_shape)
    note(lambda: made(d.Normal(torch.zeros(4, 3), 1.0), d.ReshapeTransform((4, 3), (12,))).support)
    note(lambda: made(normal, d.ExpTransform()).log_prob(t(-1.0)))
    note(lambda: made(normal, [d.AffineTransform(1.0, -2.0)]).cdf(t([0.0, 3.0])))
    note(lambda: made(normal, [d.AffineTransform(1.0, -2.0)]).icdf(t([0.1, 0.7])))


def test_copies_and_files() -> None:
    d = compat.distributions
    whole = d.ComposeTransform([d.ExpTransform(), d.AffineTransform(1.0, 2.0)])
    assert whole.inv is whole.inv and whole.inv.inv is whole
    for twin in (copy.deepcopy(whole), pickle.loads(pickle.dumps(whole))):
        assert twin == whole and twin.inv(twin(compat.tensor(0.5))).item() == pytest.approx(0.5)
    back = pickle.loads(pickle.dumps(d.ExpTransform().inv))
    assert back(compat.tensor(1.0)).item() == 0
    normal = pickle.loads(pickle.dumps(d.Normal(0.0, 2.0)))
    assert repr(normal) == "Normal(loc: 0.0, scale: 2.0)"


_KINDS = (
    "real", "positive", "nonnegative", "unit_interval", "simplex", "real_vector", "corr_cholesky",
    "lower_cholesky", "positive_definite", "positive_semidefinite", "boolean",
    "nonnegative_integer", "one_hot", "square", "dependent",
)  # fmt: skip


@both
def test_registry(torch: Any, note: Any) -> None:
    d, t = torch.distributions, torch.tensor
    c = d.constraints
    kinds = [getattr(c, name) for name in _KINDS] + [
        c.greater_than(2.0), c.less_than(2.0), c.interval(1.0, 2.0), c.half_open_interval(1.0, 2.0),
        c.greater_than_eq(1.0), c.independent(c.positive, 1), c.cat([c.real, c.positive]),
        c.stack([c.real, c.positive]), c.interval(t([0.0, 1.0]), t([2.0, 3.0])), 3,
    ]  # fmt: skip
    x = t([[0.3, -1.2]])
    for one in kinds:
        note(lambda: d.biject_to(one))  # noqa: B023
        note(lambda: d.transform_to(one))  # noqa: B023
        note(lambda: d.biject_to(one)(x))  # noqa: B023
        note(lambda: d.transform_to(one)(x))  # noqa: B023
    note(lambda: d.biject_to.register(d.Normal, lambda c: None))
    registry = d.constraint_registry.ConstraintRegistry()
    registry.register(c.real, lambda constraint: d.ExpTransform())
    note(lambda: registry(c.real))
    note(lambda: registry(c.positive))
