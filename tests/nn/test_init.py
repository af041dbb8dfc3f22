"""Initialisers: the same seed gives PyTorch's numbers and leaves the stream where PyTorch's is."""

import warnings

import numpy as np
import pytest

import compat
from tests.support.both import both

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

SHAPES = [(4, 3), (3,), (4, 2, 3), (2, 4, 2, 3), (0, 3), (3, 5)]

CALLS = [
    *((name, (), {}, shape) for shape in SHAPES for name in (
        "uniform_", "normal_", "trunc_normal_", "ones_", "zeros_", "eye_", "dirac_",
        "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_",
    )),
    ("uniform_", (-2, 3), {}, (4, 3)), ("uniform_", (5, 2), {}, (4, 3)),
    ("normal_", (5, 2), {}, (4, 3)), ("normal_", (5, -2), {}, (4, 3)),
    ("trunc_normal_", (1.0, 2.0, -0.5, 0.5), {}, (4, 3)),
    ("trunc_normal_", (5.0, 1.0, -0.5, 0.5), {}, (4, 3)),
    ("trunc_normal_", (0.0, 0.02), {}, (40, 3)), ("trunc_normal_", (), {"a": -1.0}, (40, 3)),
    ("constant_", (3,), {}, (4, 3)), ("dirac_", (2,), {}, (4, 2, 3)),
    ("dirac_", (3,), {}, (4, 2, 3)),
    ("kaiming_uniform_", (1, "fan_out", "relu"), {}, (4, 3)),
    ("kaiming_uniform_", (), {"mode": "foo"}, (4, 3)),
    ("kaiming_normal_", (), {"nonlinearity": "foo"}, (4, 3)),
    ("kaiming_normal_", (), {"nonlinearity": "tanh"}, (4, 3)),
    ("xavier_uniform_", (), {"gain": 2}, (4, 3)), ("orthogonal_", (), {"gain": 2}, (3, 5)),
    ("sparse_", (0.5,), {}, (4, 3)), ("sparse_", (0.5,), {}, (3,)),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]}{call[3]}{call[1]}")
def test_same_numbers(call):
    name, args, kwargs, shape = call
    results = []
    for torch in (compat, oracle):
        torch.manual_seed(5)
        tensor = torch.ones(shape, requires_grad=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                made = getattr(torch.nn.init, name)(tensor, *args, **kwargs)
                told = made is tensor, made.is_leaf, made.requires_grad
            except Exception as error:
                told = type(error).__name__, str(error)
        texts = [str(w.message) for w in caught if "donated" not in str(w.message)]
        stream = float(torch.rand(1))
        results.append((told, texts, stream, tensor.detach().numpy()))
    ours, theirs = results
    assert ours[:3] == theirs[:3]
    np.testing.assert_allclose(ours[3], theirs[3], rtol=2e-5, atol=2e-6)


@both
def test_gains_and_old_names(torch, note):
    init = torch.nn.init
    for args in (
        ("linear",), ("conv2d",), ("sigmoid",), ("tanh",), ("relu",), ("leaky_relu",), ("selu",),
        ("leaky_relu", 0.2), ("leaky_relu", "x"), ("leaky_relu", True), ("foo",),
    ):  # fmt: skip
        note(lambda: init.calculate_gain(*args))
    for name in (
        "uniform", "normal", "eye", "xavier_uniform", "xavier_normal", "kaiming_uniform",
        "kaiming_normal", "orthogonal",
    ):  # fmt: skip
        torch.manual_seed(1)
        note(lambda: getattr(init, name)(torch.ones(4, 3)))
    note(lambda: init.constant(torch.ones(4, 3), 2))
    note(lambda: init.dirac(torch.ones(4, 3, 3)))
    note(lambda: init._calculate_fan_in_and_fan_out(torch.ones(4, 3, 2)))
    note(lambda: init._calculate_correct_fan(torch.ones(4, 3), "Fan_In"))
