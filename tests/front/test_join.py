"""Joining, splitting and combining agree with PyTorch, errors included."""

from typing import Any

import pytest

from tests.support.both import both


@both
def test_at_least_and_stacks(torch: Any, note: Any) -> None:
    vectors = [torch.arange(3.0), torch.arange(3.0) + 1]
    number = torch.tensor(5.0)
    for name in ("atleast_1d", "atleast_2d", "atleast_3d"):
        note(lambda name=name: getattr(torch, name)(number))
        note(lambda name=name: getattr(torch, name)(*vectors, number))
    for name in ("hstack", "vstack", "dstack", "column_stack"):
        note(lambda name=name: getattr(torch, name)(vectors))
        note(lambda name=name: getattr(torch, name)([number, number]))


@both
def test_block_diag_and_choices(torch: Any, note: Any) -> None:
    note(lambda: torch.block_diag(torch.ones(2, 2).long(), torch.zeros(1, 3), torch.tensor(4)))
    note(lambda: torch.cartesian_prod(torch.arange(2), torch.arange(3)))
    note(lambda: torch.cartesian_prod(torch.arange(2)))
    for r in (1, 2, 3, 5):
        note(lambda r=r: torch.combinations(torch.arange(4) * 2, r))
    note(lambda: torch.combinations(torch.arange(3), 2, with_replacement=True))
    note(lambda: torch.vander(torch.arange(4), 3, increasing=True))
    note(lambda: torch.unravel_index(torch.tensor([5, 0, 11]), (3, 4)))


@both
@pytest.mark.parametrize("name", ["hsplit", "vsplit", "dsplit"])
def test_splits(torch: Any, note: Any, name: str) -> None:
    cube = torch.arange(48).view(4, 4, 3)
    split = getattr(torch, name)
    for how in (2, 3, (1, 2), [1]):
        note(lambda how=how: split(cube, how))
    note(lambda: split(torch.zeros(()), 1))
    note(lambda: getattr(cube, name)(1, 2))


@both
def test_chain_matmul_with_gradient(torch: Any, note: Any) -> None:
    sizes = [(10, 2), (2, 30), (30, 3), (3, 5)]
    chain = [torch.linspace(0.1, 1, a * b).view(a, b).requires_grad_() for a, b in sizes]
    made = torch.chain_matmul(*chain)
    note(lambda: made.detach())
    made.sum().backward()
    note(lambda: [one.grad for one in chain])
