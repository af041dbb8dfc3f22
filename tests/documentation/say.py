"""How the documentation's statements are told: small checks, each with its number and level."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import compat as torch

Check = Callable[[], Any]


def flat(given: Any) -> list[float]:
    """All numbers of a tensor or of nested sequences."""
    given = given.tolist() if hasattr(given, "tolist") else given
    if isinstance(given, list | tuple):
        return [number for part in given for number in flat(part)]
    return [float(given)]


def close(found: Any, wanted: Any, tolerance: float = 1e-4) -> bool:
    """Whether all numbers agree; NaN with NaN."""
    a, b = flat(found), flat(wanted)
    return len(a) == len(b) and all(
        x == y or (x != x and y != y) or abs(x - y) <= tolerance * max(1, abs(y))
        for x, y in zip(a, b, strict=True)
    )


def raises(call: Check, *words: str) -> bool:
    """Whether a call fails with these words in its message."""
    try:
        call()
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        return all(word in str(error) for word in words)
    return False


def warned(call: Check) -> list[str]:
    """The texts of the warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(one.message) for one in caught]


def holds(check: Check, level: str) -> None:
    """Fails unless everything that a check gives is true at this level."""
    torch.manual_seed(3)
    with warnings.catch_warnings(), torch.api(level):
        warnings.simplefilter("ignore")
        found = check()
        for part, one in enumerate(found if isinstance(found, list | tuple) else [found]):
            assert one is None or bool(one), f"part {part} does not hold"


def sizes(layer: Any, *shape: int) -> tuple[int, ...]:
    """The shape of what a layer makes of random input of a shape."""
    return tuple(layer(torch.randn(*shape)).shape)
