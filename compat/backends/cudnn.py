"""torch.backends.cudnn: settings that are kept and have no effect under XLA."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Whether cuDNN is used: XLA hides that."""
    return False


def version() -> int | None:
    """The version of cuDNN, None without it."""
    return None


def is_acceptable(tensor: Any) -> bool:
    """Whether cuDNN would compute with a tensor: XLA decides."""
    return False


@contextmanager
def flags(
    enabled: bool = False, benchmark: bool = False, benchmark_limit: int = 10,
    deterministic: bool = False, allow_tf32: bool = True, fp32_precision: str = "none",
) -> Iterator[None]:  # fmt: skip
    """Other settings for a `with`, and those from before afterwards."""
    names = ("enabled", "benchmark", "deterministic", "allow_tf32")
    before = {name: globals()[name] for name in names}
    given = (enabled, benchmark, deterministic, allow_tf32)
    globals().update(zip(names, given, strict=True))
    try:
        yield
    finally:
        globals().update(before)
