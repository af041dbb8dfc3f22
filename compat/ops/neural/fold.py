"""Sliding blocks as columns."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp

from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.neural.window import spread_setting
from compat.ops.roles import Array


@op(homes=("nn.functional",), out=False)
def unfold(input: Array, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
           stride: Any = 1) -> Array:  # fmt: skip
    """Sliding blocks of (N, C, H, W) as columns: (N, C * KH * KW, blocks)."""
    require(
        input.ndim in (3, 4),
        f"Expected 3D or 4D (batch mode) tensor for input with possibly 0 batch size and other "
        f"non-zero dimensions for input, but got: {list(input.shape)}",
    )
    _check_settings(kernel_size, dilation, padding, stride)
    x = input if input.ndim == 4 else input[None]
    counts = _counts(x.shape[2:], kernel_size, dilation, padding, stride)
    kernel, gaps = spread_setting(kernel_size, 2), spread_setting(dilation, 2)
    pads, steps = spread_setting(padding, 2), spread_setting(stride, 2)
    require(
        min(counts) > 0,
        f"Given input with spatial size ({input.shape[-2]}, {input.shape[-1]}), kernel_size="
        f"({kernel[0]}, {kernel[1]}), dilation=({gaps[0]}, {gaps[1]}), padding=({pads[0]}, "
        f"{pads[1]}), stride=({steps[0]}, {steps[1]}), calculated shape of the array of sliding "
        f"blocks as ({counts[0]}, {counts[1]}), but its components must be at least one.",
    )
    made = _columns(x, counts, kernel_size, dilation, padding, stride)
    return made if input.ndim == 4 else made[0]


def _columns(x: jax.Array, counts: list[int], kernel_size: Any, dilation: Any, padding: Any,
             stride: Any) -> jax.Array:  # fmt: skip
    kernel, gaps = spread_setting(kernel_size, 2), spread_setting(dilation, 2)
    pads, steps = spread_setting(padding, 2), spread_setting(stride, 2)
    x = jnp.pad(x, ((0, 0), (0, 0), (pads[0],) * 2, (pads[1],) * 2))
    taps = []
    for row, column in itertools.product(range(kernel[0]), range(kernel[1])):
        top, left = row * gaps[0], column * gaps[1]
        taps.append(
            x[:, :, top : top + (counts[0] - 1) * steps[0] + 1 : steps[0],
              left : left + (counts[1] - 1) * steps[1] + 1 : steps[1]]
        )  # fmt: skip
    return jnp.stack(taps, 2).reshape(
        x.shape[0], x.shape[1] * kernel[0] * kernel[1], counts[0] * counts[1]
    )


def _counts(size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> list[int]:
    """How many blocks there are in each dimension."""
    settings = [spread_setting(each, 2) for each in (kernel, dilation, padding, stride)]
    return [
        (n + 2 * pad - gap * (k - 1) - 1) // step + 1
        for n, k, gap, pad, step in zip(size, *settings, strict=True)
    ]


def _check_settings(kernel: Any, dilation: Any, padding: Any, stride: Any) -> None:
    for what, setting, short in (
        ("kernel size", kernel, "kernel"), ("dilation", dilation, "dilation"),
        ("stride", stride, "stride"),
    ):  # fmt: skip
        height, width = spread_setting(setting, 2)
        require(
            height > 0 and width > 0,
            f"{what} should be greater than zero, but got {short}_height: {height} "
            f"{short}_width: {width}",
        )
    height, width = spread_setting(padding, 2)
    require(
        height >= 0 and width >= 0,
        f"padding should be non-negative, but got pad_height: {height} pad_width: {width}",
    )


@op(homes=("nn.functional",), out=False, kernel=("col2im_out_cpu", "fc"),
    extras={"node": "Col2ImBackward0"})  # fmt: skip
def fold(input: Array, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
         stride: Any = 1) -> Array:  # fmt: skip
    """The transpose of `unfold`: adds columns (N, C * KH * KW, blocks) up to (N, C, H, W)."""
    require(
        input.ndim in (2, 3),
        f"Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero "
        f"dimensions for input, but got: {list(input.shape)}",
    )
    size = (output_size,) * 2 if isinstance(output_size, int) else tuple(output_size)
    require(len(size) == 2, f"It is expected output_size equals to 2, but got size {len(size)}")
    _check_settings(kernel_size, dilation, padding, stride)
    kernel = spread_setting(kernel_size, 2)
    area = kernel[0] * kernel[1]
    require(
        input.shape[-2] % area == 0,
        f"Expected size of input's dimension 1 to be divisible by the product of kernel_size, but "
        f"got input.size(1)={input.shape[-2]} and kernel_size=({kernel[0]}, {kernel[1]}).",
    )
    counts = _counts(size, kernel_size, dilation, padding, stride)
    names = [
        f"{name}=({first}, {second})"
        for name, (first, second) in (
            ("output_size", size), ("kernel_size", kernel),
            ("dilation", spread_setting(dilation, 2)), ("padding", spread_setting(padding, 2)),
            ("stride", spread_setting(stride, 2)),
        )  # fmt: skip
    ]
    require(
        input.shape[-1] == counts[0] * counts[1],
        f"Given {', '.join(names)}, expected size of input's dimension 2 to match the calculated "
        f"number of sliding blocks {counts[0]} * {counts[1]} = {counts[0] * counts[1]}, but got "
        f"input.size(2)={input.shape[-1]}.",
    )
    columns = input if input.ndim == 3 else input[None]
    image = jax.ShapeDtypeStruct((columns.shape[0], columns.shape[1] // area, *size), input.dtype)
    turned = jax.linear_transpose(
        lambda x: _columns(x, counts, kernel_size, dilation, padding, stride), image
    )
    (made,) = turned(columns)
    return made if input.ndim == 3 else made[0]
