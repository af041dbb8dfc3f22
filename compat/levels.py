"""Choosing the level of the API: 2 is PyTorch 2.13's behaviour, 0.4 that of the 0.4 documentation.

`set_api("0.4")` for the process, `with api("0.4"):` for a thread, `COMPAT_API=0.4` or
`python -m compat run --api 0.4 script.py` for a program. Which calls differ is the table in
`compat/older/`.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import Any

from compat.core import level as levels

_lock = threading.Lock()
_divided = False


def _known(level: Any) -> str:
    """The level as text; the functions are divided at the first use of an older one."""
    global _divided
    found = str(level)
    if found not in levels.LEVELS:
        raise ValueError(f"the levels are {' and '.join(levels.LEVELS)}, not {level!r}")
    if found != "2":
        with _lock:
            if not _divided:
                importlib.import_module("compat.older").divide_all()
                _divided = True
    return found


def set_api(level: Any) -> None:
    """Sets the level of all threads that are not inside `api(...)`: "2" or "0.4"."""
    levels.choose(_known(level), everywhere=True)


def get_api() -> str:
    """The level of this thread: "2" or "0.4"."""
    return levels.current()


class api(contextlib.ContextDecorator):
    """`with api("0.4"):` sets the level of this thread; also a decorator of functions."""

    def __init__(self, level: Any) -> None:
        self.level = _known(level)
        self._before: list[str | None] = []

    def __enter__(self) -> api:
        self._before.append(levels.own())
        levels.choose(self.level)
        return self

    def __exit__(self, *_: Any) -> None:
        levels.restore(self._before.pop())
