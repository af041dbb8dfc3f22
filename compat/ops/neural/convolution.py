"""Convolutions and their transposes, in one, two and three dimensions.

Three bilinear maps do all the work, and each is the derivative of the other two, so gradients of
any order stay inside the trio:

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

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.forward import without_rule
from compat.ops.neural.window import (
    Pairs,
    Setting,
    channels_first,
    channels_last,
    is_setting,
    pad_spatial,
    shifted_slices,
    spread_setting,
    unshift,
)
from compat.ops.roles import Array

_HOMES: dict[str, Any] = {
    "homes": ("torch", "nn.functional"), "out": False, "extras": {"node": "ConvolutionBackward0"},
}  # fmt: skip


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


@without_rule(_xla)
@partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(x: jax.Array, w: jax.Array, window: Window) -> jax.Array:
    """[N, *spatial, C], [*kernel, C / groups, O] -> [N, *out, O]."""
    return lax.platform_dependent(
        x, w, cpu=partial(_convolve_on_cpu, window=window), default=partial(_xla, window=window)
    )


@without_rule(_xla_scatter)
@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def scatter(g: jax.Array, w: jax.Array, window: Window, size: tuple[int, ...]) -> jax.Array:
    """[N, *out, O], [*kernel, C / groups, O] -> [N, *size, C]."""
    return lax.platform_dependent(
        g,
        w,
        cpu=partial(_scatter_on_cpu, window=window, size=size),
        default=partial(_xla_scatter, window=window, size=size),
    )


@without_rule(_xla_correlate)
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
      correlate with k3 and more: im2col and taps win 10% for strided or 4x4 inputs, and lose up
        to 2x elsewhere: left alone
    XLA's kernel is slow where it writes fewer than 32 channels; that is what the last rules say.
    A LeNet step takes 14 ms so, 21 with XLA's forms, 18 in torch.
    """
    if groups > 1:
        return "depthwise" if c == 1 else "split" if groups <= 64 else "xla"
    few = {"convolve": c == 1 and o < 32, "scatter": c < 32, "correlate": False}[role]
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


# --- the public ops -------------------------------------------------------------------------------


