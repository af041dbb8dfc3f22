"""The forms of convolutions that are made for the CPU, beside XLA's own."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from compat.ops.neural import trio


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation", "groups"),
    [
        ((12, 10), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
        ((13, 9), (3, 2), (2, 1), ((0, 1), (2, 0)), (1, 3), 1),
        ((14, 14), (7, 7), (2, 2), ((3, 3), (3, 3)), (1, 1), 1),
        ((12, 8), (3, 3), (1, 2), ((1, 1), (1, 1)), (2, 1), 2),
        ((7, 6, 5), (3, 2, 3), (1, 2, 1), ((1, 1), (0, 0), (1, 1)), (1, 1, 2), 1),
    ],
)
@pytest.mark.parametrize("block", [1, 3000, 1 << 20])
def test_blocks_of_positions_give_the_gradient_of_the_kernel(
    monkeypatch, size, kernel, stride, padding, dilation, groups, block
):
    monkeypatch.setattr(trio, "BLOCK", block)
    monkeypatch.setattr(trio, "LEAST", 0)
    monkeypatch.setattr(trio, "FEWEST", 0)
    rng = np.random.default_rng(0)
    window = trio.Window(stride, padding, dilation, groups)
    x = jnp.asarray(rng.standard_normal((3, *size, 4)), "float32")
    g = jnp.asarray(rng.standard_normal((3, *window.out(size, kernel), 6)), "float32")
    assert trio._rows_of_block(3, g.shape[1:-1], 1)
    mine = trio._correlate_on_cpu(x, g, window, kernel)
    theirs = trio._xla_correlate(x, g, window, kernel)
    np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(
    ("samples", "out", "seen", "rows"),
    [
        (8, (56, 56), 9 * 64 * 4, 8),  # as many rows as fit a block and divide the height
        (8, (7, 7), 9 * 512 * 4, 0),  # few positions
        (64, (24, 24), 25 * 4, 0),  # all in the cache
        (16, (1000,), 3 * 128 * 4, 0),
        (2, (16, 16, 16), 27 * 16 * 4, 2),
    ],
)
def test_how_many_rows_make_a_block(samples, out, seen, rows):
    assert trio._rows_of_block(samples, out, seen) == rows
