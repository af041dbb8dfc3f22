"""torchvision._utils: what messages need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def sequence_to_str(seq: Sequence[Any], separate_last: str = "") -> str:
    """The elements in quotes, with a word before the last: `'a', 'b' or 'c'`."""
    quoted = [f"'{one}'" for one in seq]
    if len(quoted) < 2:
        return "".join(quoted)
    *rest, last = quoted
    joint = "" if separate_last and len(seq) == 2 else ","
    return f"{', '.join(rest)}{joint} {separate_last}{last}"
