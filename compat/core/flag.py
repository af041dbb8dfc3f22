"""A mode of the thread that something inner asks for."""

from __future__ import annotations

import threading


class Flag(threading.local):
    """On in `with flag:`, in the thread that is in the block; blocks may be nested."""

    depth = 0

    @property
    def on(self) -> bool:
        """Whether a block of this thread is being run."""
        return self.depth > 0

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *exc: object) -> None:
        self.depth -= 1
