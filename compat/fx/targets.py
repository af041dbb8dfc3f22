"""What a node calls: the names of functions, in code and in print."""

from __future__ import annotations

import builtins
import operator
import types
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import compat as torch

# How calls of these are written: the places are their arguments.
FORMATS: dict[Callable[..., Any], str] = {
    operator.add: "{} + {}", operator.sub: "{} - {}", operator.mul: "{} * {}",
    operator.truediv: "{} / {}", operator.floordiv: "{} // {}", operator.mod: "{} % {}",
    operator.pow: "{} ** {}", operator.matmul: "{} @ {}", operator.lshift: "{} << {}",
    operator.rshift: "{} >> {}", operator.and_: "{} & {}", operator.or_: "{} | {}",
    operator.xor: "{} ^ {}", operator.eq: "{} == {}", operator.ne: "{} != {}",
    operator.lt: "{} < {}", operator.gt: "{} > {}", operator.le: "{} <= {}",
    operator.ge: "{} >= {}", operator.neg: "-{}", operator.pos: "+{}", operator.invert: "~{}",
    operator.getitem: "{}[{}]",
}  # fmt: skip
NAMESPACES = ("nn.functional", "linalg", "special", "fft")


def namespaces() -> Iterator[tuple[str, Any]]:
    """The modules whose functions are called by name, with those names."""
    yield "torch", torch
    for name in NAMESPACES:
        yield f"torch.{name}", operator.attrgetter(name)(torch)


@cache
def torch_names() -> dict[Any, str]:
    """Where each of torch's functions is found."""
    found: dict[Any, str] = {}
    for path, space in namespaces():
        for name, one in vars(space).items():
            if isinstance(one, types.FunctionType) and not name.startswith("__"):
                known = found.get(one, "").rpartition(".")[2]
                if not known or known != one.__name__ == name:
                    found[one] = f"{path}.{name}"
    return found


def qualified_name(function: Any) -> str:
    """`torch.relu`, `operator.add`, `__main__.mine`."""
    if function in FORMATS:
        return f"operator.{function.__name__}"
    if getattr(builtins, getattr(function, "__name__", ""), None) is function:
        return f"builtins.{function.__name__}"
    known = torch_names().get(function) if isinstance(function, types.FunctionType) else None
    if known is not None:
        return known
    module = getattr(function, "__module__", None) or "builtins"
    for ours, theirs in (("compat_nn", "torch.nn"), ("compat", "torch")):
        if module == ours or module.startswith(f"{ours}."):
            module = theirs + module[len(ours):]  # fmt: skip
    return f"{module}.{getattr(function, '__name__', type(function).__name__)}"


def public(function: Any) -> Any:
    """The function under the name that programs call: one around an op, where there is one."""
    op = getattr(function, "op", None)
    names = torch_names()
    if op is None or function in names:
        return function
    ends = tuple(f"{path}.{op.name}" for path, _ in namespaces())
    return next((one for one, name in names.items() if name in ends), function)
