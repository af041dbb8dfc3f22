"""Draws inside a function that JAX traces: from the key that its caller gave.

A trace runs once and its program many times, so numbers that the host draws would be the same in
every run.
"""

from __future__ import annotations

import threading
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compat.core import streams
from compat.core.device import TRACE, device
from compat.engine.value import concrete, meta
from compat.front.base import wrap

# Inside a user's jax.jit: a device of its own, whose sections run entry by entry in the trace.
TRACED = device("xla", TRACE)


def traced(array: Any, dtype: Any) -> Any:
    """A tensor over a tracer or array: operations on it run in the trace, each at once."""
    return wrap(concrete(meta(array.shape, dtype, None, TRACED), array))


class Keys:
    """The keys of one traced call, another one for each draw; without a first one draws raise."""

    def __init__(self, key: Any) -> None:
        self.key, self.count = key, 0

    def next(self) -> Any:
        """A key that no other draw of this call has."""
        if self.key is None:
            raise RuntimeError(
                "random numbers are drawn in a pure function: give it a key, as in "
                "apply(params, x, rng=jax.random.key(0))"
            )
        self.count += 1
        return jax.random.fold_in(self.key, self.count)


def _uniform(key: Any, size: Any, dtype: Any, low: float = 0.0, high: float = 1.0) -> Any:
    return jax.random.uniform(key, size, dtype, low, high)


def _normal(key: Any, size: Any, dtype: Any, mean: float = 0.0, std: float = 1.0,
            contiguous: bool = True) -> Any:  # fmt: skip
    return jax.random.normal(key, size, dtype) * jnp.asarray(std, dtype) + jnp.asarray(mean, dtype)


def _bernoulli(key: Any, size: Any, dtype: Any, p: float = 0.5) -> Any:
    return jax.random.bernoulli(key, p, size).astype(dtype)


def _bernoulli_each(key: Any, p: Any, dtype: Any) -> Any:
    return jax.random.bernoulli(key, p).astype(dtype)


def _integers(key: Any, size: Any, dtype: Any, low: int, high: int | None) -> Any:
    end = np.iinfo(dtype).max if high is None else high
    return jax.random.randint(key, size, low, end, dtype)


_SAMPLERS: dict[Any, Any] = {
    streams.uniform: _uniform, streams.normal: _normal, streams.bernoulli: _bernoulli,
    streams.bernoulli_each: _bernoulli_each, streams.integers: _integers,
}  # fmt: skip


def draw(sampler: Any, *facts: Any) -> Any:
    """By a key of the traced call, what a sampler of the host draws from a stream."""
    if sampler not in _SAMPLERS:
        raise NotImplementedError(
            f"{sampler.__name__} samples cannot be drawn in a pure function: draw them before and "
            "pass them in"
        )
    assert local.keys is not None
    return _SAMPLERS[sampler](local.keys.next(), *facts)


class _Local(threading.local):
    """keys   those of the traced call that goes on in this thread, if any"""

    keys: Keys | None = None


local = _Local()
