"""What comes back through many views of a tensor: the gradients of PyTorch, by fewer entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compat
from compat.engine.recorder import local

SHAPE = (4, 6, 8)
VIEWS: list[Callable[[Any], Any]] = [
    lambda x: x[1],
    lambda x: x[:, -1],
    lambda x: x[..., 2:5],
    lambda x: x[..., ::3],
    lambda x: x[2:, 1:4],
    lambda x: x[3, 5, 7],
    lambda x: x.chunk(2, -1)[1],
    lambda x: x.split([1, 5], 1)[1],
    lambda x: x.unbind(0)[2],
    lambda x: x.transpose(0, 2)[4],
    lambda x: x[1].T,
    lambda x: x.reshape(-1)[7:99],
    lambda x: x.unfold(2, 4, 2),  # windows overlap: its elements are not in different places
    lambda x: x[0, 0].expand(3, 8),
    lambda x: x[:, 2:2],
    lambda x: x[1:3][0][2:],
]
WAYS: list[Callable[[Any], Any]] = [
    lambda x: list(x.chunk(4, -1)),
    lambda x: list(x.split([1, 2, 3], 1)),
    lambda x: list(x.unbind(1)),
    lambda x: [x[:, at] for at in range(6)],
    lambda x: [x[at : at + 1] for at in (2, 0, 3, 1)],
    lambda x: [x[..., at::2] for at in range(2)],
    lambda x: [part.unbind(0)[1] for part in x.chunk(2, -1)],
]


def gradient(library: Any, source: int, views: list[int], ways: list[int], used: bool) -> Any:
    """The gradient of a leaf, of which, or of what is made of it, views are taken."""
    numbers = np.sin(np.arange(4 * 6 * 8, dtype=np.float32)).reshape(SHAPE)
    leaf = library.tensor(numbers, requires_grad=True)
    x = [leaf, leaf * 2, (leaf * 2).transpose(0, 1).contiguous().transpose(0, 1)][source]
    taken = [VIEWS[at](x) for at in views]
    taken += [one for at in ways for one in WAYS[at](x)]
    loss = (x.cos() * 3).sum() if used else 0
    for at, one in enumerate(taken, 1):
        loss = loss + (one * at).sin().sum()
    loss.backward()
    return leaf.grad.numpy()


@pytest.mark.oracle
@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2),
    st.lists(st.integers(0, len(VIEWS) - 1), max_size=5),
    st.lists(st.integers(0, len(WAYS) - 1), max_size=2),
    st.booleans(),
)
def test_as_pytorch(source: int, views: list[int], ways: list[int], used: bool) -> None:
    torch = pytest.importorskip("torch")
    case = source, views or [0], ways, used
    np.testing.assert_allclose(
        gradient(compat, *case), gradient(torch, *case), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("way", range(len(WAYS) - 1))
def test_one_entry_for_all(way: int) -> None:
    leaf = compat.ones(SHAPE, requires_grad=True)
    x = leaf * 2
    parts = WAYS[way](x)
    grads = [compat.full_like(one, float(at)) for at, one in enumerate(parts)]
    before = len(local.section.values)
    compat.autograd.backward(parts, grads)
    assert len(local.section.values) - before == 2  # all pieces, and the product's
    expected = compat.zeros(SHAPE)
    for at, one in enumerate(WAYS[way](expected)):
        one.fill_(2.0 * at)
    np.testing.assert_array_equal(leaf.grad.numpy(), expected.numpy())


def test_hooks_see_the_sum() -> None:
    leaf = compat.ones(4, requires_grad=True)
    x, seen = leaf * 1, []
    x.register_hook(lambda gradient: seen.append(gradient.tolist()))
    (x[0] + 2 * x[1] + 3 * x[0]).backward()
    assert seen == [[4, 2, 0, 0]]


def test_again_and_to_any_order() -> None:
    x = compat.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = (x[0] * x[1] * x[2]) + x[:2].prod()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [16, 8, 4]
    (first,) = compat.autograd.grad((x[0] * x[1] * x[2]), x, create_graph=True)
    (second,) = compat.autograd.grad(first[0], x)
    assert second.tolist() == [0, 3, 2]
