"""torch.backends.cuda."""

from __future__ import annotations

from compat.cuda import is_available as _is_available


class matmul:
    """Settings of matrix products, kept and without effect."""

    allow_tf32 = False


def is_built() -> bool:
    """Whether the library could use a GPU."""
    return _is_available()
