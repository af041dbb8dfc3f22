"""Searching and counting agree with PyTorch, errors included."""

from typing import Any

import pytest

from tests.support.both import both


@both
@pytest.mark.parametrize("right", [False, True])
def test_searchsorted(torch: Any, note: Any, right: bool) -> None:
    edges = torch.tensor([1.0, 3.0, 3.0, 7.0])
    rows = torch.stack([edges, edges + 1])
    note(lambda: torch.searchsorted(edges, 3, right=right))
    note(lambda: torch.searchsorted(edges, torch.tensor([[0.0, 3.0], [7.5, 2.0]]), right=right))
    each = torch.tensor([[3.0], [4.0]])
    note(lambda: torch.searchsorted(rows, each, right=right, out_int32=True))
    note(lambda: torch.bucketize(torch.tensor([2, 3, 9]), torch.tensor([1, 3, 5]), right=right))
    note(lambda: torch.searchsorted(edges, 3.0, side="left", right=right))
    note(lambda: torch.bucketize(edges, rows))


@both
def test_counting(torch: Any, note: Any) -> None:
    whole = torch.tensor([4, 1, 1, 0])
    note(lambda: torch.bincount(whole))
    note(lambda: torch.bincount(whole, torch.tensor([0.5, 1.0, 2.0, 3.0]), 7))
    note(lambda: torch.bincount(torch.tensor([1, -1])))
    note(lambda: torch.bincount(whole.view(2, 2)))
    note(lambda: torch.isin(whole, torch.tensor([1, 9])))
    note(lambda: torch.isin(whole, 4, invert=True))
    for bounds in ((5, 0, 0), (4, 0, 4), (3, -1, 2), (3, 2, 1), (0, 0, 1)):
        note(lambda bounds=bounds: torch.histc(whole.float(), *bounds))
    note(lambda: torch.histc(torch.ones(3), 4))
    note(lambda: torch.histc(whole))


@both
@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_quantiles(torch: Any, note: Any, name: str) -> None:
    data = torch.tensor([[3.0, 1.0, 2.0, 9.0], [4.0, 8.0, 0.5, 7.0]])
    find = getattr(torch, name)
    for how in ("linear", "lower", "higher", "midpoint", "nearest"):
        note(lambda how=how: find(data, 0.4, dim=1, interpolation=how))
    note(lambda: find(data, torch.tensor([0.1, 0.9]), dim=0, keepdim=True))
    note(lambda: find(data, 0.25))
    note(lambda: find(data, 1.5))
    note(lambda: find(data, torch.tensor([0.1], dtype=torch.float64)))
    note(lambda: find(data.long(), 0.5))


@both
def test_medians_and_modes(torch: Any, note: Any) -> None:
    data = torch.tensor([[3.0, float("nan"), 1.0, 3.0], [2.0, 2.0, 5.0, 5.0]], requires_grad=True)
    note(lambda: torch.nanmedian(data))
    note(lambda: torch.nanmedian(data, 1))
    note(lambda: torch.mode(data.detach().nan_to_num(0.0), 1))
    torch.nanmedian(data, 1)[0].sum().backward()
    note(lambda: data.grad)
