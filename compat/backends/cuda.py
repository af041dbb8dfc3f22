"""torch.backends.cuda."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from compat.cuda import is_available as _is_available


class matmul:
    """Settings of matrix products, kept and without effect."""

    allow_tf32 = False


def is_built() -> bool:
    """Whether the library could use a GPU."""
    return _is_available()


_allowed = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}


def flash_sdp_enabled() -> bool:
    """Whether attention may use this kernel; XLA chooses."""
    return _allowed["flash"]


def mem_efficient_sdp_enabled() -> bool:
    """Whether attention may use this kernel; XLA chooses."""
    return _allowed["mem_efficient"]


def math_sdp_enabled() -> bool:
    """Whether attention may use this kernel; XLA chooses."""
    return _allowed["math"]


def cudnn_sdp_enabled() -> bool:
    """Whether attention may use this kernel; XLA chooses."""
    return _allowed["cudnn"]


def enable_flash_sdp(enabled: bool) -> None:
    """Remembers whether attention may use this kernel."""
    _allowed["flash"] = enabled


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Remembers whether attention may use this kernel."""
    _allowed["mem_efficient"] = enabled


def enable_math_sdp(enabled: bool) -> None:
    """Remembers whether attention may use this kernel."""
    _allowed["math"] = enabled


def enable_cudnn_sdp(enabled: bool) -> None:
    """Remembers whether attention may use this kernel."""
    _allowed["cudnn"] = enabled


@contextmanager
def sdp_kernel(
    enable_flash: bool = True, enable_math: bool = True, enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
) -> Iterator[None]:  # fmt: skip
    """The old form of `torch.nn.attention.sdpa_kernel`: every kernel gives the same numbers."""
    warnings.warn(
        "`torch.backends.cuda.sdp_kernel()` is deprecated. In the future, this context manager "
        "will be removed. Please see `torch.nn.attention.sdpa_kernel()` for the new context "
        "manager, with updated signature.",
        FutureWarning,
        stacklevel=3,
    )
    before = dict(_allowed)
    _allowed.update(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient,
                    cudnn=enable_cudnn)  # fmt: skip
    try:
        yield
    finally:
        _allowed.update(before)
