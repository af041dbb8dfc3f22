"""Derivatives in forward mode, for which JAX refuses functions with a backward rule of their own.

Such a rule is there because XLA's own is slower. While forward derivatives are taken the function
under the rule is differentiated itself, either way and as often as asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any


class _Mode(threading.local):
    on = False


_mode = _Mode()


class forward_mode:
    """In the block functions are differentiated without their own rules."""

    def __enter__(self) -> None:
        self.before, _mode.on = _mode.on, True

    def __exit__(self, *exc: object) -> None:
        _mode.on = self.before


def in_forward_mode() -> bool:
    """Whether such a block is being run."""
    return _mode.on


def without_rule(plain: Callable[..., Any]) -> Callable[[Any], Any]:
    """Joins a function that has a rule with the plain one that stands in for it:
    `@without_rule(plain)` over `@jax.custom_vjp`, whose `defvjp` the result has."""

    def join(ruled: Any) -> Any:
        @wraps(ruled)
        def either(*args: Any) -> Any:
            return (plain if _mode.on else ruled)(*args)

        either.defvjp = ruled.defvjp  # type: ignore[attr-defined]
        return either

    return join
