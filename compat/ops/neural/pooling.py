"""Pooling: maxima and means over windows.

All of it computes with the channels last, on [N, *spatial, C], as the convolutions do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.neural.window import (
    Pairs,
    channels_first,
    channels_last,
    pad_spatial,
    shifted_slices,
    spread_setting,
    unshift,
)
from compat.ops.roles import Array, Flag, Index

_HIDDEN: dict[str, Any] = {"homes": ("hidden",), "out": False}

# More taps than this go one dimension after the other, which needs k + k of them, not k * k.
_TAPS_AT_ONCE = 16
# More taps than this in one dimension are not unrolled.
_TAPS_UNROLLED = 64


@dataclass(frozen=True)
class Windows:
    """Where the windows over the spatial dimensions are."""

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    ceil_mode: bool

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """How many windows there are in each dimension."""
        return tuple(self._count(at) for at in range(len(self.size)))

    def _count(self, at: int) -> int:
        size, padding, stride = self.size[at], self.padding[at], self.stride[at]
        room = size + 2 * padding - self.dilation[at] * (self.kernel[at] - 1) - 1
        count = (-(-room // stride) if self.ceil_mode else room // stride) + 1
        # A window must start inside the input or its left padding.
        beyond = self.ceil_mode and (count - 1) * stride >= size + padding
        return count - 1 if beyond else count

    @cached_property
    def pads(self) -> Pairs:
        """Padding before and behind with which every window is whole; negative cuts."""
        ends = [
            (count - 1) * stride + dilation * (kernel - 1) + 1
            for count, stride, dilation, kernel in zip(
                self.counts, self.stride, self.dilation, self.kernel, strict=True
            )
        ]
        return tuple(
            (p, end - n - p) for n, p, end in zip(self.size, self.padding, ends, strict=True)
        )

    @property
    def side_by_side(self) -> bool:
        """Whether the windows lie one behind the other, without padding before the first."""
        return self.kernel == self.stride and not any(self.padding) and set(self.dilation) == {1}

    def starts(self, at: int) -> np.ndarray:
        """The first place of each window in one dimension; negative in the padding."""
        return np.arange(self.counts[at]) * self.stride[at] - self.padding[at]

    def seen(self, x: jax.Array, padding: Any) -> Iterator[jax.Array]:
        """For each tap of the window the elements [N, *counts, C] which it sees."""
        padded = pad_spatial(x, 1, self.pads, jnp.asarray(padding, x.dtype))
        return shifted_slices(padded, 1, self.kernel, self.stride, self.dilation, self.counts)

    def put_back(self, part: jax.Array, tap: Sequence[int]) -> jax.Array:
        """The transpose of what one tap sees."""
        return unshift(part, 1, tap, self.stride, self.dilation, self.pads, self.size)

    def along(self, at: int) -> Windows:
        """Windows of one dimension only, over an input pooled in the dimensions behind it."""
        rank = len(self.size)

        def only(values: tuple[int, ...], rest: int) -> tuple[int, ...]:
            return tuple(values[i] if i == at else rest for i in range(rank))

        return Windows(
            (*self.size[: at + 1], *self.counts[at + 1 :]), only(self.kernel, 1),
            only(self.stride, 1), only(self.padding, 0), only(self.dilation, 1), self.ceil_mode,
        )  # fmt: skip


def _windows(input: jax.Array, kernel: Any, stride: Any, padding: Any, dilation: Any,
             ceil_mode: bool) -> Windows:  # fmt: skip
    rank = len(kernel)
    steps = kernel if stride is None or len(stride) == 0 else stride
    settings = [spread_setting(setting, rank) for setting in (kernel, steps, padding, dilation)]
    windows = Windows(input.shape[-rank:], *settings, ceil_mode)  # type: ignore
    require(all(k > 0 for k in windows.kernel), "kernel size should be greater than zero")
    require(all(s > 0 for s in windows.stride), "stride should not be zero")
    require(all(d > 0 for d in windows.dilation), "dilation should be greater than zero")
    for k, p, d in zip(windows.kernel, windows.padding, windows.dilation, strict=True):
        require(p >= 0, f"pad must be non-negative, but got pad: {p}")
        require(
            p <= (d * (k - 1) + 1) // 2,
            "pad should be at most half of effective kernel size, but got "
            f"pad={p}, kernel_size={k} and dilation={d}",
        )
    # PyTorch words a single dimension as a plane one row high.
    plane = (input.shape[-rank - 1], *((1,) if rank == 1 else ()))
    require(
        min(windows.counts) > 0,
        f"Given input size: ({'x'.join(map(str, (*plane, *windows.size)))}). Calculated output "
        f"size: ({'x'.join(map(str, (*plane, *windows.counts)))}). Output size is too small",
    )
    return windows


def _enter(input: jax.Array, rank: int) -> jax.Array:
    """[N, C, *spatial] or [C, *spatial] as [N, *spatial, C]."""
    return channels_last(input if input.ndim == rank + 2 else input[None])


def _leave(made: jax.Array, like: jax.Array) -> jax.Array:
    """The way back from `_enter`."""
    made = channels_first(made)
    return made if made.ndim == like.ndim else made[0]


# --- maxima ---------------------------------------------------------------------------------------


def _lowest(dtype: Any) -> Any:
    return -jnp.inf if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).min


def _winners(x: jax.Array, windows: Windows) -> tuple[jax.Array, jax.Array]:
    """Each window's maximum, and which tap saw it: the first maximum, but the last NaN."""
    kind = np.int8 if math.prod(windows.kernel) <= 127 else np.int32
    taps = enumerate(windows.seen(x, _lowest(x.dtype)))
    _, best = next(taps)
    winner = jnp.broadcast_to(jnp.asarray(_first_inside(windows).astype(kind)), best.shape)
    for i, seen in taps:
        wins = (seen > best) | (seen != seen)
        best, winner = jnp.where(wins, seen, best), jnp.where(wins, kind(i), winner)
    return best, winner


