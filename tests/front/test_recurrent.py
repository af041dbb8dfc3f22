"""Recurrent layers over packed sequences and with projections, beside PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import compat
from compat.engine import report
from compat.front import recurrent

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

LAYERS = [
    ("LSTM", {"num_layers": 2, "bidirectional": True}),
    ("LSTM", {"num_layers": 2, "proj_size": 2, "batch_first": True}),
    ("GRU", {"num_layers": 2, "bidirectional": True, "bias": False}),
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu"}),
]


def _run(lib: Any, name: str, settings: dict[str, Any], packed: bool) -> list[np.ndarray]:
    """Outputs, last states and the gradients of everything, from the same seed."""
    lib.manual_seed(1)
    layer = getattr(lib.nn, name)(3, 4, **settings)
    data = np.random.default_rng(0).normal(size=(5, 3, 3)).astype(np.float32)
    x = lib.tensor(data, requires_grad=True)
    given: Any = x
    if packed:
        lengths = [3, 1, 3, 2, 2] if layer.batch_first else [5, 2, 4]
        given = lib.nn.utils.rnn.pack_padded_sequence(
            x, lengths, layer.batch_first, enforce_sorted=False
        )
    made, last = layer(given)
    out = made.data if packed else made
    states = list(last) if isinstance(last, tuple) else [last]
    (out.square().sum() + sum(one.pow(3).sum() for one in states)).backward()
    seen = [out, *states, x.grad, *(one.grad for one in layer.parameters())]
    return [one.detach().numpy() for one in seen]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("name", "settings"), LAYERS)
def test_layers_agree(name: str, settings: dict[str, Any], packed: bool) -> None:
    pairs = zip(_run(compat, name, settings, packed), _run(torch, name, settings, packed))
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_second_derivatives(name: str, packed: bool) -> None:
    """What the first backward reads of the forward scan passes on gradients of its own."""

    def second(lib: Any) -> list[np.ndarray]:
        lib.manual_seed(1)
        layer = getattr(lib.nn, name)(3, 4, bidirectional=True).double()
        x = lib.tensor(np.random.default_rng(0).normal(size=(5, 3, 3)), requires_grad=True)
        given: Any = x
        if packed:
            given = lib.nn.utils.rnn.pack_padded_sequence(x, [5, 2, 4], enforce_sorted=False)
        made = layer(given)[0]
        out = made.data if packed else made
        (first,) = lib.autograd.grad(out.pow(3).sum(), x, create_graph=True)
        first.square().sum().backward()
        return [one.grad.numpy() for one in (x, *layer.parameters())]

    for mine, theirs in zip(second(compat), second(torch), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "settings"), LAYERS)
def test_lengths_that_vary_are_filled_up(name: str, settings: dict[str, Any]) -> None:
    """From the fifth length on a scan runs over one of few lengths, and nobody sees it."""
    results: dict[Any, list[Any]] = {}
    for lib in (compat, torch):
        lib.manual_seed(2)
        layer = getattr(lib.nn, name)(6, 5, **settings)
        states: Any = None
        for length in (*range(10, 32, 3), 9, 4, 40, 1):
            shape = (2, length, 6) if layer.batch_first else (length, 2, 6)
            data = np.random.default_rng(length).normal(size=shape).astype(np.float32)
            x = lib.tensor(data, requires_grad=True)
            out, last = layer(x, states)
            many = last if isinstance(last, tuple) else (last,)
            (out.square().sum() + sum(one.pow(3).sum() for one in many)).backward()
            many = tuple(one.detach() for one in many)
            states = many if isinstance(last, tuple) else many[0]
            results.setdefault(lib, []).extend(one.detach().numpy() for one in (out, x.grad, *many))
        results[lib].extend(one.grad.numpy() for one in layer.parameters())
    for ours, theirs in zip(results[compat], results[torch], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5)


def test_a_new_length_compiles_nothing() -> None:
    layer = compat.nn.LSTM(64, 96)
    counts = []
    for length in (*range(20, 31), 17, 32):
        out, _ = layer(compat.randn(length, 16, 64))
        out.sum().backward()
        layer.weight_ih_l0.grad.sum().item()
        scans = [what for what, _ in report.compilations if "lstm_layer" in what]
        counts.append(len(scans))
    assert counts[-1] == counts[6], counts  # 24 and 32 are there


@pytest.mark.parametrize(
    ("length", "full"), [(9, 16), (16, 16), (17, 24), (65, 72), (128, 128), (129, 144), (300, 320)]
)
def test_few_lengths(length: int, full: int) -> None:
    assert recurrent.few(length) == full
