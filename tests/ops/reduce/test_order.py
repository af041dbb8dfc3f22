"""Sorting, beside PyTorch's: ties, signed zeros, NaNs and infinities, in each type."""

from __future__ import annotations

import numpy as np
import pytest

import compat

torch = pytest.importorskip("torch")

TYPES = "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split()


def _numbers(kind: str, shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(0)
    made = np.round(rng.standard_normal(shape) * 20)
    if kind.startswith(("float", "bfloat")):
        for special in (np.nan, -0.0, np.inf, -np.inf):
            made[rng.random(shape) < 0.05] = special
        return made
    return {"bool": made > 0, "uint8": abs(made), "int64": made * 1e15}.get(kind, made)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("descending", [False, True])
def test_equal_ones_keep_their_order(kind: str, descending: bool) -> None:
    for shape, dim in (((40, 50), 1), ((5, 30, 20), 1), ((3000,), 0), ((7, 9), 0)):
        numbers = _numbers(kind, shape)
        found = []
        for t in (torch, compat):
            x = t.from_numpy(numbers).to(getattr(t, kind))
            values, places = t.sort(x, dim=dim, descending=descending, stable=True)
            found.append((values.double().numpy(), places.numpy()))
        (expected, expected_places), (values, places) = found
        np.testing.assert_array_equal(places, expected_places)
        np.testing.assert_array_equal(values, expected)
        zeros = values == 0
        np.testing.assert_array_equal(np.signbit(values)[zeros], np.signbit(expected)[zeros])
