"""torch.fx: the names can be imported. Programs are recorded without it, and nothing is traced."""

from __future__ import annotations

from typing import Any


def wrap(fn_or_name: Any) -> Any:
    """The function, or its name, itself."""
    return fn_or_name


def symbolic_trace(root: Any, concrete_args: dict[str, Any] | None = None) -> Any:
    """Not there; `compat.explain` shows what a call records."""
    raise NotImplementedError("compat does not have torch.fx.symbolic_trace; see compat.explain")


class _Absent:
    """A class of torch.fx that can be named, but not made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"compat does not have torch.fx.{type(self).__name__}")


class Graph(_Absent):
    """The operations of a traced function."""


class GraphModule(_Absent):
    """A module made of a graph."""


class Node(_Absent):
    """One operation of a graph."""


class Proxy(_Absent):
    """What stands for a value while a function is traced."""


class Tracer(_Absent):
    """What traces a function."""


class Interpreter(_Absent):
    """What runs a graph node by node."""


class Transformer(_Absent):
    """What makes another graph of a graph."""