@op(**_HOMES)
def conv1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Setting = 1,
    padding: Setting | str = 0,
    dilation: Setting = 1,
    groups: int = 1,
) -> Array:
    """Convolves [N, C, L] (or [C, L]) with weight [O, C / groups, K]; adds bias [O].

    padding  numbers, or "valid" (none), or "same" (the output as long as the input; stride 1 only)
    gives    [N, O, L_out], L_out = (L + 2 padding - dilation (K - 1) - 1) // stride + 1
    raises   RuntimeError where shapes or settings do not fit
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


@op(**_HOMES)
def conv2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Setting = 1,
    padding: Setting | str = 0,
    dilation: Setting = 1,
    groups: int = 1,
) -> Array:
    """Convolves [N, C, H, W] (or [C, H, W]) with weight [O, C / groups, KH, KW]. See `conv1d`."""
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


@op(**_HOMES)
def conv3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Setting = 1,
    padding: Setting | str = 0,
    dilation: Setting = 1,
    groups: int = 1,
) -> Array:
    """Convolves [N, C, D, H, W] (or unbatched) with [O, C / groups, KD, KH, KW]. See `conv1d`."""
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


@op(**_HOMES)
def conv_transpose1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Setting = 1,
    padding: Setting = 0,
    output_padding: Setting = 0,
    groups: int = 1,
    dilation: Setting = 1,
) -> Array:
    """The gradient of `conv1d` in its input, as an op: [N, C, L] with weight [C, O / groups, K].

    gives   [N, O, (L - 1) stride - 2 padding + dilation (K - 1) + output_padding + 1]
    raises  RuntimeError where shapes or settings do not fit
    """
    settings = stride, padding, output_padding, dilation
    return _conv_transpose(1, input, weight, bias, *settings, groups)


@op(**_HOMES)
def conv_transpose2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Setting = 1,
    padding: Setting = 0,
    output_padding: Setting = 0,
    groups: int = 1,
    dilation: Setting = 1,
) -> Array:
    """[N, C, H, W] (or unbatched) with weight [C, O / groups, KH, KW]. See `conv_transpose1d`."""
    settings = stride, padding, output_padding, dilation
    return _conv_transpose(2, input, weight, bias, *settings, groups)


@op(**_HOMES)
def conv_transpose3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Setting = 1,
    padding: Setting = 0,
    output_padding: Setting = 0,
    groups: int = 1,
    dilation: Setting = 1,
) -> Array:
    """[N, C, D, H, W] (or unbatched), [C, O / groups, KD, KH, KW]. See `conv_transpose1d`."""
    settings = stride, padding, output_padding, dilation
    return _conv_transpose(3, input, weight, bias, *settings, groups)


def _kernel_first(weight: jax.Array) -> jax.Array:
    """[O, C / groups, *kernel] as [*kernel, C / groups, O]."""
    return weight.transpose(*range(2, weight.ndim), 1, 0)


@without_rule(jnp.add)
@jax.custom_vjp
def _add_bias(y: jax.Array, bias: jax.Array) -> jax.Array:
    return y + bias


def _add_bias_backward(_: None, g: jax.Array) -> tuple[jax.Array, jax.Array]:
    # Rows are summed, not g itself, whose sum XLA moves to the other side of the transpose to
    # channels first: it would need the activation in both layouts. Nor is it a product with ones:
    # XLA works a fused g out anew for it (1.5 ms of a LeNet step of 9.5).
    return g, g.reshape(-1, g.shape[-1]).sum(0)


_add_bias.defvjp(lambda y, bias: (y + bias, None), _add_bias_backward)


def _conv(
    rank: int,
    input: jax.Array,
    weight: jax.Array,
    bias: jax.Array | None,
    stride: Setting,
    padding: Setting | str,
    dilation: Setting,
    groups: int,
) -> jax.Array:
    x = _batched(input, rank, f"conv{rank}d")
    _check_ranks(x, weight)
    pairs = (
        _named_padding(padding, rank, weight, stride, dilation)
        if isinstance(padding, str)
        else _symmetric(padding, weight.ndim - 2)
    )
    window = _window(weight, stride, pairs, dilation, groups)
    _check_operands(x, weight, bias, window, transposed=False)
    y = convolve(channels_last(x), _kernel_first(weight), window)
    y = channels_first(y if bias is None else _add_bias(y, bias))  # type: ignore
    return y if input.ndim == x.ndim else y[0]


def _conv_transpose(
    rank: int,
    input: jax.Array,
    weight: jax.Array,
    bias: jax.Array | None,
    stride: Setting,
    padding: Setting,
    output_padding: Setting,
    dilation: Setting,
    groups: int,
) -> jax.Array:
    x = _batched(input, rank, f"conv_transpose{rank}d")
    _check_ranks(x, weight)
    window = _window(weight, stride, _symmetric(padding, weight.ndim - 2), dilation, groups)
    _check_operands(x, weight, bias, window, transposed=True)
    extra = _numbers("output_padding", output_padding, rank)
    size = _size_before(x.shape[2:], weight.shape[2:], extra, window)
    x_last, w_first = channels_last(x), _kernel_first(weight)
    if jnp.issubdtype(x.dtype, jnp.integer):  # JAX does not transpose maps of whole numbers
        y = scatter(x_last.astype(float), w_first.astype(float), window, size).astype(x.dtype)  # type: ignore
    else:
        y = scatter(x_last, w_first, window, size)
    y = channels_first(y if bias is None else _add_bias(y, bias))  # type: ignore
    return y if input.ndim == x.ndim else y[0]


def _size_before(
    out: tuple[int, ...], kernel: tuple[int, ...], extra: tuple[int, ...], window: Window
) -> tuple[int, ...]:
    """The size from which `window` makes `out`, with `extra` places that it would not reach."""
    require(min(extra) >= 0, "negative output_padding is not supported")
    # PyTorch computes, and words its errors, as if one dimension were a plane one row high.
    row = 2 - len(out) if len(out) < 2 else 0
    settings = {
        "output_padding": (0,) * row + extra,
        "stride": (1,) * row + window.stride,
        "dilation": (1,) * row + window.dilation,
    }
    sides = ("depth", "height", "width")[-len(settings["stride"]) :]
    require(
        all(e < max(s, d) for e, s, d in zip(*settings.values(), strict=True)),
        "output padding must be smaller than either stride or dilation, but got "
        + " ".join(
            f"{name}_{side}: {number}"
            for name, numbers in settings.items()
            for side, number in zip(sides, numbers, strict=True)
        ),
    )
    size = tuple(
        (o - 1) * s - sum(p) + reach + e
        for o, s, p, reach, e in zip(
            out, window.stride, window.padding, window.extent(kernel), extra, strict=True
        )
    )
    require(
        min(size) > 0,
        f"Given input size per channel: ({_by((1,) * row + out)}). Calculated output size per "
        f"channel: ({_by((1,) * row + size)}). Output size is too small",
    )
    return size


# --- arguments ------------------------------------------------------------------------------------


def _by(sizes: tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes))


def _batched(x: jax.Array, rank: int, name: str) -> jax.Array:
    require(
        x.ndim in (rank + 1, rank + 2),
        f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, but got input "
        f"of size: {list(x.shape)}",
    )
    return x if x.ndim == rank + 2 else x[None]


def _numbers(name: str, setting: Setting, rank: int) -> tuple[int, ...]:
    told = [setting] if isinstance(setting, int) else list(setting)
    require(
        is_setting(setting, rank),
        f"expected {name} to be a single integer value or a list of {rank} values to match the "
        f"convolution dimensions, but got {name}={told}",
    )
    return spread_setting(setting, rank)


def _symmetric(padding: Setting, rank: int) -> Pairs:
    numbers = _numbers("padding", padding, rank)
    require(min(numbers) >= 0, "negative padding is not supported")
    return tuple((p, p) for p in numbers)


def _named_padding(
    padding: str, rank: int, weight: jax.Array, stride: Setting, dilation: Setting
) -> Pairs:
    require(padding in ("same", "valid"), f"Invalid padding string: '{padding}'")
    if padding == "valid":
        return ((0, 0),) * rank
    require(
        set(_numbers("stride", stride, rank)) == {1},
        "padding='same' is not supported for strided convolutions",
    )
    dilations = _numbers("dilation", dilation, rank)
    totals = [d * (k - 1) for d, k in zip(dilations, weight.shape[2:], strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)


def _window(
    weight: jax.Array, stride: Setting, padding: Pairs, dilation: Setting, groups: int
) -> Window:
    rank = weight.ndim - 2
    strides = _numbers("stride", stride, rank)
    dilations = _numbers("dilation", dilation, rank)
    require(min(strides) > 0, "non-positive stride is not supported")
    require(min(dilations) > 0, f"dilation should be greater than zero, but got {list(dilations)}")
    require(groups > 0, "non-positive groups is not supported")
    return Window(strides, padding, dilations, groups)


def _check_ranks(x: jax.Array, weight: jax.Array) -> None:
    require(weight.ndim >= 3, "weight should have at least three dimensions")
    require(
        weight.ndim == x.ndim,
        f"Expected {weight.ndim}-dimensional input for {weight.ndim}-dimensional weight "
        f"{list(weight.shape)}, but got {x.ndim}-dimensional input of size {list(x.shape)} instead",
    )


def _check_operands(
    x: jax.Array, weight: jax.Array, bias: jax.Array | None, window: Window, transposed: bool
) -> None:
    shape, groups = list(weight.shape), window.groups
    given = f"Given transposed={int(transposed)}" if transposed else f"Given groups={groups}"
    require(
        shape[0] >= groups,
        f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got "
        f"weight of size {shape} instead",
    )
    require(
        shape[0] % groups == 0,
        f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but "
        f"got weight of size [{shape}] instead",
    )
    channels = shape[0] if transposed else shape[1] * groups
    require(
        x.shape[1] == channels,
        f"{given}, weight of size {shape}, expected input{list(x.shape)} to have {channels} "
        f"channels, but got {x.shape[1]} channels instead",
    )
    made = shape[1] * groups if transposed else shape[0]
    require(
        bias is None or bias.shape == (made,),
        f"Given {'transposed=1, ' if transposed else ''}weight of size {shape}, expected bias to "
        f"be 1-dimensional with {made} elements, but got bias of size "
        f"{list(bias.shape) if bias is not None else []} instead",
    )
    have, need = window.padded(x.shape[2:]), window.extent(weight.shape[2:])
    require(
        transposed or all(n <= h for n, h in zip(need, have, strict=True)),
        f"Calculated padded input size per channel: ({_by(have)}). Kernel size: ({_by(need)}). "
        "Kernel size can't be greater than actual input size",
    )
    _check_types(x, weight, bias)


# How PyTorch's messages name a type: in capitals for operands, as C++ does for biases.
_OPERAND = {"float64": "Double", "float32": "Float", "float16": "Half", "int64": "Long",
            "int32": "Int", "bfloat16": "BFloat16", "complex64": "ComplexFloat"}  # fmt: skip
_BIAS = {"float64": "double", "float32": "float", "float16": "c10::Half", "int64": "long int",
         "int32": "int", "bfloat16": "c10::BFloat16", "complex64": "c10::complex<float>",
         "complex128": "c10::complex<double>"}  # fmt: skip


def _check_types(x: jax.Array, weight: jax.Array, bias: jax.Array | None) -> None:
    kind, other = str(x.dtype), str(weight.dtype)
    require(
        kind == other,
        f"expected scalar type {_OPERAND.get(kind, kind)} but found {_OPERAND.get(other, other)}",
    )
    require(
        kind != "bool", "\"slow_conv2d_cpu\" not implemented for 'Bool'", kind=NotImplementedError
    )
    if bias is not None:
        other = str(bias.dtype)
        require(
            kind == other,
            f"Input type ({_BIAS.get(kind, kind)}) and bias type ({_BIAS.get(other, other)}) "
            "should be the same",
        )
