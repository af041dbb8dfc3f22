"""The level of the API that a thread programs against: 2, or 0.4 as its documentation has it.

A function that behaves otherwise at level 0.4 has an older form. Until somebody chooses 0.4 in
this process nothing knows of older forms, so level 2 pays nothing for them; then the code of each
such function is replaced by a choice between the two. The functions stay the same objects, so
that names imported before mean the same. The level is the caller's: what the library itself
calls is always of level 2, so the older forms are written in terms of the newer ones.
"""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable
from typing import Any

LEVELS = ("2", "0.4")


class _Here(threading.local):
    level = "2"  # of threads that have not chosen


here = _Here()


def current() -> str:
    """The level of this thread."""
    return here.level


def choose(level: str, everywhere: bool = False) -> None:
    """Sets the level of this thread, or of all that have none of their own."""
    if everywhere:
        here.__dict__.pop("level", None)
        _Here.level = level
    else:
        here.level = level


def own() -> str | None:
    """The level this thread has chosen for itself."""
    return here.__dict__.get("level")


def restore(level: str | None) -> None:
    """Back to what `own` gave."""
    if level is None:
        here.__dict__.pop("level", None)
    else:
        here.level = level


def called_by_user() -> bool:
    """Whether the function that asks was called from outside this library."""
    name = sys._getframe(2).f_globals.get("__name__", "compat")
    return name.partition(".")[0] not in ("compat", "compat_nn")


_TEMPLATE = """
def outer():
{free}  def choice(*args, **kwargs):
    {mention}
    if at[{key}].here.level != "2" and at[{key}].asks():
      return at[{key}].older(at[{key}].newer, *args, **kwargs)
    return at[{key}].newer(*args, **kwargs)
  return choice
"""


class _Choice:
    """The two forms of one function."""

    def __init__(self, newer: Any, older: Any, asks: Callable[[], bool]) -> None:
        self.newer, self.older, self.asks, self.here = newer, older, asks, here


def divide(function: Any, older: Callable[..., Any], always: bool = False) -> Any:
    """Gives a Python function an older form, `older(newer, *args, **kwargs)`; gives the newer.

    always  whether calls by the library count, too
    """
    newer = types.FunctionType(
        function.__code__, function.__globals__, function.__name__,
        function.__defaults__, function.__closure__,
    )  # fmt: skip
    newer.__kwdefaults__ = function.__kwdefaults__
    newer.__doc__, newer.__annotations__ = function.__doc__, function.__annotations__
    newer.__dict__.update(function.__dict__)
    asks = (lambda: True) if always else called_by_user
    known = function.__globals__.setdefault("__at_levels", [])
    known.append(_Choice(newer, older, asks))
    free = function.__code__.co_freevars
    text = _TEMPLATE.format(
        key=len(known) - 1,
        free="".join(f"  {name} = None\n" for name in free),
        mention=f"if 0: {', '.join(free)}" if free else "",
    ).replace("at[", "__at_levels[")
    scope: dict[str, Any] = {}
    exec(compile(text, f"<compat {function.__name__}>", "exec"), scope)
    function.__wrapped__ = newer  # so that its signature is still told
    function.__defaults__ = function.__kwdefaults__ = None
    function.__code__ = scope["outer"]().__code__
    return newer
