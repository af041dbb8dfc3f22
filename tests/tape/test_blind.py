"""Gradients that PyTorch leaves undefined: none comes back to reflections when there are none."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import compat


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