def _first_inside(windows: Windows) -> np.ndarray:
    """Each window's first tap that is not in the padding, [*counts, 1]; it wins among -inf."""
    first = np.zeros((), int)
    for at, (size, gap) in enumerate(zip(windows.kernel, windows.dilation, strict=True)):
        outside = np.maximum(-windows.starts(at), 0)
        first = first[..., None] * size + -(-outside // gap)
    return first[..., None]


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _maxima(x: jax.Array, windows: Windows) -> jax.Array:
    return _winners(x, windows)[0]


def _maxima_backward(windows: Windows, winner: jax.Array, grad: jax.Array) -> tuple[jax.Array]:
    """Each window's gradient at the place of its maximum.

    Windows side by side are spread out at once: every element compares its place in its window
    with the winner's. Others are summed tap by tap, padded to the places which the tap saw. On
    one core a LeNet step takes 1.0 ms less by the first way than by the second. Forward and
    backward of a 2x2 window take 0.80, 0.13 and 1.41 ms by the second for 64x28x28x16, 64x10x10x32
    and 32x32x32x64, where XLA:CPU's select-and-scatter takes 8.0, 2.0 and 21.6, PyTorch 3.7, 1.0
    and 9.5.
    """
    if windows.side_by_side:
        return (_spread_out(winner, grad, windows),)
    total = jnp.zeros((), grad.dtype)
    for i, tap in enumerate(itertools.product(*map(range, windows.kernel))):
        total += windows.put_back(jnp.where(winner == i, grad, grad.dtype.type(0)), tap)
    return (total,)


def _spread_out(winner: jax.Array, grad: jax.Array, windows: Windows) -> jax.Array:
    """The gradient [N, *counts, C] at the winner's place in each of the windows side by side."""
    n, *counts, c = grad.shape
    behind = tuple(range(2, 2 * len(counts) + 1, 2))  # each count's axis is followed by its tap's
    taps = np.arange(math.prod(windows.kernel), dtype=winner.dtype).reshape(windows.kernel)
    own = np.expand_dims(taps, (*range(0, 2 * len(counts), 2), 2 * len(counts)))
    wins = jnp.expand_dims(winner, behind) == own
    placed = jnp.where(wins, jnp.expand_dims(grad, behind), grad.dtype.type(0))
    covered = [many * size for many, size in zip(counts, windows.kernel, strict=True)]
    whole = placed.reshape(n, *covered, c)
    if tuple(covered) == windows.size:
        return whole
    ends = [(0, size - end, 0) for size, end in zip(windows.size, covered, strict=True)]
    return lax.pad(whole, grad.dtype.type(0), [(0, 0, 0), *ends, (0, 0, 0)])


_maxima.defvjp(_winners, _maxima_backward)


def _pooled_maxima(x: jax.Array, windows: Windows) -> jax.Array:
    if math.prod(windows.kernel) <= _TAPS_AT_ONCE:
        return _maxima(x, windows)
    # The last dimension first: then the first maximum in row-major order wins.
    for at in reversed(range(len(windows.kernel))):
        one = windows.along(at)
        if windows.kernel[at] <= _TAPS_UNROLLED:
            x = _maxima(x, one)
        else:
            x = _maxima_by_table(x, _table(one))[0].reshape(x.shape[0], *one.counts, x.shape[-1])
    return x


def _table(windows: Windows) -> np.ndarray:
    """The flat places in the input that each window sees: [windows, taps]. Those in the padding
    repeat the nearest one inside."""
    places = np.zeros((1, 1), int)
    for at, (n, size) in enumerate(zip(windows.size, windows.kernel, strict=True)):
        starts, gap = windows.starts(at)[:, None], windows.dilation[at]
        first, last = -(starts // gap), (n - 1 - starts) // gap
        axis = starts + np.clip(np.arange(size), first.clip(0), last) * gap
        grid = places[:, None, :, None] * n + axis[None, :, None, :]
        places = grid.reshape(places.shape[0] * len(axis), -1)
    return places


def _maxima_by_table(x: jax.Array, table: np.ndarray) -> tuple[jax.Array, jax.Array]:
    """As `_winners`, over the listed flat places: maxima and places, both [N, windows, C]."""
    flat = x.reshape(x.shape[0], -1, x.shape[-1])
    seen = flat[:, jnp.asarray(table)]
    unknown = seen != seen
    last_unknown = table.shape[1] - 1 - jnp.argmax(unknown[:, :, ::-1], 2)
    winner = jnp.where(unknown.any(2), last_unknown, jnp.argmax(seen, 2))[:, :, None]
    rows = jnp.broadcast_to(jnp.asarray(table)[None, :, :, None], seen.shape)
    places = jnp.take_along_axis(rows, winner, 2)[:, :, 0]
    return jnp.take_along_axis(seen, winner, 2)[:, :, 0], places


@op(**_HIDDEN, name="_max_pool", extras={"node": "MaxPool2DWithIndicesBackward0"})
def max_pool(input: Array, kernel: Any, stride: Any, padding: Any, dilation: Any,
             ceil_mode: Flag) -> Array:  # fmt: skip
    """Maxima over windows of the last dimensions; what is padded never wins."""
    windows = _windows(input, kernel, stride, padding, dilation, ceil_mode)
    return _leave(_pooled_maxima(_enter(input, len(kernel)), windows), input)


def _indexed_rule(grad_0: Any, result_1: Any, input: Any, kernel: Any) -> Any:
    rank = len(kernel)
    count = math.prod(input.shape[:-rank])
    flat = jnp.zeros((count, math.prod(input.shape[-rank:])), grad_0.dtype)
    rows, windows = jnp.arange(count)[:, None], math.prod(grad_0.shape[-rank:])
    made = flat.at[rows, result_1.reshape(count, windows)].add(grad_0.reshape(count, windows))
    return made.reshape(input.shape)


@op(**_HIDDEN, name="_max_pool_indexed", backward=_indexed_rule,
    extras={"node": "MaxPool2DWithIndicesBackward0"})  # fmt: skip
def max_pool_indexed(input: Array, kernel: Any, stride: Any, padding: Any, dilation: Any,
                     ceil_mode: Flag) -> tuple[Array, Index]:  # fmt: skip
    """Maxima over windows, and the flat place in the input where each was found."""
    windows = _windows(input, kernel, stride, padding, dilation, ceil_mode)
    x = _enter(input, len(kernel))
    if math.prod(windows.kernel) > _TAPS_UNROLLED:
        shape = (x.shape[0], *windows.counts, x.shape[-1])
        best, places = (made.reshape(shape) for made in _maxima_by_table(x, _table(windows)))
    else:
        best, winner = _winners(x, windows)
        places = _places(winner, windows)
    return _leave(best, input), _leave(places, input)


def _places(winner: jax.Array, windows: Windows) -> jax.Array:
    """The flat place in the input of each window's winning tap."""
    places, unit, rest = jnp.zeros((), int), 1, winner.astype(int)
    for at in reversed(range(len(windows.size))):
        shape = [1] * winner.ndim
        shape[at + 1] = -1
        starts = jnp.asarray(windows.starts(at)).reshape(shape)
        tap, rest = rest % windows.kernel[at], rest // windows.kernel[at]
        places += (starts + tap * windows.dilation[at]) * unit
        unit *= windows.size[at]
    return places


# --- means ----------------------------------------------------------------------------------------


def _wide(x: jax.Array) -> jax.Array:
    """Half precision is added up in float32."""
    half = x.dtype.itemsize < 4 and jnp.issubdtype(x.dtype, jnp.floating)
    return x.astype("float32") if half else x


def _sums(x: jax.Array, windows: Windows) -> jax.Array:
    if math.prod(windows.kernel) <= _TAPS_AT_ONCE:
        return sum(windows.seen(x, 0), start=jnp.zeros((), x.dtype))
    for at in reversed(range(len(windows.kernel))):
        one = windows.along(at)
        if windows.kernel[at] <= _TAPS_UNROLLED:
            x = sum(one.seen(x, 0), start=jnp.zeros((), x.dtype))
        else:
            around = pad_spatial(x, 1, one.pads, x.dtype.type(0))
            sizes, steps = (1, *one.kernel, 1), (1, *one.stride, 1)
            x = lax.reduce_window(around, x.dtype.type(0), lax.add, sizes, steps, "VALID")
    return x


@op(homes=("hidden",), name="_avg_pool", extras={"node": "AvgPool2DBackward0"})
def avg_pool(input: Array, kernel: Any, stride: Any, padding: Any, ceil_mode: Flag,
             count_include_pad: Flag, divisor_override: int | None) -> Array:  # fmt: skip
    """Means over windows."""
    windows = _windows(input, kernel, stride, padding, (1,) * len(kernel), ceil_mode)
    require(divisor_override != 0, "divisor must be not zero")
    total = _sums(_wide(_enter(input, len(kernel))), windows)
    divisor = divisor_override or _counted(windows, count_include_pad)
    divisor = jnp.asarray(divisor, total.dtype)
    made = lax.div(total, jnp.broadcast_to(divisor, total.shape))
    return _leave(made.astype(input.dtype), input)


def _counted(windows: Windows, with_padding: bool) -> np.ndarray:
    """How many elements each window's mean counts, [*counts, 1]."""
    counts = np.ones((), int)
    for at, (n, k, p) in enumerate(zip(windows.size, windows.kernel, windows.padding, strict=True)):
        begin = windows.starts(at)
        end = np.minimum(begin + k, n + p)
        if not with_padding:
            begin, end = np.maximum(begin, 0), np.minimum(end, n)
        counts = counts[..., None] * (end - begin)
    return counts[..., None]


# --- adaptive windows -----------------------------------------------------------------------------


def _bins(n: int, count: int) -> list[tuple[int, int]]:
    """Where adaptive windows begin and end: nearly equal, overlapping where they must."""
    return [(at * n // count, -(-(at + 1) * n // count)) for at in range(count)]


@op(**_HIDDEN, name="_adaptive_avg_pool", extras={"node": "AdaptiveAvgPool2DBackward0"})
def adaptive_avg_pool(input: Array, counts: Any) -> Array:
    """Means over so many nearly equal windows in each of the last dimensions."""
    x = _wide(_enter(input, len(counts)))
    if all(count == 1 for count in counts):
        made = x.mean(tuple(range(1, x.ndim - 1)), keepdims=True)
        return _leave(made.astype(input.dtype), input)
    for axis, count in enumerate(counts, 1):
        n = x.shape[axis]
        if count and n % count == 0:
            x = x.reshape(*x.shape[:axis], count, n // count, *x.shape[axis + 1 :]).mean(axis + 1)
            continue
        weights = np.zeros((count, n))
        for place, (begin, end) in enumerate(_bins(n, count)):
            weights[place, begin:end] = 1 / (end - begin)
        x = jnp.moveaxis(jnp.tensordot(jnp.asarray(weights, x.dtype), x, (1, axis)), 0, axis)
    return _leave(x.astype(input.dtype), input)


@op(**_HIDDEN, name="_adaptive_max_pool", backward=lambda grad_0, result_1, input, counts:
    _indexed_rule(grad_0, result_1, input, counts),
    extras={"node": "AdaptiveMaxPool2DBackward0"})  # fmt: skip
def adaptive_max_pool(input: Array, counts: Any) -> tuple[Array, Index]:
    """Maxima over so many nearly equal windows, and the flat place where each was found."""
    rank = len(counts)
    size = input.shape[-rank:]
    if all(n % count == 0 for n, count in zip(size, counts, strict=True)):
        kernel = tuple(n // count for n, count in zip(size, counts, strict=True))
        return max_pool_indexed(input, kernel, kernel, (0,) * rank, (1,) * rank, False)
    flat = np.arange(math.prod(size)).reshape(size)
    bins = itertools.product(*(_bins(n, c) for n, c in zip(size, counts, strict=True)))
    rows = [flat[tuple(slice(*pair) for pair in each)].reshape(-1) for each in bins]
    width = max(map(len, rows))
    table = np.array([np.pad(row, (0, width - len(row)), "edge") for row in rows])
    x = _enter(input, rank)
    shape = (x.shape[0], *counts, x.shape[-1])
    best, places = (made.reshape(shape) for made in _maxima_by_table(x, table))
    return _leave(best, input), _leave(places, input)
