"""Arithmetic of sliding windows, for convolution and pooling: settings, layout, shifted slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TypeAlias

import jax
from jax import lax

Setting: TypeAlias = int | Sequence[int]
Pairs: TypeAlias = tuple[tuple[int, int], ...]


def is_setting(setting: Setting, rank: int) -> bool:
    """Whether a window setting names one number for all dimensions or one for each."""
    return isinstance(setting, int) or len(setting) in (1, rank)


def spread_setting(setting: Setting, rank: int) -> tuple[int, ...]:
    """One number for each of `rank` dimensions."""
    numbers = (setting,) if isinstance(setting, int) else tuple(setting)
    return numbers * rank if len(numbers) == 1 else numbers


def channels_last(x: jax.Array) -> jax.Array:
    """[N, C, *spatial] as [N, *spatial, C].

    The convolutions, poolings and normalizations compute with the channels last and give their
    result back with `channels_first`. XLA cancels the pairs, also through elementwise ops between
    them: a whole ResNet-18 step keeps no transpose of an activation, and runs within the noise of
    the step written with channels last throughout (it is 9% slower where batch norm alone
    computes with the channels first, because then no pair cancels).
    """
    return x.transpose(0, *range(2, x.ndim), 1)


def channels_first(x: jax.Array) -> jax.Array:
    """[N, *spatial, C] as [N, C, *spatial]."""
    return x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def shifted_slices(
    x: jax.Array,
    first: int,
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    out: Sequence[int],
) -> Iterator[jax.Array]:
    """What each tap of a window sees, in row-major order: strided slices of the padded `x`.

    first   the first of the dimensions that the window slides over
    out     how many positions the window takes in each of them
    """
    for tap in product(*map(range, kernel)):
        start, limit, step = [0] * x.ndim, list(x.shape), [1] * x.ndim
        for i, offset in enumerate(tap):
            start[first + i] = offset * dilation[i]
            limit[first + i] = offset * dilation[i] + (out[i] - 1) * stride[i] + 1
            step[first + i] = stride[i]
        yield lax.slice(x, start, limit, step)


def pad_spatial(x: jax.Array, first: int, padding: Pairs, value: jax.Array) -> jax.Array:
    """`x` with `padding` around its dimensions from `first` on; negative padding cuts."""
    config = [(0, 0, 0)] * x.ndim
    config[first : first + len(padding)] = [(low, high, 0) for low, high in padding]
    return lax.pad(x, value, config)


def unshift(
    part: jax.Array,
    first: int,
    tap: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    padding: Pairs,
    size: Sequence[int],
) -> jax.Array:
    """The transpose of a shifted slice: `part` at its places in an input of `size`, else 0."""
    config = [(0, 0, 0)] * part.ndim
    for i, offset in enumerate(tap):
        low = offset * dilation[i] - padding[i][0]
        span = (part.shape[first + i] - 1) * stride[i] + 1
        config[first + i] = (low, size[i] - low - span, stride[i] - 1)
    return lax.pad(part, part.dtype.type(0), config)
