"""Sliding blocks as columns."""

from __future__ import annotations

import itertools
from typing import Any

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
    x = input if input.ndim == 4 else input[None]
    kernel, gaps = spread_setting(kernel_size, 2), spread_setting(dilation, 2)
    pads, steps = spread_setting(padding, 2), spread_setting(stride, 2)
    x = jnp.pad(x, ((0, 0), (0, 0), (pads[0],) * 2, (pads[1],) * 2))
    counts = [
        (n - g * (k - 1) - 1) // s + 1
        for n, k, g, s in zip(x.shape[2:], kernel, gaps, steps, strict=True)
    ]
    require(
        min(counts) > 0,
        f"Given input with spatial size ({input.shape[-2]}, {input.shape[-1]}), kernel_size="
        f"({kernel[0]}, {kernel[1]}), dilation=({gaps[0]}, {gaps[1]}), padding=({pads[0]}, "
        f"{pads[1]}), stride=({steps[0]}, {steps[1]}), calculated shape of the array of sliding "
        f"blocks as ({counts[0]}, {counts[1]}), but its components must be at least one.",
    )
    taps = []
    for row, column in itertools.product(range(kernel[0]), range(kernel[1])):
        top, left = row * gaps[0], column * gaps[1]
        taps.append(
            x[:, :, top : top + (counts[0] - 1) * steps[0] + 1 : steps[0],
              left : left + (counts[1] - 1) * steps[1] + 1 : steps[1]]
        )  # fmt: skip
    made = jnp.stack(taps, 2).reshape(
        x.shape[0], x.shape[1] * kernel[0] * kernel[1], counts[0] * counts[1]
    )
    return made if input.ndim == 4 else made[0]
