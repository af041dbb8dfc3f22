"""Pooling: maxima and means over windows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.neural.window import spread_setting as spread
from compat.ops.roles import Array, Flag, Index

_HIDDEN: dict[str, Any] = {"homes": ("hidden",), "out": False}


class Windows:
    """Where the windows over the spatial dimensions of (N, C, ...) are."""

    def __init__(self, sizes: Sequence[int], kernel: Any, stride: Any, padding: Any, dilation: Any,
                 ceil_mode: bool) -> None:  # fmt: skip
        rank = len(sizes)
        self.sizes = tuple(sizes)
        self.kernel = spread(kernel, rank)
        self.stride = self.kernel if stride is None or stride == () else spread(stride, rank)
        self.padding, self.dilation = spread(padding, rank), spread(dilation, rank)
        require(all(s > 0 for s in self.stride), "stride should not be zero")
        for k, p in zip(self.kernel, self.padding, strict=True):
            require(
                0 <= p <= k // 2 if p >= 0 else False,
                "pad should be at most half of effective kernel size, but got "
                f"pad={p}, kernel_size={k} and dilation={self.dilation[0]}"
                if p >= 0
                else f"pad must be non-negative, but got pad: {p}",
            )
        self.counts = tuple(self._count(at, ceil_mode) for at in range(rank))
        require(
            min(self.counts) > 0,
            f"Given input size: ({'x'.join(map(str, ('?', *sizes)))}). Calculated output size: "
            f"({'x'.join(map(str, ('?', *self.counts)))}). Output size is too small",
        )

    def _count(self, at: int, ceil_mode: bool) -> int:
        reach = self.dilation[at] * (self.kernel[at] - 1) + 1
        room = self.sizes[at] + 2 * self.padding[at] - reach
        steps = -(-room // self.stride[at]) if ceil_mode else room // self.stride[at]
        count = steps + 1
        if ceil_mode and (count - 1) * self.stride[at] >= self.sizes[at] + self.padding[at]:
            count -= 1  # a window must start inside the input or its left padding
        return count

    def pads(self) -> list[tuple[int, int]]:
        """Padding before and behind so that every window is whole."""
        pairs = []
        for n, k, s, p, d, c in zip(
            self.sizes, self.kernel, self.stride, self.padding, self.dilation, self.counts,
            strict=True,
        ):  # fmt: skip
            end = (c - 1) * s + d * (k - 1) + 1
            pairs.append((p, max(end - n - p, 0)))
        return pairs

    def taps(self, padded: jax.Array) -> Iterator[jax.Array]:
        """For each place in the window the elements that are there, as strided slices."""
        lead = (slice(None),) * (padded.ndim - len(self.sizes))
        for place in itertools.product(*map(range, self.kernel)):
            cut = tuple(
                slice(o * d, o * d + (c - 1) * s + 1, s)
                for o, d, c, s in zip(place, self.dilation, self.counts, self.stride, strict=True)
            )
            yield padded[(*lead, *cut)]

    def padded(self, x: jax.Array, value: Any) -> jax.Array:
        config = [(0, 0, 0)] * (x.ndim - len(self.sizes))
        config += [(low, high, 0) for low, high in self.pads()]
        return lax.pad(x, jnp.asarray(value, x.dtype), config)

    def places(self) -> np.ndarray[Any, Any]:
        """For each window and each place in it the flat index in the input, -1 in the padding."""
        axes = []
        for k, s, p, d, c in zip(
            self.kernel, self.stride, self.padding, self.dilation, self.counts, strict=True
        ):
            axes.append(np.arange(c)[:, None] * s - p + np.arange(k) * d)
        flat = np.zeros((1,) * (2 * len(axes)), np.int64)
        valid = np.ones((1,) * (2 * len(axes)), bool)
        for at, (axis, n) in enumerate(zip(axes, self.sizes, strict=True)):
            shape = [1] * (2 * len(axes))
            shape[at], shape[len(axes) + at] = axis.shape
            grid = axis.reshape(shape)
            flat = flat * n + grid
            valid = valid & (grid >= 0) & (grid < n)
        return np.where(valid, flat, -1).reshape(*self.counts, -1)


def _lowest(dtype: Any) -> Any:
    if jnp.issubdtype(dtype, jnp.floating):
        return -jnp.inf
    return jnp.iinfo(dtype).min


def _largest(x: jax.Array, windows: Windows) -> jax.Array:
    """Window maxima, as the maximum of strided slices: XLA fuses that, and its gradient."""
    taps = list(windows.taps(windows.padded(x, _lowest(x.dtype))))
    made = taps[0]
    for tap in taps[1:]:
        made = jnp.where((tap > made) | (tap != tap), tap, made)
    return made


def _spread_back(x: jax.Array, result: jax.Array, grad: jax.Array, windows: Windows) -> jax.Array:
    """The gradient goes to the first place in each window that holds the maximum.

    Written as one pad of each tap's share, summed: XLA:CPU takes 3 to 10 times longer for its
    own select-and-scatter.
    """
    padded = windows.padded(x, _lowest(x.dtype))
    free = jnp.ones(result.shape, bool)
    total = jnp.zeros(padded.shape, grad.dtype)
    lead = padded.ndim - len(windows.sizes)
    places = itertools.product(*map(range, windows.kernel))
    for place, tap in zip(places, windows.taps(padded), strict=True):
        mine = free & ((tap == result) | (tap != tap))
        free = free & ~mine
        share = jnp.where(mine, grad, 0)
        config = [(0, 0, 0)] * lead
        for o, d, c, s, n in zip(
            place, windows.dilation, windows.counts, windows.stride, padded.shape[lead:], strict=True
        ):
            low = o * d
            config.append((low, n - low - (c - 1) * s - 1, s - 1))
        total = total + lax.pad(share, jnp.zeros((), grad.dtype), config)
    inner = tuple(
        slice(low, low + n) for n, (low, _) in zip(windows.sizes, windows.pads(), strict=True)
    )
    return total[(slice(None),) * lead + inner]


def _disjoint_back(x: jax.Array, result: jax.Array, grad: jax.Array, windows: Windows) -> jax.Array:
    """As `_spread_back` for windows side by side: each element belongs to one window, so that
    its share is a stack of the taps' shares and nothing needs to be added."""
    rank = len(windows.sizes)
    lead = x.ndim - rank
    cut = x[(slice(None),) * lead + tuple(
        slice(0, c * k) for c, k in zip(windows.counts, windows.kernel, strict=True)
    )]
    shape = list(cut.shape[:lead])
    for c, k in zip(windows.counts, windows.kernel, strict=True):
        shape += [c, k]
    blocks = cut.reshape(shape)
    expanded = [*result.shape[:lead]]
    for c in windows.counts:
        expanded += [c, 1]
    hit = (blocks == result.reshape(expanded)) | (blocks != blocks)
    order = [*range(lead), *range(lead, lead + 2 * rank, 2), *range(lead + 1, lead + 2 * rank, 2)]
    flat = hit.transpose(order).reshape(*result.shape, -1)
    taken = jnp.zeros(result.shape, bool)
    parts = []
    for place in range(flat.shape[-1]):
        mine = flat[..., place] & ~taken
        taken = taken | mine
        parts.append(jnp.where(mine, grad, 0))
    stacked = jnp.stack(parts, -1).reshape(*result.shape, *windows.kernel)
    made = stacked.transpose(np.argsort(order)).reshape(cut.shape)
    config = [(0, 0, 0)] * lead
    config += [(0, n - m, 0) for n, m in zip(x.shape[lead:], cut.shape[lead:], strict=True)]
    return lax.pad(made, jnp.zeros((), made.dtype), config)


