"""Pooling: over regular windows, adaptive ones, windows at random places; and pooling undone."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.front.create import hidden


def _sized(given: Any, rank: int) -> tuple[int, ...]:
    if isinstance(given, int):
        return (given,) * rank
    return tuple(int(each) for each in given) * (rank if len(given) == 1 else 1)


def _not_empty(input: Any, rank: int) -> None:
    """Only the batch may be empty."""
    inside = input.shape[-rank - 1 :]
    if 0 not in inside:
        return
    if rank == 3:
        at = len(input.shape) - rank - 1 + list(inside).index(0)
        raise RuntimeError(
            "max_pool3d_with_indices_out_cpu_template(): Expected input's non-batch dimensions to "
            f"have positive length, but input has a shape of {list(input.shape)} and non-batch "
            f"dimension {at} has length zero!"
        )
    raise RuntimeError(
        f"{'max_pool1d: ' * (rank == 1)}Expected {rank + 1}D or {rank + 2}D (batch mode) tensor "
        f"with optional 0 dim batch size for input, but got:{list(input.shape)}"
    )


def _max_pool(rank: int) -> Any:
    def pool(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
             ceil_mode: bool = False, return_indices: bool = False) -> Any:  # fmt: skip
        _ranked(f"max_pool{rank}d", input, rank)
        kernel = _sized(kernel_size, rank)
        steps = kernel if stride is None or stride == [] else _sized(stride, rank)
        pads, gaps = _sized(padding, rank), _sized(dilation, rank)
        if 0 in input.shape:
            _pads_fit(kernel, pads, gaps)
            _not_empty(input, rank)
        if rank == 1 and not (input.requires_grad and torch.is_grad_enabled()):
            _along_a_line(
                input.size(-1), kernel[0], steps[0], pads[0], gaps[0], bool(ceil_mode)
            )
        op = hidden("_max_pool_indexed" if return_indices else "_max_pool")
        return op(input, kernel, steps, pads, gaps, bool(ceil_mode))

    pool.__name__ = pool.__qualname__ = f"max_pool{rank}d"
    pool.__doc__ = f"Maxima over windows of the last {rank} dimensions."
    return pool


def _pads_fit(kernel: Any, pads: Any, gaps: Any) -> None:
    """What PyTorch asks of the padding before it looks at the sizes of the input."""
    for size, pad, gap in zip(kernel, pads, gaps, strict=True):
        if pad < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {pad}")
        if pad > (gap * (size - 1) + 1) // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={pad}, kernel_size={size} and dilation={gap}"
            )


def _along_a_line(size: int, kernel: int, stride: int, padding: int, dilation: int,
                  ceil_mode: bool) -> None:  # fmt: skip
    """What PyTorch refuses in words of its own, along one dimension and without gradients."""
    named = (("kernel_size", kernel), ("stride", stride), ("dilation", dilation))
    for name, given in named:
        if given <= 0:
            raise RuntimeError(f"max_pool1d() {name} must be greater than zero, but got {given}")
    if padding < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {padding}")
    if padding > kernel // 2:
        raise RuntimeError(
            "max_pool1d() padding should be at most half of kernel size, but got "
            f"padding={padding} and kernel_size={kernel}"
        )
    last = size + 2 * padding - dilation * (kernel - 1) - 1 + (stride - 1) * ceil_mode
    count = last // stride + 1
    if count <= 0:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {count}")


def _ranked(name: str, input: Any, rank: int) -> None:
    if input.dim() not in (rank + 1, rank + 2):
        if rank > 1:
            raise RuntimeError(
                f"non-empty {rank + 1}D or {rank + 2}D (batch mode) tensor expected for input"
            )
        raise RuntimeError(
            f"{name}(): Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional "
            "0 dim "
            f"batch size for input, but got: {list(input.shape)}"
        )


max_pool1d, max_pool2d, max_pool3d = (_max_pool(rank) for rank in (1, 2, 3))


def _with_indices(pool: Any) -> Any:
    def indexed(*args: Any, **kwargs: Any) -> Any:
        return pool(*args, **{**kwargs, "return_indices": True})

    return indexed


max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices = (
    _with_indices(pool) for pool in (max_pool1d, max_pool2d, max_pool3d)
)


def _avg_pool(rank: int) -> Any:
    def pool(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
             ceil_mode: bool = False, count_include_pad: bool = True,
             divisor_override: int | None = None, **into: Any) -> Any:  # fmt: skip
        _ranked(f"avg_pool{rank}d", input, rank)
        kernel = _sized(kernel_size, rank)
        steps = kernel if stride is None or stride in ((), []) else _sized(stride, rank)
        return hidden("_avg_pool")(
            input, kernel, steps, _sized(padding, rank), bool(ceil_mode), bool(count_include_pad),
            divisor_override, **into,
        )  # fmt: skip

    pool.__name__ = pool.__qualname__ = f"avg_pool{rank}d"
    pool.__doc__ = f"Means over windows of the last {rank} dimensions."
    return pool


avg_pool1d, avg_pool2d, avg_pool3d = (_avg_pool(rank) for rank in (1, 2, 3))


def _counts(input: Any, output_size: Any, rank: int) -> tuple[int, ...]:
    given = (
        (output_size,) * rank
        if isinstance(output_size, int) or output_size is None
        else (tuple(output_size) * (rank if len(output_size) == 1 else 1))
    )
    return tuple(
        input.shape[input.dim() - rank + at] if count is None else int(count)
        for at, count in enumerate(given)
    )


def _adaptive_counts(kind: str, rank: int, input: Any, output_size: Any) -> tuple[int, ...]:
    """How many windows there are in each dimension; errors as PyTorch has them."""
    name = f"adaptive_{kind}_pool{rank}d"
    listed = not (isinstance(output_size, int) or output_size is None)
    if rank > 1 and listed and len(output_size) >= input.dim():
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}")
    if listed and len(output_size) != rank:
        told = {
            1: f"{name}() argument 'output_size' should contain one int (got {len(output_size)})"
        }.get(rank, f"{name}: output_size must be {rank}")
        if kind == "max" and rank > 1:
            told = f"{name}(): internal error: output_size.size() must be {rank}"
        raise RuntimeError(told)
    _ranked(name, input, rank)
    counts = _counts(input, output_size, rank)
    if min(counts) < 0 and kind == "avg":
        shown = {1: (1, *counts), 2: counts}.get(rank, counts)
        text = ", ".join(map(str, shown)) if rank < 3 else f"{counts[0]}, {counts[1]},{counts[2]}"
        raise RuntimeError(
            f"adaptive_avg_pool{max(rank, 2)}d: elements of output_size must be greater than or "
            f"equal to 0 but received {{{text}}}"
        )
    if min(counts) < 0:
        made = [*input.shape[: input.dim() - rank], *((1,) if rank == 1 else ()), *counts]
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(counts)}: {made}")
    return counts


def _adaptive(rank: int, kind: str) -> Any:
    def pool(input: Any, output_size: Any, return_indices: bool = False) -> Any:
        counts = _adaptive_counts(kind, rank, input, output_size)
        if kind == "avg":
            return hidden("_adaptive_avg_pool")(input, counts)
        values, places = hidden("_adaptive_max_pool")(input, counts)
        return (values, places) if return_indices else values

    pool.__name__ = pool.__qualname__ = f"adaptive_{kind}_pool{rank}d"
    pool.__doc__ = f"Windows chosen so that the last {rank} dimensions get output_size."
    return pool


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = (
    _adaptive(rank, "avg") for rank in (1, 2, 3)
)
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = (
    _adaptive(rank, "max") for rank in (1, 2, 3)
)
adaptive_max_pool1d_with_indices, adaptive_max_pool2d_with_indices = (
    _with_indices(pool) for pool in (adaptive_max_pool1d, adaptive_max_pool2d)
)
adaptive_max_pool3d_with_indices = _with_indices(adaptive_max_pool3d)


def _lp_pool(rank: int) -> Any:
    averages = (avg_pool1d, avg_pool2d, avg_pool3d)

    def pool(input: Any, norm_type: float, kernel_size: Any, stride: Any = None,
             ceil_mode: bool = False) -> Any:  # fmt: skip
        kernel = _sized(kernel_size, rank)
        mean = averages[rank - 1](input.pow(norm_type), kernel, stride, 0, ceil_mode)
        total = mean * math.prod(kernel)
        return (torch.sign(total) * torch.relu(torch.abs(total))).pow(1.0 / norm_type)

    pool.__name__ = pool.__qualname__ = f"lp_pool{rank}d"
    pool.__doc__ = "The p-norm (without absolute values) over windows."
    return pool


lp_pool1d, lp_pool2d, lp_pool3d = (_lp_pool(rank) for rank in (1, 2, 3))


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
