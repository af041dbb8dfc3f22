"""Arguments that are no tensors and say themselves what torch's functions make of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compat.front.base import TensorBase
from compat.ops.declare import Op


def speaks(one: Any) -> bool:
    """Whether an object, not a tensor, has `__torch_function__`."""
    return hasattr(type(one), "__torch_function__") and not isinstance(one, TensorBase)


def speakers(op: Op, given: Sequence[Any]) -> list[Any]:
    """Those among the arguments of a call, one of each type."""
    found: dict[type, Any] = {}
    for parameter, one in zip(op.parameters, given, strict=True):
        each = one if parameter.role.kind == "arrays" and isinstance(one, list | tuple) else (one,)
        for inner in each:
            if speaks(inner):
                found.setdefault(type(inner), inner)
    return list(found.values())


def spoken(
    op: Op, function: Callable[..., Any], found: Sequence[Any], given: Sequence[Any]
) -> Any:
    """What the first of them makes of the call; TypeError when none knows it."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    wanted = 0  # how many positional arguments say more than their default
    for parameter, one in zip(op.parameters, given, strict=True):
        plain = type(one).__name__ == "Absent" or one is parameter.default
        if parameter.keyword_only:
            if not plain:
                kwargs[parameter.name] = one
            continue
        args.append(one)
        if parameter.is_required or not plain:
            wanted = len(args)
    types = tuple(type(one) for one in found)
    for one in found:
        made = type(one).__torch_function__(function, types, tuple(args[:wanted]), kwargs or None)
        if made is not NotImplemented:
            return made
    raise TypeError(
        f"no implementation found for 'torch.{op.name}' on types that implement "
        f"__torch_function__: {[kind.__name__ for kind in types]}"
    )