def _max_rule(grad: Any, input: Any, result: Any, kernel: Any, stride: Any, padding: Any,
              dilation: Any, ceil_mode: Any) -> Any:  # fmt: skip
    windows = Windows(input.shape[-len(kernel) :], kernel, stride, padding, dilation, ceil_mode)
    side_by_side = windows.kernel == windows.stride and not any(windows.padding)
    if side_by_side and set(windows.dilation) == {1} and not ceil_mode:
        return _disjoint_back(input, result, grad, windows)
    return _spread_back(input, result, grad, windows)


@op(**_HIDDEN, name="_max_pool", backward=_max_rule,
    extras={"node": "MaxPool2DWithIndicesBackward0"})  # fmt: skip
def max_pool(input: Array, kernel: Any, stride: Any, padding: Any, dilation: Any,
             ceil_mode: Flag) -> Array:  # fmt: skip
    """Maxima over windows of the last dimensions; what is padded never wins."""
    windows = Windows(input.shape[-len(kernel) :], kernel, stride, padding, dilation, ceil_mode)
    return _largest(input, windows)


def _indexed_rule(grad_0: Any, result_1: Any, input: Any, kernel: Any) -> Any:
    rank = len(kernel)
    lead = input.shape[:-rank]
    count = math.prod(lead)
    rows = jnp.arange(count)[:, None]
    flat = jnp.zeros((count, math.prod(input.shape[-rank:])), grad_0.dtype)
    made = flat.at[rows, result_1.reshape(count, -1)].add(grad_0.reshape(count, -1))
    return made.reshape(input.shape)


