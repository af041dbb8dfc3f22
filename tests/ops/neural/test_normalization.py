"""Normalizations against PyTorch: values, statistics, gradients."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from compat.ops.neural import normalization as ours
from tests.ops.neural.agree import assert_agree, close, draw

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

SHAPES = [(5, 4), (3, 4, 7), (2, 4, 5, 6), (2, 4, 3, 4, 5), (8, 4, 1, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("offset", [0, 100])
def test_batch_norm_by_the_batch(shape, offset):
    x, weight, bias = draw(*shape) + offset, draw(4), draw(4, seed=1)
    mean, var = draw(4, seed=2), np.abs(draw(4, seed=3))
    tm, tv = torch.tensor(mean), torch.tensor(var)

    def mine(x, weight, bias):
        moved = jnp.asarray(mean), jnp.asarray(var)
        return ours.batch_norm_train(x, weight, bias, *moved, jnp.float32(0.1), 1e-5)[0]

    def true(x, weight, bias):
        return torch.nn.functional.batch_norm(x, tm, tv, weight, bias, True, 0.1)

    assert_agree(mine, true, x, weight, bias, tolerance=1e-4 if offset else 2e-5)
    state = map(jnp.asarray, (mean, var))
    moved = ours.batch_norm_train(x, weight, bias, *state, jnp.float32(0.1), 1e-5)[1:]
    for one, other in zip(moved, (tm, tv), strict=True):
        close(one, other.numpy())


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_by_running_statistics(shape):
    mean, var = draw(4, seed=2), np.abs(draw(4, seed=3))
    assert_agree(
        lambda x, w, b: ours.batch_norm_eval(x, w, b, jnp.asarray(mean), jnp.asarray(var), 1e-5),
        lambda x, w, b: torch.nn.functional.batch_norm(
            x, torch.tensor(mean), torch.tensor(var), w, b
        ),
        draw(*shape), draw(4), draw(4, seed=1),
    )  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES[:4])
def test_the_others(shape):
    x, weight, bias, call = draw(*shape), draw(4), draw(4, seed=1), torch.nn.functional
    assert_agree(
        lambda x, w, b: ours.group_norm(x, 2, w, b), lambda x, w, b: call.group_norm(x, 2, w, b),
        x, weight, bias,
    )  # fmt: skip
    assert_agree(
        lambda x: ours.layer_norm(x, shape[1:]), lambda x: call.layer_norm(x, shape[1:]), x
    )
    last = draw(shape[-1])
    assert_agree(
        lambda x, w: ours.rms_norm(x, shape[-1:], w), lambda x, w: call.rms_norm(x, shape[-1:], w),
        x, last,
    )  # fmt: skip
    if len(shape) > 2:
        assert_agree(
            lambda x, w, b: ours.instance_norm(x, w, b),
            lambda x, w, b: call.instance_norm(x, None, None, w, b), x, weight, bias,
        )  # fmt: skip
        assert_agree(
            lambda x: ours.local_response_norm(x, 3, 0.1),
            lambda x: call.local_response_norm(x, 3, 0.1),
            x,
        )
