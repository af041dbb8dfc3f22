"""Whether a dual tensor's tangent is being worked out, which a `Function` answers by its `jvp`."""

from __future__ import annotations

import threading


class _Tangents(threading.local):
    asked = False


_state = _Tangents()


class asking:
    """In the block tangents are asked for."""

    def __enter__(self) -> None:
        self.before, _state.asked = _state.asked, True

    def __exit__(self, *exc: object) -> None:
        _state.asked = self.before


def are_asked() -> bool:
    """Whether such a block is being run."""
    return _state.asked
