"""Pooling against PyTorch: values, indices, and gradients at ties, NaN and -inf."""

from __future__ import annotations

import numpy as np
import pytest

from compat.ops.neural import pooling as ours
from tests.ops.neural.agree import assert_agree, assert_same_error, close, draw

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

# shape, kernel, stride, padding, dilation, ceil_mode
MAXIMA = [
    ((2, 3, 8, 8), (2, 2), (2, 2), (0, 0), (1, 1), False),
    ((2, 3, 9, 7), (2, 2), (2, 2), (0, 0), (1, 1), False),  # a rest that no window sees
    ((2, 3, 9, 7), (2, 3), (2, 2), (1, 1), (1, 1), True),
    ((3, 9, 7), (3, 3), (2, 1), (1, 1), (2, 1), False),  # unbatched, overlapping
    ((2, 3, 20), (3,), (2,), (1,), (3,), True),
    ((2, 3, 6, 5, 7), (2, 2, 3), (2, 1, 2), (0, 1, 1), (1, 1, 1), False),
    ((2, 3, 12, 13), (5, 5), (1, 1), (2, 2), (1, 1), False),  # one dimension after the other
    ((2, 3, 12, 13), (12, 13), (12, 13), (0, 0), (1, 1), False),
    ((2, 3, 90), (70,), (3,), (30,), (1,), True),  # by a table
    ((0, 3, 8, 8), (2, 2), (2, 2), (0, 0), (1, 1), False),
]


def _pool(name: str, rank: int):
    return getattr(torch.nn.functional, f"{name}{rank}d")


def _awkward(shape, case):
    x = draw(*shape)
    if case == "ties":
        return np.round(x)
    if case == "nan":
        return np.where(np.abs(x) > 1.5, np.float32(np.nan), np.round(x))
    if case == "-inf":
        return np.where(x < 0.7, np.float32(-np.inf), x)
    return x


@pytest.mark.parametrize("case", ["plain", "ties", "nan", "-inf"])
@pytest.mark.parametrize("shape, kernel, stride, padding, dilation, ceil", MAXIMA)
def test_max_pool(shape, kernel, stride, padding, dilation, ceil, case):
    x, true = _awkward(shape, case), _pool("max_pool", len(kernel))
    settings = kernel, stride, padding, dilation, ceil
    assert_agree(lambda x: ours.max_pool(x, *settings), lambda x: true(x, *settings), x)
    values, places = ours.max_pool_indexed(x, *settings)
    expected = true(torch.tensor(x), *settings, return_indices=True)
    close(values, expected[0].numpy())
    np.testing.assert_array_equal(places, expected[1].numpy())


@pytest.mark.parametrize("shape, kernel, stride, padding, dilation, ceil", MAXIMA)
@pytest.mark.parametrize("include", [False, True])
def test_avg_pool(shape, kernel, stride, padding, dilation, ceil, include):
    true, settings = _pool("avg_pool", len(kernel)), (kernel, stride, padding, ceil, include)
    assert_agree(
        lambda x: ours.avg_pool(x, *settings, None), lambda x: true(x, *settings), draw(*shape)
    )
    if len(kernel) > 1:
        assert_agree(
            lambda x: ours.avg_pool(x, *settings, 7), lambda x: true(x, *settings, 7), draw(*shape)
        )


@pytest.mark.parametrize(
    "shape, counts",
    [((2, 3, 8, 8), (1, 1)), ((2, 3, 8, 9), (4, 4)), ((3, 7, 8), (3, 8)), ((2, 3, 10), (4,)),
     ((2, 3, 4, 5, 6), (2, 3, 6)), ((2, 3, 4, 5), (6, 7))],
)  # fmt: skip
@pytest.mark.parametrize("case", ["plain", "ties"])
def test_adaptive(shape, counts, case):
    x, rank = _awkward(shape, case), len(counts)
    assert_agree(
        lambda x: ours.adaptive_avg_pool(x, counts),
        lambda x: _pool("adaptive_avg_pool", rank)(x, counts), x,
    )  # fmt: skip
    values, places = ours.adaptive_max_pool(x, counts)
    true = _pool("adaptive_max_pool", rank)(torch.tensor(x), counts, return_indices=True)
    close(values, true[0].numpy())
    np.testing.assert_array_equal(places, true[1].numpy())


def test_whole_numbers():
    x, settings = np.arange(-16, 16, dtype=np.int32).reshape(1, 2, 4, 4), ((2, 2), (2, 2), (1, 1))
    true = torch.nn.functional
    close(
        ours.max_pool(x, *settings, (1, 1), False),
        true.max_pool2d(torch.tensor(x), *settings).numpy(),
    )
    close(  # PyTorch averages int64 only
        ours.avg_pool(x, *settings, False, True, None),
        true.avg_pool2d(torch.tensor(x).long(), *settings).int().numpy(),
    )


@pytest.mark.parametrize(
    "settings", [((2, 2), (2, 2), (2, 2)), ((5, 5), (5, 5), (0, 0)), ((2, 2), (0, 0), (0, 0)),
                 ((2, 2), (2, 2), (-1, -1))]
)  # fmt: skip
def test_errors(settings):
    x = draw(1, 1, 4, 4)
    assert_same_error(
        lambda: ours.max_pool(x, *settings, (1, 1), False),
        lambda: torch.nn.functional.max_pool2d(torch.tensor(x), *settings),
    )
