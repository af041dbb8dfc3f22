"""torch.utils.tensorboard: the writer of the tensorboardX package, under PyTorch's name."""

from __future__ import annotations

try:
    from tensorboardX import SummaryWriter as SummaryWriter
except ImportError as error:
    raise ImportError(
        "torch.utils.tensorboard needs tensorboardX: pip install tensorboardX"
    ) from error

__all__ = ["SummaryWriter"]
