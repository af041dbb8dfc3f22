"""Symbolic numbers are Python's, and conditions choose, as in PyTorch."""

from typing import Any

import compat
from tests.support.both import both


@both
def test_numbers(torch: Any, note: Any) -> None:
    note(lambda: (torch.sym_max(1, 2.0), torch.sym_max(2, 1.0), torch.sym_min(3, 5)))
    note(lambda: (torch.sym_int(2.7), torch.sym_int(-2.7), torch.sym_float(2), torch.sym_sqrt(4)))
    note(lambda: (torch.sym_sum([1, 2]), torch.sym_not(True), torch.sym_ite(True, 1, 2)))


def test_conditions() -> None:
    x = compat.arange(3.0, requires_grad=True)
    for pred in (True, compat.tensor(True), x.sum() > 1):
        made = compat.cond(pred, lambda a: a * 2, lambda a: -a, (x,))
        assert made.tolist() == [0, 2, 4]
    made.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2, 2, 2]
    assert compat.cond(False, lambda: 1, lambda: 2) == 2


@both
def test_ranges(torch: Any, note: Any) -> None:
    note(lambda: torch.sym_constrain_range(5, min=6))
    note(lambda: torch.sym_constrain_range(5, max=2))
    note(lambda: torch.sym_constrain_range(5, min=6, max=2))
    note(lambda: torch.sym_constrain_range_for_size(-1))
    note(lambda: torch.sym_constrain_range_for_size(3, max=3))
    note(lambda: isinstance(3, torch.SymInt))
