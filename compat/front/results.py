"""Named tuples for ops with several results, as `torch.return_types.max`."""

from __future__ import annotations

from collections import namedtuple
from functools import cache
from typing import Any


@cache
def result_type(name: str, fields: tuple[str, ...]) -> Any:
    """A tuple type with these fields, printed as PyTorch prints its own."""
    base = namedtuple(name, fields)  # type: ignore[misc]

    def show(self: Any) -> str:
        rows = ",\n".join(f"{field}={getattr(self, field)!r}" for field in fields)
        return f"torch.return_types.{name}(\n{rows})"

    made = type(
        name, (base,), {"__slots__": (), "__repr__": show, "__module__": "torch.return_types"}
    )
    return made
