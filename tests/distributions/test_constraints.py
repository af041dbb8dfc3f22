"""Constraints beside PyTorch's: what they are called, and what they let through."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.both import both

pytestmark = pytest.mark.oracle

_NUMBERS = [-1.5, -1.0, -0.0, 0.0, 0.3, 1.0, 2.0, 2.5, float("inf"), float("nan")]
_VECTORS = [[0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.5, 0.7, -0.2], [1.0, 1.0, 1.0], [2.0, 0.0, 1.0]]
_MATRICES = [
    [[1.0, 0.0], [0.6, 0.8]], [[1.0, 0.5], [0.5, 1.0]], [[1.0, 2.0], [2.0, 1.0]],
    [[1.0, 1.0], [1.0, 1.0]], [[-1.0, 0.0], [0.0, 1.0]], [[1.0, 0.2], [0.3, 1.0]],
    [[0.0, 0.0], [0.0, 0.0]],
]  # fmt: skip


@both
def test_numbers(torch: Any, note: Any) -> None:
    c = torch.distributions.constraints
    x = torch.tensor(_NUMBERS)
    whole = torch.tensor([-1, 0, 1, 3])
    for one in (
        c.boolean, c.real, c.positive, c.nonnegative, c.unit_interval, c.nonnegative_integer,
        c.positive_integer, c.greater_than(0.3), c.greater_than_eq(0.3), c.less_than(0.3),
        c.interval(0.3, 2), c.half_open_interval(0.3, 2), c.integer_interval(0, 2),
        c.interval(torch.tensor(0.3), 2.0), c._IntegerLessThan(2),
    ):  # fmt: skip
        note(lambda: (one, one.is_discrete, one.event_dim, one.check(x)))  # noqa: B023
        note(lambda: one.check(whole))  # noqa: B023


@both
def test_vectors_and_matrices(torch: Any, note: Any) -> None:
    c = torch.distributions.constraints
    for one in (c.simplex, c.one_hot, c.multinomial(2), c.real_vector,
                c.independent(c.positive, 1)):  # fmt: skip
        note(lambda: (one, one.is_discrete, one.event_dim))  # noqa: B023
        note(lambda: one.check(torch.tensor(_VECTORS)))  # noqa: B023
    for one in (
        c.lower_triangular, c.lower_cholesky, c.corr_cholesky, c.square, c.symmetric,
        c.positive_semidefinite, c.positive_definite, c.independent(c.real, 2),
    ):  # fmt: skip
        note(lambda: (one, one.is_discrete, one.event_dim))  # noqa: B023
        note(lambda: one.check(torch.tensor(_MATRICES)))  # noqa: B023
        note(lambda: one.check(torch.tensor(_MATRICES[0])))  # noqa: B023
    wide = torch.ones(2, 3, 4)
    for one in (c.square, c.symmetric, c.positive_definite):
        note(lambda: one.check(wide))  # noqa: B023


@both
def test_made_of_others(torch: Any, note: Any) -> None:
    c, t = torch.distributions.constraints, torch.tensor
    for one in (
        c.cat([c.positive, c.real], 1, [1, 2]), c.stack([c.real, c.positive, c.boolean], -1),
        c.cat([c.boolean] * 5), c.stack([c.boolean] * 5),
    ):  # fmt: skip
        note(lambda: (one, one.is_discrete, one.event_dim, one.check(t(_VECTORS))))  # noqa: B023
    mixture = c.MixtureSameFamilyConstraint(c.simplex)
    note(lambda: (mixture, mixture.event_dim, mixture.is_discrete, mixture.check(t(_VECTORS))))
    note(lambda: c.MixtureSameFamilyConstraint(c.interval(t([0.0, 1.0]), 2.0)).check(t(_VECTORS)))
    note(lambda: c.independent(c.real, 2).check(t(1.0)))
    note(lambda: c.cat([3]))
    note(lambda: c.cat([c.real], lengths=[1, 2]))
    note(lambda: c.stack([c.real], 1).check(torch.ones(2)))
    note(lambda: c.dependent)
    note(lambda: c.dependent.event_dim)
    note(lambda: c.dependent(event_dim=2).event_dim)
    note(lambda: c.dependent.check(1))
    note(lambda: (c.is_dependent(c.dependent), c.is_dependent(c.real)))
    note(lambda: c.Constraint().check(1))

    class Owner:
        @c.dependent_property
        def plain(self) -> Any:
            return c.real

        @c.dependent_property(is_discrete=True, event_dim=1)
        def told(self) -> Any:
            return c.one_hot

    note(lambda: (Owner.plain, c.is_dependent(Owner.plain), Owner.told.event_dim))
    note(lambda: (Owner().plain, Owner().told, Owner.told.is_discrete))
    note(lambda: Owner.plain.is_discrete)


def test_names() -> None:
    oracle = pytest.importorskip("torch")
    import compat

    for module in ("constraints", "transforms", "kl", "constraint_registry"):
        ours = getattr(compat.distributions, module)
        theirs = getattr(oracle.distributions, module)
        assert set(theirs.__all__) == set(ours.__all__)
        assert all(hasattr(ours, name) for name in theirs.__all__)
    assert set(oracle.distributions.__all__) == set(compat.distributions.__all__)
