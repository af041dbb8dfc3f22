"""`pin_memory=True`: batches are on their way to the accelerator before the program asks.

JAX copies from any memory, so nothing has to be page-locked; what pinning is for, copies beside
the computation, is done by beginning them as soon as a batch is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import compat as torch
from compat.core.device import placed
from compat.front.ahead import begin


def place_of(loader: Any) -> Any:
    """The device that a loader's batches are for; None when they stay on the host."""
    if not loader.pin_memory or not torch.cuda.is_available():
        return None
    return placed(torch.device(loader.pin_memory_device or "cuda"))


def sent(batch: Any, place: Any) -> Any:
    """The batch, its tensors on their way. Objects with a method `pin_memory` are asked for what
    it gives, as PyTorch does."""
    if isinstance(batch, torch.Tensor):
        begin(batch, place)
        return batch
    if isinstance(batch, Mapping | Sequence) and not isinstance(batch, str | bytes):
        for each in batch.values() if isinstance(batch, Mapping) else batch:
            sent(each, place)
        return batch
    return batch.pin_memory() if hasattr(batch, "pin_memory") else batch
