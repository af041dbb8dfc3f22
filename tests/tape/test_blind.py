"""Gradients that PyTorch leaves undefined: to no reflections, through counts."""

from __future__ import annotations

from typing import Any

import pytest

import compat

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.parametrize("create", [False, True])
def test_reflections(count: int, create: bool) -> None:
    def grads(t: Any) -> list[Any]:
        a = t.ones(3, count, requires_grad=True)
        tau = t.ones(count, requires_grad=True)
        other = t.ones(3, 2, requires_grad=True)
        made = t.ormqr(a, tau, other).sum() + t.linalg.householder_product(a, tau).sum()
        made.backward(create_graph=create)
        return [None if one.grad is None else tuple(one.grad.shape) for one in (a, tau, other)]

    assert grads(compat) == grads(torch)


def test_the_norm_of_order_0() -> None:
    def grads(t: Any) -> list[Any]:
        found = []
        norm = t.linalg.vector_norm
        for counted in (t.norm, norm, t.masked.norm, lambda x, p: norm(x, p) * x.sum()):
            x = t.arange(3.0).requires_grad_()
            counted(x, 0).backward()
            found.append(None if x.grad is None else x.grad.tolist())
        x = t.arange(3.0).requires_grad_()
        with pytest.raises(RuntimeError) as raised:
            t.autograd.grad(x.norm(0), x)
        return [*found, str(raised.value)]

    assert grads(compat) == grads(torch)
