"""torch.overrides: `__torch_function__`, which ops ask of arguments that are no tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import compat as torch


def is_tensor_like(inp: Any) -> bool:
    """Whether the object is a tensor or says how torch's functions treat it."""
    return isinstance(inp, torch.Tensor) or hasattr(inp, "__torch_function__")


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether an argument, not a tensor itself, says how torch's functions treat it."""
    return any(
        hasattr(one, "__torch_function__") and not isinstance(one, torch.Tensor)
        for one in relevant_args
    )


def has_torch_function_unary(obj: Any) -> bool:
    """`has_torch_function` of one argument."""
    return has_torch_function((obj,))


def has_torch_function_variadic(*args: Any) -> bool:
    """`has_torch_function` of several arguments."""
    return has_torch_function(args)


def handle_torch_function(
    public_api: Any, relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """What the first argument that speaks for itself makes of the call; TypeError if none does."""
    for one in relevant_args:
        if has_torch_function((one,)):
            made = one.__torch_function__(public_api, (type(one),), args, kwargs)
            if made is not NotImplemented:
                return made
    raise TypeError(f"no implementation found for '{public_api.__name__}'")
