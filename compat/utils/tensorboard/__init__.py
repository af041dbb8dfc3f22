"""torch.utils.tensorboard, by the tensorboard package."""

from __future__ import annotations

try:
    from .writer import SummaryWriter as SummaryWriter
except ImportError as error:
    raise ImportError(
        "torch.utils.tensorboard needs TensorBoard: pip install tensorboard"
    ) from error

__all__ = ["SummaryWriter"]
