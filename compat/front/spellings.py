"""The other ways to call an op: NumPy's and former names of parameters, scalars in old places."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

from compat.front.base import TensorBase
from compat.front.into import write_out
from compat.ops.declare import Op

# NumPy's names of parameters, which PyTorch takes too.
_SYNONYMS = {"axis": "dim", "keepdims": "keepdim", "axes": "dims", "x": "input", "x1": "input",
             "x2": "other", "self": "input", "a": "input"}  # fmt: skip
# Names that parameters had once.
ONCE = {
    "cat": {"seq": "tensors", "sequence": "tensors"},
    "stack": {"seq": "tensors", "sequence": "tensors"},
    "tril": {"k": "diagonal"}, "triu": {"k": "diagonal"},
}  # fmt: skip
_RESULTS_ONCE = {"max": 0, "min": 0, "values": 0, "max_indices": 1, "min_indices": 1, "indices": 1}


def varied_of(op: Op, front: Callable[..., Any]) -> Callable[..., Any]:
    once = ONCE.get(op.name, {})

    def varied(extra: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        names = {parameter.name for parameter in op.parameters}
        renamed: dict[str, Any] = {}
        old_out: dict[int, Any] = {}
        for name, given in extra.items():
            known = once.get(name) or _SYNONYMS.get(name, name)
            if op.results == ("values", "indices") and name in _RESULTS_ONCE:
                if given is not None:
                    old_out[_RESULTS_ONCE[name]] = given
                continue
            if known not in names:
                raise TypeError(f"{op.name}() got an unexpected keyword argument '{name}'")
            renamed[known] = given
        bound = inspect.signature(op.body).bind(*args, **kwargs)
        bound.arguments.update(renamed)
        made = front(*bound.args, **bound.kwargs)
        if not old_out:
            return made
        for place, target in old_out.items():
            write_out(target, made[place])
        return type(made)(*(old_out.get(place, one) for place, one in enumerate(made)))

    return varied


def legacy_of(op: Op, front: Callable[..., Any]) -> Callable[..., Any]:
    """Calls with positional scalars, as `add(input, alpha, other)`; each warns once."""
    if op.legacy is None:
        return lambda *_: None
    old = [name.strip() for name in op.legacy.partition("(")[2].rstrip(") ").split(",")]

    def legacy(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        scalars = [one.name for one in op.parameters if one.role.kind == "scalar"]
        arrays = [name for name in old if name not in scalars]
        numbers = [one for one in args if not isinstance(one, TensorBase)]
        tensors: list[Any] = [one for one in args if isinstance(one, TensorBase)]
        if len(tensors) < len(arrays):  # `add(tensor, 2, 3)`: a number stands for a tensor
            tensors.append(numbers.pop() if numbers else None)
        names = [name for name in old if name in scalars]
        if len(tensors) != len(arrays) or not 0 < len(numbers) <= len(names):
            raise TypeError(
                f"{op.name}() takes {len(op.parameters)} positional arguments but {len(args)} "
                "were given"
            )
        warnings.warn(
            f"This overload of {op.name} is deprecated:\n\t{op.legacy}\nConsider using one of "
            f"the following signatures instead:\n\t{op.name}{inspect.signature(op.body)}",
            UserWarning,
            stacklevel=3,
        )
        given = dict(zip(arrays, tensors, strict=True)) | dict(zip(names, numbers, strict=False))
        return front(**(keywords | given))

    return legacy
