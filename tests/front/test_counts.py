"""Bins, differences, copies of views and normalisations with statistics, beside PyTorch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.both import both


@both
def test_histograms(torch: Any, note: Any) -> None:
    torch.manual_seed(0)
    x, w = torch.randn(40), torch.rand(40)
    note(lambda: torch.histogram(x, 5))
    note(lambda: torch.histogram(x, 4, range=(-1.0, 1.5), weight=w, density=True))
    note(lambda: torch.histogram(x, torch.tensor([-2.0, -0.5, 0.25, 3.0])))
    note(lambda: torch.histogram(torch.ones(3), 3))
    rows = torch.rand(30, 2)
    note(lambda: torch.histogramdd(rows, [2, 3], weight=torch.rand(30)))
    note(lambda: torch.histogramdd(rows, 2, range=[0.0, 0.5, 0.25, 1.0], density=True))
    note(lambda: torch.histogram(x, 0))
    note(lambda: torch.nonzero_static(torch.tensor([[0, 1], [1, 1]]), size=4))
    note(lambda: torch.nonzero_static(torch.tensor([0, 1, 1]), size=1, fill_value=7))
    note(lambda: torch.hash_tensor(x, 0, keepdim=True))


@both
def test_gradients_of_sampled_functions(torch: Any, note: Any) -> None:
    x = torch.linspace(0, 3, 20).view(4, 5).square()
    for settings in ({}, {"spacing": 0.5}, {"dim": 1}, {"dim": (1, 0), "edge_order": 2},
                     {"spacing": (2.0, 0.5)},
                     {"spacing": [torch.tensor([0.0, 1, 3, 4]), torch.tensor([0.0, 1, 2, 4, 5])]},
                     {"edge_order": 3}, {"dim": (0, 0)}):  # fmt: skip
        note(lambda settings=settings: torch.gradient(x, **settings))


@both
@pytest.mark.parametrize("name", ["transpose", "permute", "unbind", "split", "t", "narrow"])
def test_copies_of_views(torch: Any, note: Any, name: str) -> None:
    x = torch.arange(6.0).view(2, 3).requires_grad_()
    given = {"transpose": (0, 1), "permute": ((1, 0),), "split": (2, 1), "narrow": (1, 1, 2)}
    made = getattr(torch, f"{name}_copy")(x, *given.get(name, ()))
    for one in made if isinstance(made, tuple) else (made,):
        note(lambda one=one: one.detach())
        note(lambda one=one: (one.stride(), one.sum().backward(), x.grad))
        with torch.no_grad():
            one.zero_()
    note(lambda: x)


@both
def test_pieces_may_be_written(torch: Any, note: Any) -> None:
    x = torch.arange(6.0).requires_grad_()
    for piece in (*torch.unsafe_split(x * 1, 4), *torch.unsafe_chunk(x * 1, 2)):
        note(lambda piece=piece: piece.mul_(2).sum().item())
    base, src = torch.zeros(3, 3), torch.ones(2, 2)
    note(lambda: torch.as_strided_scatter(base, src, (2, 2), (1, 2)))
    note(lambda: base)


@both
def test_normalisations_with_statistics(torch: Any, note: Any) -> None:
    torch.manual_seed(0)
    x, w, b = torch.randn(3, 4, 5), torch.rand(4), torch.rand(4)
    note(lambda: torch.native_layer_norm(x, [5], torch.rand(5), None, 1e-5))
    note(lambda: torch.native_group_norm(x, w, b, 3, 4, 5, 2, 1e-5))
    mean, var = torch.zeros(4), torch.ones(4)
    for training in (True, False):
        note(lambda training=training: torch.native_batch_norm(
            x, w, b, mean, var, training, 0.1, 1e-5))  # fmt: skip
    note(lambda: (mean, var))
    note(lambda: torch.native_layer_norm(x, [4], None, None, 1e-5))


@both
@pytest.mark.parametrize("how", ["prod", "mean", "amax", "amin"])
def test_reductions_at_an_index(torch: Any, note: Any, how: str) -> None:
    x = torch.tensor([[1.0, 0, 3], [4, 5, 0], [2, 2, 2]]).requires_grad_()
    source = torch.tensor([[2.0, 0, 1], [0, 3, 1], [1, 1, 4], [5, 6, 7]]).requires_grad_()
    index = torch.tensor([0, 2, 0, 2])
    for include in (True, False):
        made = torch.index_reduce(x, 0, index, source, how, include_self=include)
        note(lambda made=made: made)
        if how == "prod":
            note(lambda made=made: torch.autograd.grad(made.square().sum(), (x, source)))
    note(lambda: torch.index_reduce(x, 0, index, source, "sum"))
