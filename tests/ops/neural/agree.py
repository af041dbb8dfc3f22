"""Both sides of a comparison: a pure jax function and PyTorch's, their values and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")


def assert_agree(
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    *arrays: np.ndarray,
    tolerance: float = 2e-5,
) -> None:
    """Both functions of `arrays` give the same values and the same gradients.

    The gradients are those of a sum of all floating results, weighed by fixed random numbers.
    """
    mine, pull = jax.vjp(lambda *a: _floating(ours(*a)), *map(jnp.asarray, arrays))
    inputs = [torch.tensor(a, requires_grad=True) for a in arrays]
    true = _floating(theirs(*inputs))
    assert len(mine) == len(true)
    rng = np.random.default_rng(7)
    weights = [rng.standard_normal(tuple(t.shape)).astype(t.detach().numpy().dtype) for t in true]
    for one, other in zip(mine, true, strict=True):
        close(one, other.detach().numpy(), tolerance)
    grads = torch.autograd.grad(true, inputs, [torch.tensor(w) for w in weights])
    for one, other in zip(pull([jnp.asarray(w) for w in weights]), grads, strict=True):
        close(one, other.numpy(), tolerance)


def close(one: Any, other: np.ndarray, tolerance: float = 2e-5) -> None:
    """Same shape, same dtype, and equal within `tolerance` of the largest element."""
    one = np.asarray(one)
    assert one.shape == other.shape and one.dtype == other.dtype, (one.shape, other.shape)
    finite = np.abs(other[np.isfinite(other)])
    scale = max(1.0, float(finite.max(initial=0)))
    np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * scale)


def assert_same_error(ours: Callable[[], Any], theirs: Callable[[], Any]) -> None:
    """Both raise the same exception with the same first line."""
    with pytest.raises(Exception) as expected:  # noqa: B017, PT011
        theirs()
    with pytest.raises(expected.type) as raised:
        ours()
    assert str(raised.value).splitlines()[0] == str(expected.value).splitlines()[0]


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    """Normal float32 numbers."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def _floating(results: Any) -> list[Any]:
    results = results if isinstance(results, (tuple, list)) else (results,)
    return [r for r in results if "float" in str(r.dtype)]
