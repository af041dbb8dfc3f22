"""Recurrent layers against PyTorch: outputs, states and all gradients."""

from __future__ import annotations

import numpy as np
import pytest

import compat
from tests.ops.neural.agree import close, draw

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

KINDS = [("LSTM", {}), ("GRU", {}), ("RNN", {}), ("RNN", {"nonlinearity": "relu"})]
SHAPES = [
    {},
    {"bidirectional": True, "num_layers": 2},
    {"batch_first": True, "bias": False},
    {"num_layers": 3},
]


@pytest.mark.parametrize("kind, options", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("with_states", [False, True])
def test_layers(kind, options, shape, with_states):
    true = getattr(torch.nn, kind)(5, 4, **options, **shape)
    ours = getattr(compat.nn, kind)(5, 4, **options, **shape)
    ours.load_state_dict({k: compat.tensor(v.numpy()) for k, v in true.state_dict().items()})
    layers = shape.get("num_layers", 1) * (2 if shape.get("bidirectional") else 1)
    batch = 7 if shape.get("batch_first") else 3
    states = [draw(layers, batch, 4, seed=at) for at in range(2 if kind == "LSTM" else 1)]

    def results(library, layer):
        x = library.tensor(draw(7, 3, 5), requires_grad=True)
        given = [library.tensor(state, requires_grad=True) for state in states]
        hx = (tuple(given) if kind == "LSTM" else given[0]) if with_states else None
        outputs, last = layer(x, hx)
        made = [outputs, *(last if kind == "LSTM" else [last])]
        total = sum((one * library.tensor(draw(*one.shape, seed=9))).sum() for one in made)
        total.backward()
        leaves = [x, *(given if with_states else []), *layer.parameters()]
        return [one.detach().numpy() for one in made] + [leaf.grad.numpy() for leaf in leaves]

    for one, other in zip(results(compat, ours), results(torch, true), strict=True):
        close(np.asarray(one), other)
