"""The three bilinear maps that do all the work of convolutions.

Each is the derivative of the other two, so gradients of any order stay inside the trio:

    convolve(x, w)   what the window sees, weighed       (the forward pass)
    scatter(g, w)    the gradient of convolve in x       (and a transposed convolution)
    correlate(x, g)  the gradient of convolve in w

They take x as [N, *spatial, C] and w as [*kernel, C / groups, O].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from math import gcd, prod
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from compat.ops.neural.window import Pairs, pad_spatial, shifted_slices, unshift


@dataclass(frozen=True)
class Window:
    """How the kernel slides, and which channels it joins."""

    stride: tuple[int, ...]
    padding: Pairs
    dilation: tuple[int, ...]
    groups: int

    def extent(self, kernel: tuple[int, ...]) -> tuple[int, ...]:
        """How far the dilated kernel reaches."""
        return tuple(d * (k - 1) + 1 for d, k in zip(self.dilation, kernel, strict=True))

    def padded(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """The input's size with its padding."""
        return tuple(s + sum(p) for s, p in zip(size, self.padding, strict=True))

    def out(self, size: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[int, ...]:
        """How many positions the kernel takes."""
        room = zip(self.padded(size), self.extent(kernel), self.stride, strict=True)
        return tuple((have - need) // step + 1 for have, need, step in room)


# --- XLA's own convolution ------------------------------------------------------------------------


def _xla(x: jax.Array, w: jax.Array, window: Window) -> jax.Array:
    spatial = "DHW"[-len(window.stride) :]
    last, kernel_last = f"N{spatial}C", f"{spatial}IO"
    return lax.conv_general_dilated(
        x,
        w,
        window_strides=window.stride,
        padding=window.padding,
        rhs_dilation=window.dilation,
        dimension_numbers=(last, kernel_last, last),
        feature_group_count=window.groups,
    )


def _transpose(linear: Callable[[jax.Array], jax.Array], shape: tuple[int, ...], ct: jax.Array):
    return jax.linear_transpose(linear, jax.ShapeDtypeStruct(shape, ct.dtype))(ct)[0]


def _scatter_of(form: Callable[..., jax.Array], g, w, window: Window, size: tuple[int, ...]):
    shape = (g.shape[0], *size, w.shape[-2] * window.groups)
    seen = tuple(slice(0, n) for n in g.shape[1:-1])  # output_padding may make room for more
    return _transpose(lambda x: form(x, w, window)[:, *seen], shape, g)


def _correlate_of(form: Callable[..., jax.Array], x, g, window: Window, kernel: tuple[int, ...]):
    shape = (*kernel, x.shape[-1] // window.groups, g.shape[-1])
    seen = tuple(slice(0, n) for n in g.shape[1:-1])
    return _transpose(lambda w: form(x, w, window)[:, *seen], shape, g)


_xla_scatter = partial(_scatter_of, _xla)
_xla_correlate = partial(_correlate_of, _xla)


# --- the trio -------------------------------------------------------------------------------------


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(x: jax.Array, w: jax.Array, window: Window) -> jax.Array:
    """[N, *spatial, C], [*kernel, C / groups, O] -> [N, *out, O]."""
    return lax.platform_dependent(
        x, w, cpu=partial(_convolve_on_cpu, window=window), default=partial(_xla, window=window)
    )


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def scatter(g: jax.Array, w: jax.Array, window: Window, size: tuple[int, ...]) -> jax.Array:
    """[N, *out, O], [*kernel, C / groups, O] -> [N, *size, C]."""
    return lax.platform_dependent(
        g,
        w,
        cpu=partial(_scatter_on_cpu, window=window, size=size),
        default=partial(_xla_scatter, window=window, size=size),
    )


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def correlate(x: jax.Array, g: jax.Array, window: Window, kernel: tuple[int, ...]) -> jax.Array:
    """[N, *spatial, C], [N, *out, O] -> [*kernel, C / groups, O]."""
    return lax.platform_dependent(
        x,
        g,
        cpu=partial(_correlate_on_cpu, window=window, kernel=kernel),
        default=partial(_xla_correlate, window=window, kernel=kernel),
    )


convolve.defvjp(
    lambda x, w, window: (convolve(x, w, window), (x, w)),
    lambda window, saved, ct: (
        scatter(ct, saved[1], window, saved[0].shape[1:-1]),
        correlate(saved[0], ct, window, saved[1].shape[:-2]),
    ),
)
scatter.defvjp(
    lambda g, w, window, size: (scatter(g, w, window, size), (g, w)),
    lambda window, size, saved, ct: (
        convolve(ct, saved[1], window)[:, *map(slice, saved[0].shape[1:-1])],  # type: ignore
        correlate(ct, saved[0], window, saved[1].shape[:-2]),
    ),
)
correlate.defvjp(
    lambda x, g, window, kernel: (correlate(x, g, window, kernel), (x, g)),
    lambda window, kernel, saved, ct: (
        scatter(saved[1], ct, window, saved[0].shape[1:-1]),
        convolve(saved[0], ct, window),
    ),
)


# --- the forms that beat it on CPU ----------------------------------------------------------------


def _choose(role: str, groups: int, c: int, o: int, taps: int) -> str:
    """Which form computes `role`; c and o count the channels of one group.

    Milliseconds of one core, XLA's form against the form chosen here (torch in brackets):
      depthwise, 32x128x16x16, k3: convolve 27.5 -> 1.8, scatter 28 -> 3.0, correlate 30 -> 5.4
      4 groups, 32x128x16x16, k3: convolve 18 -> 7.2, both gradients 649 -> 17 (13)
      1x1 stride 2, 32x64x32x32 -> 128: correlate 9.3 -> 1.7 (3.3), the others equal
      convolve 64x1x28x28 -> 16, k5: 5.1 -> 1.0 (0.65); -> 32 channels 0.9, taps 2.1: left alone
      scatter to 16 channels, 64x14x14, k5: 7.5 -> 5.4 (1.6); to 1 channel, 28x28: 3.8 -> 1.5 (6.2)
      scatter to 64 channels, 32x32x32, k3: 25, taps 35: left alone
      correlate, k3: 32x64x32x32 72 -> 33, 8x64x56x56 53 -> 24, 8x128x28x28 57 -> 20,
        8x256x14x14 19 -> 18, 8x512x7x7: 18, blocks 20: left alone
    XLA's kernel is slow where it writes fewer than 32 channels; that is what the last rules say.
    A LeNet step takes 14 ms so, 21 with XLA's forms, 18 in torch.
    """
    if groups > 1:
        return "depthwise" if c == 1 else "split" if groups <= 64 else "xla"
    if role == "correlate":
        return "product" if taps == 1 else "blocks"
    few = {"convolve": c == 1 and o < 32, "scatter": c < 32}[role]
    return "product" if taps == 1 else "taps" if few and taps <= 49 else "xla"


def _summed_wide(form: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """Adds half-precision products up in float32, as accelerators do of themselves."""

    def wide(first: jax.Array, second: jax.Array, *args: Any, **kwargs: Any) -> jax.Array:
        if first.dtype.itemsize > 2 or not jnp.issubdtype(first.dtype, jnp.floating):
            return form(first, second, *args, **kwargs)
        made = form(first.astype("float32"), second.astype("float32"), *args, **kwargs)
        return made.astype(first.dtype)

    return wide


@_summed_wide
def _convolve_on_cpu(x: jax.Array, w: jax.Array, window: Window) -> jax.Array:
    *kernel, c, o = w.shape
    form = _choose("convolve", window.groups, c, o // window.groups, prod(kernel))
    if form == "split":
        xs, ws, one = _split(x, window), _split(w, window), replace(window, groups=1)
        parts = [_convolve_on_cpu(a, b, one) for a, b in zip(xs, ws, strict=True)]
        return jnp.concatenate(parts, -1)
    if form == "xla":
        return _xla(x, w, window)
    sums = _depthwise if form == "depthwise" else _convolve_by_taps
    return sums(x, w, window) if form == "product" else _in_blocks(sums, x, w, window)


@_summed_wide
def _scatter_on_cpu(g: jax.Array, w: jax.Array, window: Window, size: tuple[int, ...]):
    *kernel, c, o = w.shape
    form = _choose("scatter", window.groups, c, o // window.groups, prod(kernel))
    if form == "split":
        gs, ws, one = _split(g, window), _split(w, window), replace(window, groups=1)
        parts = [_scatter_on_cpu(a, b, one, size) for a, b in zip(gs, ws, strict=True)]
        return jnp.concatenate(parts, -1)
    if form == "xla":
        return _xla_scatter(g, w, window, size)
    sums = partial(_scatter_of, _depthwise) if form == "depthwise" else _scatter_by_taps
    return sums(g, w, window, size) if form == "product" else _in_blocks(sums, g, w, window, size)


@_summed_wide
def _correlate_on_cpu(x: jax.Array, g: jax.Array, window: Window, kernel: tuple[int, ...]):
    c, o = x.shape[-1] // window.groups, g.shape[-1] // window.groups
    form = _choose("correlate", window.groups, c, o, prod(kernel))
    if form == "split":
        xs, gs, one = _split(x, window), _split(g, window), replace(window, groups=1)
        parts = [_correlate_on_cpu(a, b, one, kernel) for a, b in zip(xs, gs, strict=True)]
        return jnp.concatenate(parts, -1)
    if form == "blocks":
        rows = _rows_of_block(g.shape[0], g.shape[1:-1], prod(kernel) * c * x.dtype.itemsize)
        if rows:
            return _correlate_in_blocks(x, g, window, kernel, rows)
        form = "xla"
    by = {"product": _convolve_by_taps, "depthwise": _depthwise, "xla": _xla}[form]
    return _correlate_of(by, x, g, window, kernel)


def _in_blocks(form: Callable[..., jax.Array], batch: jax.Array, w: jax.Array, *settings: Any):
    """`form` of a batch, a few samples at a time, in a loop.

    The loop keeps XLA from fusing an elementwise sum of taps into each of its consumers, which
    would repeat the whole convolution in each: a LeNet step took 62 ms. And a block stays in cache.
    """
    size = gcd(batch.shape[0], 8)
    if size == 0:
        return form(batch, w, *settings)
    blocks = batch.reshape(-1, size, *batch.shape[1:])
    made = lax.map(lambda block: form(block, w, *settings), blocks)
    return made.reshape(-1, *made.shape[2:])


BLOCK = 1 << 20  # bytes of what a block of positions sees, to stay in a core's cache
LEAST = 16 << 20  # bytes of what all positions see, from which on XLA's form falls out of the cache
FEWEST = 196  # positions of a sample from which on blocks pay


def _rows_of_block(samples: int, out: tuple[int, ...], seen: int) -> int:
    """How many rows of positions, each of which sees so many bytes, make a block; 0 for none.

    XLA's form is as good as blocks in one dimension, and always slow in three.
    """
    first, *rest = out
    small = samples * prod(out) * seen < LEAST and len(rest) < 2
    if small or prod(out) < FEWEST or not rest:
        return 0
    fitting = max(1, BLOCK // (prod(rest) * seen))
    return max(rows for rows in range(1, first + 1) if first % rows == 0 and rows <= fitting)


def _correlate_in_blocks(
    x: jax.Array, g: jax.Array, window: Window, kernel: tuple[int, ...], rows: int
) -> jax.Array:
    """A loop over blocks of positions: what they see is laid out, and is one factor of a matrix
    product, small enough for the cache.

    The gradient is the left factor: Eigen is slow at transposing a left one of many columns.
    """
    c, o = x.shape[-1], g.shape[-1]
    padded = pad_spatial(x, 1, window.padding, x.dtype.type(0))
    blocks = g.shape[1] // rows
    step = rows * window.stride[0]
    height = step - window.stride[0] + window.extent(kernel)[0]

    def add(total: jax.Array, at: jax.Array) -> tuple[jax.Array, None]:
        sample, block = at // blocks, at % blocks
        part = lax.dynamic_slice(
            padded, (sample, block * step, *[0] * len(padded.shape[2:])),
            (1, height, *padded.shape[2:]),
        )  # fmt: skip
        rest = g.shape[2:-1]
        seen = shifted_slices(part, 1, kernel, window.stride, window.dilation, (rows, *rest))
        laid = jnp.concatenate([one.reshape(-1, c) for one in seen], -1)
        own = lax.dynamic_slice(
            g, (sample, block * rows, *[0] * len(g.shape[2:])), (1, rows, *g.shape[2:])
        )
        return total + lax.dot_general(own.reshape(-1, o), laid, (((0,), (0,)), ((), ()))), None

    zero = jnp.zeros((o, prod(kernel) * c), x.dtype)
    total, _ = lax.scan(add, zero, jnp.arange(g.shape[0] * blocks))
    return total.T.reshape(*kernel, c, o)


def _split(x: jax.Array, window: Window) -> list[jax.Array]:
    return jnp.split(x, window.groups, -1)


def _seen_by_taps(x: jax.Array, w: jax.Array, window: Window) -> tuple[list[jax.Array], tuple]:
    kernel = w.shape[:-2]
    out = window.out(x.shape[1:-1], kernel)
    padded = pad_spatial(x, 1, window.padding, x.dtype.type(0))
    return list(shifted_slices(padded, 1, kernel, window.stride, window.dilation, out)), out


def _convolve_by_taps(x: jax.Array, w: jax.Array, window: Window) -> jax.Array:
    """A sum of matrix products, one a tap."""
    c, o = w.shape[-2:]
    seen, out = _seen_by_taps(x, w, window)
    weights = w.reshape(-1, c, o)
    zero = jnp.zeros((), x.dtype)
    total = sum((part.reshape(-1, c) @ weights[i] for i, part in enumerate(seen)), zero)
    return total.reshape(x.shape[0], *out, o)


def _scatter_by_taps(g: jax.Array, w: jax.Array, window: Window, size: tuple[int, ...]):
    """One matrix product for all taps; each tap's part is added at the places which it saw."""
    *kernel, c, o = w.shape
    parts = (g.reshape(-1, o) @ w.reshape(-1, o).T).reshape(*g.shape[:-1], -1)
    total = jnp.zeros((), g.dtype)
    for i, tap in enumerate(product(*map(range, kernel))):
        part = parts[..., i * c : (i + 1) * c]
        total += unshift(part, 1, tap, window.stride, window.dilation, window.padding, size)
    return total


def _depthwise(x: jax.Array, w: jax.Array, window: Window) -> jax.Array:
    """Each channel alone, with O / C kernels of its own: elementwise products, summed over taps."""
    channels, o = x.shape[-1], w.shape[-1]
    seen, out = _seen_by_taps(x, w, window)
    weights = w.reshape(-1, channels, o // channels)
    zero = jnp.zeros((), x.dtype)
    total = sum((part[..., None] * weights[i] for i, part in enumerate(seen)), zero)
    return total.reshape(x.shape[0], *out, o)
