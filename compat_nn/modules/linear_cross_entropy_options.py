"""How PyTorch cuts the work of a linear cross entropy into pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import compat as torch

_POLICIES = ("accurate", "balanced", "compact", "auto")


@dataclass
class LinearCrossEntropyOptions:
    """Accepted and shown; XLA plans memory itself, so that they change no result here."""

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        size = self.batch_chunk_size
        if size is not None and (not isinstance(size, int) or size <= 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size}")
        method = self.chunking_method
        if method is not None and method != "auto" and not method.startswith("aspect_ratio"):
            raise ValueError(f"invalid chunking_method: {method!r}")
        if self.acc_policy not in _POLICIES:
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        known = (None, torch.float16, torch.bfloat16, torch.float32, torch.float64)
        if self.acc_dtype not in known:
            raise ValueError(
                f"acc_dtype must be one of {{{', '.join(map(str, known))}}}, got "
                f"{self.acc_dtype}. Pass acc_dtype=None to let the op pick automatically."
            )
