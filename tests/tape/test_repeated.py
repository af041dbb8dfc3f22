"""Gradients of a weight that is used many times: those of PyTorch, by fewer products."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import compat
from compat.engine.recorder import local

LAYERS: dict[str, Any] = {
    "GRU": lambda nn: nn.GRU(6, 8),
    "LSTM": lambda nn: nn.LSTM(6, 8, bias=False),
    "RNN": lambda nn: nn.RNN(6, 8),
    "GRUCell": lambda nn: nn.GRUCell(6, 8),
    "LSTMCell": lambda nn: nn.LSTMCell(6, 8),
    "RNNCell": lambda nn: nn.RNNCell(6, 8),
}


def unrolled(library: Any, layer: str, steps: int, change: Any = None) -> list[Any]:
    """The gradients of a network that reads a sequence step by step, and its loss."""
    library.manual_seed(0)
    nn, F = library.nn, library.nn.functional
    table, head, cell = nn.Embedding(11, 6), nn.Linear(8, 11), LAYERS[layer](nn)
    turn = nn.Parameter(library.randn(8, 8) / 3)
    parameters = [*table.parameters(), *head.parameters(), *cell.parameters(), turn]
    if change is not None:
        change(library, table, head, cell)
    words = library.arange(steps * 2).reshape(steps, 2) * 7 % 11
    state, loss = None, 0
    for step in range(steps):
        x = table(words[step])
        if layer.endswith("Cell"):
            state = cell(x, state)
            out = state[0] if layer == "LSTMCell" else state
        else:
            out, state = cell(x[None], state)
            out = out[0]
        loss = loss + F.cross_entropy(head(out.mm(turn)), words[(step + 1) % steps])
        if step == 2:
            loss = loss + (head.weight**2).sum()
    loss.backward()
    grads = [None if one.grad is None else one.grad.numpy() for one in parameters]
    return [*grads, loss.detach().numpy()]


def compare(*how: Any) -> None:
    torch = pytest.importorskip("torch")
    for mine, theirs in zip(unrolled(compat, *how), unrolled(torch, *how), strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None:
            np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("layer", LAYERS)
def test_step_by_step_as_pytorch(layer: str) -> None:
    for steps in (1, 2, 3, 9, 14):
        compare(layer, steps)


def _frozen(library: Any, table: Any, head: Any, cell: Any) -> None:
    head.weight.requires_grad_(False)
    cell.weight_hh.requires_grad_(False)


def _by_frequency(library: Any, table: Any, head: Any, cell: Any) -> None:
    table.scale_grad_by_freq = True


def _hooked(library: Any, table: Any, head: Any, cell: Any) -> None:
    cell.weight_ih.register_hook(lambda grad: grad * 3)
    head.bias.register_hook(lambda grad: grad - 1)


def _padded(library: Any, table: Any, head: Any, cell: Any) -> None:
    table.padding_idx = 3


@pytest.mark.oracle
@pytest.mark.parametrize("change", [_frozen, _by_frequency, _hooked, _padded])
def test_what_weights_may_have(change: Any) -> None:
    compare("GRUCell", 9, change)


def test_uses_are_one_product() -> None:
    """A backward of eight steps has one entry for the weight's gradient beside the first step's."""
    weight, x = compat.randn(4, 4, requires_grad=True), compat.randn(8, 2, 4)
    state = compat.zeros(2, 4)
    for step in range(8):
        state = compat.tanh(compat.nn.functional.linear(state + x[step], weight))
    loss = state.sum()
    before = len(local.section.wiring)
    loss.backward()
    recorded = local.section.wiring[before:]
    makes_weight = [
        spec for spec in recorded
        if not isinstance(spec, int) and any(out.shape == (4, 4) for out in spec.outs)
    ]  # fmt: skip
    assert [spec.name for spec in makes_weight] == [
        "linear_backward", "linear_backward", "accumulate",
    ]  # fmt: skip


def test_a_graph_that_is_kept_and_one_that_is_differentiated_again() -> None:
    weight, x = compat.randn(3, 3, requires_grad=True), compat.randn(2, 3)
    state = x
    for _ in range(4):
        state = compat.tanh(state.mm(weight))
    loss = (state**2).sum()
    loss.backward(retain_graph=True)
    first = weight.grad.clone()
    loss.backward()
    compat.testing.assert_close(weight.grad, 2 * first)
    start, square = compat.eye(3, dtype=compat.float64), weight.detach().double()
    assert compat.autograd.gradgradcheck(
        lambda w: start.mm(w).mm(w).mm(w).sum(), square.requires_grad_()
    )


def test_each_use_has_the_weight_of_its_time() -> None:
    """A use whose weight was overwritten since is refused, as ever."""
    weight, x = compat.ones(2, 2, requires_grad=True), compat.ones(1, 2)
    y = x.mm(weight).mm(weight).mm(weight)
    with compat.no_grad():
        weight.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
