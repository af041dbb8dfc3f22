"""Pooling undone, and pooling over windows at random places."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.front.create import hidden

from ..functional import _sized


def _unpooled(name: str, rank: int) -> Any:
    def unpool(input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
               output_size: Any = None) -> Any:  # fmt: skip
        kernel, pads = _sized(kernel_size, rank), _sized(padding, rank)
        steps = kernel if stride is None else _sized(stride, rank)
        if input.dim() not in (rank + 1, rank + 2):
            raise RuntimeError(
                f"Input to {name} should be a {rank + 1}d or {rank + 2}d Tensor, but got "
                f"{input.dim()} dimensions"
            )
        size = _unpooled_size(input.shape[-rank:], kernel, steps, pads, output_size)
        return hidden("_max_unpool")(input, indices, size)

    unpool.__name__ = unpool.__qualname__ = name
    unpool.__doc__ = f"Undoes `max_pool{rank}d`: all but the maxima become zeros."
    return unpool


def _unpooled_size(
    size: Any, kernel: tuple[int, ...], steps: tuple[int, ...], pads: tuple[int, ...], wanted: Any
) -> tuple[int, ...]:
    rank = len(size)
    found = tuple(
        (n - 1) * step + k - 2 * pad
        for n, k, step, pad in zip(size, kernel, steps, pads, strict=True)
    )
    if wanted is None:
        return found
    wanted = tuple(wanted)
    if len(wanted) == rank + 2:
        wanted = wanted[2:]
    if len(wanted) != rank:
        raise ValueError(
            f"output_size should be a sequence containing {rank} or {rank + 2} elements, but it "
            f"has a length of '{len(wanted)}'"
        )
    for dim, (n, each, step) in enumerate(zip(found, wanted, steps, strict=True)):
        if not n - step < each < n + step:
            raise ValueError(
                f'invalid output_size "{wanted}" (dim {dim} must be between {n - step} and '
                f"{n + step})"
            )
    return wanted


max_unpool1d, max_unpool2d, max_unpool3d = (
    _unpooled(f"max_unpool{rank}d", rank) for rank in (1, 2, 3)
)


def _fractional(name: str, rank: int) -> Any:
    def pool(input: Any, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
             return_indices: bool = False, _random_samples: Any = None) -> Any:  # fmt: skip
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{name} requires specifying either an output_size or an output_ratio"
            )
        if input.dim() not in (rank + 1, rank + 2):
            raise RuntimeError(
                f"{name}(): Expected {rank + 1}D or {rank + 2}D tensor, but got: "
                f"{list(input.shape)}"
            )
        if output_size is None:
            ratios = (output_ratio,) * rank if isinstance(output_ratio, float) else output_ratio
            output_size = [int(n * r) for n, r in zip(input.shape[-rank:], ratios, strict=True)]
        if _random_samples is None:
            batch = 1 if input.dim() == rank + 1 else input.shape[0]
            channels = input.shape[-rank - 1]
            _random_samples = torch.rand(
                batch, channels, rank, dtype=input.dtype, device=input.device
            )
        values, places = hidden("_fractional_max_pool")(
            input, _random_samples, _sized(kernel_size, rank), _sized(output_size, rank)
        )
        return (values, places) if return_indices else values

    def with_indices(*args: Any, **kwargs: Any) -> Any:
        return pool(*args, **{**kwargs, "return_indices": True})

    pool.__name__ = pool.__qualname__ = name
    pool.__doc__ = f"Maxima over windows of the last {rank} dimensions at random places."
    return pool, with_indices


fractional_max_pool2d, fractional_max_pool2d_with_indices = _fractional("fractional_max_pool2d", 2)
fractional_max_pool3d, fractional_max_pool3d_with_indices = _fractional("fractional_max_pool3d", 3)
