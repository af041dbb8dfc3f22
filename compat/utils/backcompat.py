"""Switches for warnings about what changed long ago; they count at level 0.4."""

from __future__ import annotations


class Warning:
    """One warning, which can be switched on."""

    def __init__(self) -> None:
        self.enabled = False


broadcast_warning = Warning()  # operands that broadcast, but were once flattened
keepdim_warning = Warning()  # reductions that once kept their dimension
