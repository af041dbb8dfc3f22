"""Derivatives in forward mode, for which JAX refuses functions with a backward rule of their own.

Such a rule is there because XLA's own is slower. While forward derivatives are taken the function
under the rule is differentiated itself, either way and as often as asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from compat.core.flag import Flag

forward_mode = Flag()  # while it is on, functions are differentiated without their own rules


def without_rule(plain: Callable[..., Any]) -> Callable[[Any], Any]:
    """Joins a function that has a rule with the plain one that stands in for it:
    `@without_rule(plain)` over `@jax.custom_vjp`, whose `defvjp` the result has."""

    def join(ruled: Any) -> Any:
        @wraps(ruled)
        def either(*args: Any) -> Any:
            return (plain if forward_mode.on else ruled)(*args)

        either.defvjp = ruled.defvjp  # type: ignore[attr-defined]
        return either

    return join
