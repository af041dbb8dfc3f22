"""torch.backends.cudnn: settings that are kept and have no effect under XLA."""

from __future__ import annotations

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
