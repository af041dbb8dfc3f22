"""Indices out of range are refused at the call where the host knows them, in PyTorch's words."""

from typing import Any

import pytest

from tests.support.both import both


@both
@pytest.mark.parametrize("wrong", [5, 100, -1, -6])
def test_each_op_says_what_is_wrong(torch: Any, note: Any, wrong: int) -> None:
    x, index, two = torch.arange(5.0), torch.tensor([1, wrong]), torch.ones(2)
    if wrong != -1:
        note(lambda: x.index_fill(0, index, 1.0))
        note(lambda: x.take(index))
        note(lambda: x.put(index, two))
    note(lambda: x.gather(0, index))
    note(lambda: x.scatter(0, index, 1.0))
    note(lambda: x.scatter_add(0, index, two))
    note(lambda: x.index_select(0, index))
    note(lambda: x.index_add(0, index, two))
    note(lambda: torch.nn.functional.embedding(index, x.view(5, 1)))


@both
def test_a_view_of_an_index_is_judged_by_what_it_shows(torch: Any, note: Any) -> None:
    index = torch.tensor([1, 2, 100])[:2]
    x = torch.arange(5.0)
    note(lambda: x[index])
    note(lambda: x.gather(0, index))
    note(lambda: x.index_select(0, torch.tensor([[0, 9], [3, 9]])[:, 0]))


@both
def test_truth_values_add_up_by_or(torch: Any, note: Any) -> None:
    x = torch.tensor([True, False, False])
    index, given = torch.tensor([0, 1, 1]), torch.tensor([False, True, False])
    note(lambda: x.scatter_add(0, index, given))
    note(lambda: x.index_add(0, index, given))
    note(lambda: x.index_put((index,), given, accumulate=True))
    note(lambda: x.put(index, given, accumulate=True))
