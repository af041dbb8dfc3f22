"""Products of matrices that are turned for XLA's sake: the same numbers."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from jax import lax

import compat
from compat.engine import spec as specs
from compat.engine.turned import turned

SHAPES = [
    # rows, height, width, whether it is turned; the last ones in a batch of three
    ((), 600, 40, 20, True), ((), 600, 20, 40, False), ((), 20, 40, 20, False),
    ((), 200, 64, 32, True), ((), 200, 300, 100, False), ((), 300, 300, 100, True),
    ((), 300, 1200, 300, False),
    ((3,), 128, 64, 16, True), ((3,), 50, 64, 16, False),
]  # fmt: skip


def product(batch: tuple[int, ...]) -> Any:
    lead = tuple(range(len(batch)))

    def function(a: jax.Array, b: jax.Array) -> jax.Array:
        rows = (len(batch),), (len(batch),)
        return lax.dot_general(a * 2, b, (rows, (lead, lead))) + 1

    return function


@pytest.mark.parametrize(("batch", "rows", "height", "width", "turns"), SHAPES)
def test_high_and_narrow_results(
    batch: tuple[int, ...], rows: int, height: int, width: int, turns: bool
) -> None:
    numbers = np.random.default_rng(0)
    a = numbers.standard_normal((*batch, rows, height)).astype(np.float32)
    b = numbers.standard_normal((*batch, rows, width)).astype(np.float32)
    function = turned(jax.make_jaxpr(product(batch))(a, b))
    assert (function is not None) == turns
    if function is not None:
        (made,) = jax.jit(function)(a, b)
        np.testing.assert_allclose(made, product(batch)(a, b), rtol=1e-4, atol=1e-3)


def test_gradients_of_weights_are_turned_on_a_cpu() -> None:
    layer = compat.nn.Linear(16, 64)
    layer(compat.ones(256, 16)).sum().backward()
    assert layer.weight.grad.shape == (64, 16)
    (entry,) = [
        one for one in specs._specs.values()
        if one.name == "linear_backward" and [tuple(x.shape) for x in one.outs][:1] == [(64, 16)]
    ]  # fmt: skip
    given = [*entry.avals, *entry._scalars()]
    with jax.enable_x64(True):
        assert "optimization_barrier" in str(jax.make_jaxpr(entry.run_on("cpu"))(*given))
        assert "optimization_barrier" not in str(jax.make_jaxpr(entry.run_on("gpu"))(*given))
    np.testing.assert_array_equal(layer.weight.grad.numpy(), np.full((64, 16), 256))
