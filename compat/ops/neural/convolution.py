"""Convolutions and their transposes, in one, two and three dimensions: the public ops."""

from __future__ import annotations

from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.neural.trio import Window, convolve, scatter
from compat.ops.neural.window import (
    Pairs,
    Setting,
    channels_first,
    channels_last,
    is_setting,
    spread_setting,
)
from compat.ops.roles import Array

_HOMES: dict[str, Any] = {
    "homes": ("torch", "nn.functional"), "out": False, "extras": {"node": "ConvolutionBackward0"},
}  # fmt: skip


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
    """[O, C / groups, *kernel] as [*kernel, C / groups, O].

    A kernel of one tap is turned as a matrix, which XLA does within the product: 8 ms for 0.5 of
    2048 x 512 weights.
    """
    ones = weight.shape[2:]
    if prod(ones) == 1:
        return weight.reshape(weight.shape[:2]).T.reshape(*ones, *weight.shape[1::-1])
    return weight.transpose(*range(2, weight.ndim), 1, 0)


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
