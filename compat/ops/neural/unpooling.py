"""Maxima put back where they were found, and maxima over windows of random places."""

from __future__ import annotations

import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.neural.loss import is_long
from compat.ops.neural.pooling import _indexed_rule
from compat.ops.roles import Array, Bool, Index

_HIDDEN: dict[str, Any] = {"homes": ("hidden",), "out": False}


def _unpool_rule(grad_0: Any, input: Any, indices: Any, size: Any) -> list[Any]:
    count = math.prod(input.shape[: -len(size)])
    rows = grad_0.reshape(count, -1)
    made = jnp.take_along_axis(rows, indices.reshape(count, -1), 1, mode="clip")
    return [made.reshape(input.shape), None]


@op(**_HIDDEN, name="_max_unpool", backward=_unpool_rule,
    guard=(RuntimeError, "Found an invalid max index"),
    extras={"node": "MaxUnpool2DBackward0"})  # fmt: skip
def max_unpool(input: Array, indices: Array, size: Any) -> tuple[Array, Bool]:
    """Zeros in the last dimensions of `size`, but for the input at its flat places."""
    require(
        is_long(indices),
        f"elements in indices should be type int64 but got: {indices.dtype.name}",
    )
    require(
        input.shape == indices.shape,
        f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) "
        f"but got indices tensor with shape: {list(indices.shape)}",
    )
    lead = input.shape[: -len(size)]
    count, room = math.prod(lead), math.prod(size)
    flat = indices.reshape(count, -1)
    made = jnp.zeros((count, room), input.dtype)
    made = made.at[jnp.arange(count)[:, None], flat].set(input.reshape(count, -1), mode="drop")
    return made.reshape(*lead, *size), jnp.all((flat >= 0) & (flat < room))


@op(**_HIDDEN, name="_fractional_max_pool",
    backward=lambda grad_0, result_1, input, samples, kernel, counts:
        [_indexed_rule(grad_0, result_1, input, kernel), None],
    extras={"node": "FractionalMaxPool2DBackward0"})  # fmt: skip
def fractional_max_pool(input: Array, samples: Array, kernel: Any,
                        counts: Any) -> tuple[Array, Index]:  # fmt: skip
    """Maxima over `counts` windows of one size at places that samples (N, C, d) in 0 .. 1 shift
    (Graham 2015), and the flat places in the input where they were found."""
    rank = len(kernel)
    size = input.shape[-rank:]
    for n, k, count in zip(size, kernel, counts, strict=True):
        require(
            count + k - 1 <= n,
            f"fractional_max_pool{rank}d(): pool {k} too large relative to input {n}",
        )
    lead = input.shape[:-rank]
    flat = input.reshape(math.prod(lead), math.prod(size))
    shifts = samples.reshape(-1, rank)[: flat.shape[0]]
    shifts = shifts[:, ::-1] if rank == 2 else shifts  # PyTorch's plane has the width first
    starts = [
        _starts(shifts[:, at, None], n, k, count)
        for at, (n, k, count) in enumerate(zip(size, kernel, counts, strict=True))
    ]
    best = places = None
    for tap in itertools.product(*map(range, kernel)):
        at: Any = jnp.zeros((), int)
        for axis, (n, offset, start) in enumerate(zip(size, tap, starts, strict=True)):
            shape = [start.shape[0]] + [1] * rank
            shape[axis + 1] = start.shape[1]
            at = at * n + (start + offset).reshape(shape)
        at = at.reshape(flat.shape[0], math.prod(counts))
        seen = jnp.take_along_axis(flat, at, 1)
        if best is None or places is None:
            best, places = seen, at
            continue
        wins = (seen > best) | (seen != seen)
        best, places = jnp.where(wins, seen, best), jnp.where(wins, at, places)
    assert best is not None and places is not None
    return best.reshape(*lead, *counts), places.reshape(*lead, *counts)


def _starts(shift: jax.Array, n: int, kernel: int, count: int) -> jax.Array:
    """Where the windows of each row begin, (rows, count)."""
    last = n - kernel
    if count == 1:
        return jnp.full((shift.shape[0], 1), last)
    alpha = jnp.asarray(last / (count - 1), shift.dtype)
    steps = jnp.arange(count - 1, dtype=shift.dtype)
    made = ((steps + shift) * alpha).astype(int) - (shift * alpha).astype(int)
    return jnp.concatenate([made, jnp.full((made.shape[0], 1), last)], 1)