@op(**_HIDDEN, name="_max_pool_indexed", backward=_indexed_rule,
    extras={"node": "MaxPool2DWithIndicesBackward0"})  # fmt: skip
def max_pool_indexed(input: Array, kernel: Any, stride: Any, padding: Any, dilation: Any,
                     ceil_mode: Flag) -> tuple[Array, Index]:  # fmt: skip
    """Maxima over windows, and where in the input each was found."""
    windows = Windows(input.shape[-len(kernel) :], kernel, stride, padding, dilation, ceil_mode)
    taps = jnp.stack(list(windows.taps(windows.padded(input, _lowest(input.dtype)))), -1)
    chosen = jnp.argmax(taps, -1)
    places = jnp.asarray(windows.places())
    values = jnp.take_along_axis(taps, chosen[..., None], -1)[..., 0]
    places = jnp.broadcast_to(places, (*chosen.shape, places.shape[-1]))
    return values, jnp.take_along_axis(places, chosen[..., None], -1)[..., 0]


@op(**_HIDDEN, name="_avg_pool", extras={"node": "AvgPool2DBackward0"})
def avg_pool(input: Array, kernel: Any, stride: Any, padding: Any, ceil_mode: Flag,
             count_include_pad: Flag, divisor_override: int | None) -> Array:  # fmt: skip
    """Means over windows."""
    rank = len(kernel)
    windows = Windows(input.shape[-rank:], kernel, stride, padding, 1, ceil_mode)
    total = sum(windows.taps(windows.padded(input, 0)))
    if divisor_override is not None:
        require(divisor_override != 0, "divisor must be not zero")
        return total / divisor_override
    axes = []
    for n, k, s, p, c in zip(
        windows.sizes, windows.kernel, windows.stride, windows.padding, windows.counts, strict=True
    ):
        begin = np.arange(c) * s - p
        end = np.minimum(begin + k, n + p)
        if not count_include_pad:
            begin, end = np.maximum(begin, 0), np.minimum(end, n)
        axes.append(end - begin)
    counts = axes[0]
    for axis in axes[1:]:
        counts = counts[..., None] * axis
    return total / jnp.asarray(counts).astype(input.dtype)


def _bins(n: int, count: int) -> list[tuple[int, int]]:
    """Where adaptive windows begin and end: nearly equal, overlapping where they must."""
    return [(at * n // count, -(-(at + 1) * n // count)) for at in range(count)]


@op(**_HIDDEN, name="_adaptive_avg_pool", extras={"node": "AdaptiveAvgPool2DBackward0"})
def adaptive_avg_pool(input: Array, counts: Any) -> Array:
    """Means over so many nearly equal windows in each of the last dimensions."""
    made = input
    for at, count in enumerate(counts):
        axis = made.ndim - len(counts) + at
        n = made.shape[axis]
        if n % count == 0:
            shape = (*made.shape[:axis], count, n // count, *made.shape[axis + 1 :])
            made = made.reshape(shape).mean(axis + 1)
            continue
        weights = np.zeros((n, count))
        for place, (begin, end) in enumerate(_bins(n, count)):
            weights[begin:end, place] = 1 / (end - begin)
        moved = jnp.moveaxis(made, axis, -1) @ jnp.asarray(weights, made.dtype)
        made = jnp.moveaxis(moved, -1, axis)
    return made


@op(**_HIDDEN, name="_adaptive_max_pool", backward=lambda grad_0, result_1, input, counts:
    _indexed_rule(grad_0, result_1, input, counts),
    extras={"node": "AdaptiveMaxPool2DBackward0"})  # fmt: skip
def adaptive_max_pool(input: Array, counts: Any) -> tuple[Array, Index]:
    """Maxima over so many nearly equal windows, and where each was found."""
    rank = len(counts)
    sizes = input.shape[-rank:]
    flat = input.reshape(*input.shape[:-rank], -1)
    places = np.arange(math.prod(sizes)).reshape(sizes)
    windows = []
    for bins in itertools.product(*(_bins(n, c) for n, c in zip(sizes, counts, strict=True))):
        windows.append(places[tuple(slice(*pair) for pair in bins)].reshape(-1))
    width = max(len(window) for window in windows)
    table = np.array([np.pad(window, (0, width - len(window)), "edge") for window in windows])
    taps = flat[..., jnp.asarray(table)]
    chosen = jnp.argmax(taps, -1)
    values = jnp.take_along_axis(taps, chosen[..., None], -1)[..., 0]
    where = jnp.take_along_axis(
        jnp.broadcast_to(jnp.asarray(table), taps.shape), chosen[..., None], -1
    )[..., 0]
    shape = (*input.shape[:-rank], *counts)
    return values.reshape(shape), where.reshape(shape)
