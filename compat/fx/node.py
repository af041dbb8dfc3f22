"""One step of a graph: what is called, with what, and who uses the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import compat as torch

from .targets import qualified_name

Target = Callable[..., Any] | str
Argument = Any

_effects: set[Any] = set()


def has_side_effect(fn: Any) -> Any:
    """Marks a function (also as a decorator) as one whose unused calls must stay."""
    _effects.add(fn)
    return fn


def map_aggregate(a: Any, fn: Callable[[Any], Any]) -> Any:
    """The same nest of tuples, lists, dicts and slices with `fn` of each leaf."""
    if isinstance(a, tuple):
        inner = [map_aggregate(one, fn) for one in a]
        return type(a)(*inner) if hasattr(a, "_fields") else tuple(inner)
    if isinstance(a, list):
        return [map_aggregate(one, fn) for one in a]
    if isinstance(a, dict):
        return {key: map_aggregate(one, fn) for key, one in a.items()}
    if isinstance(a, slice):
        return slice(*(map_aggregate(one, fn) for one in (a.start, a.stop, a.step)))
    return fn(a)


def map_arg(a: Any, fn: Callable[[Node], Any]) -> Any:
    """The same nest with `fn` of each node in it; everything else stays."""
    return map_aggregate(a, lambda one: fn(one) if isinstance(one, Node) else one)


class Node:
    """A step: `op` is placeholder, get_attr, call_function, call_method, call_module or output.

    `target` is what is called or fetched; `args` and `kwargs` hold nodes where results of other
    steps go; `users` are the nodes that use this one's result.
    """

    def __init__(
        self, graph: Any, name: str, op: str, target: Target, args: tuple[Any, ...],
        kwargs: dict[str, Any], return_type: Any = None,
    ) -> None:  # fmt: skip
        self.graph, self.name, self.op, self.target = graph, name, op, target
        self.type = return_type
        self.users: dict[Node, None] = {}
        self.meta: dict[str, Any] = {}
        self.stack_trace: str | None = None
        self._inputs: dict[Node, None] = {}
        self._args: tuple[Any, ...] = ()
        self._kwargs: dict[str, Any] = {}
        self._prev = self._next = self
        self._erased = False
        self._use(args, kwargs)

    def _use(self, args: Any, kwargs: Any) -> None:
        for one in self._inputs:
            one.users.pop(self, None)
        self._inputs = {}
        self._args = map_aggregate(tuple(args), lambda one: one)
        self._kwargs = map_aggregate(dict(kwargs), lambda one: one)
        map_arg((self._args, self._kwargs), lambda one: self._inputs.setdefault(one))
        for one in self._inputs:
            one.users.setdefault(self)

    @property
    def args(self) -> tuple[Any, ...]:
        """The positional arguments; set them to change the call."""
        return self._args

    @args.setter
    def args(self, args: tuple[Any, ...]) -> None:
        self._use(args, self._kwargs)

    @property
    def kwargs(self) -> dict[str, Any]:
        """The keyword arguments; set them to change the call."""
        return self._kwargs

    @kwargs.setter
    def kwargs(self, kwargs: dict[str, Any]) -> None:
        self._use(self._args, kwargs)

    @property
    def all_input_nodes(self) -> list[Node]:
        """The nodes among the arguments, each once."""
        return list(self._inputs)

    @property
    def next(self) -> Node:
        """The step after this one."""
        return self._next

    @property
    def prev(self) -> Node:
        """The step before this one."""
        return self._prev

    def _unlink(self) -> None:
        self._prev._next, self._next._prev = self._next, self._prev

    def prepend(self, x: Node) -> None:
        """Moves a node to before this one."""
        if x is self:
            return
        x._unlink()
        before = self._prev
        before._next, x._prev, x._next, self._prev = x, before, self, x

    def append(self, x: Node) -> None:
        """Moves a node to after this one."""
        self._next.prepend(x)

    def update_arg(self, idx: int, arg: Any) -> None:
        """Sets one positional argument."""
        args = list(self._args)
        args[idx] = arg
        self.args = tuple(args)

    def insert_arg(self, idx: int, arg: Any) -> None:
        """Puts a positional argument before the one at `idx`."""
        self.args = (*self._args[:idx], arg, *self._args[idx:])

    def update_kwarg(self, key: str, arg: Any) -> None:
        """Sets one keyword argument."""
        self.kwargs = {**self._kwargs, key: arg}

    def replace_input_with(self, old_input: Node, new_input: Node) -> None:
        """Uses another node wherever `old_input` is an argument."""
        self._use(*map_arg((self._args, self._kwargs),
                           lambda one: new_input if one is old_input else one))  # fmt: skip

    def replace_all_uses_with(
        self, replace_with: Node, delete_user_cb: Callable[[Node], bool] = lambda user: True, *,
        propagate_meta: bool = False,
    ) -> list[Node]:  # fmt: skip
        """Makes all users (those the callback lets through) use another node; gives them."""
        if propagate_meta:
            replace_with.meta.update(self.meta)
        users = [user for user in self.users if delete_user_cb(user)]
        for user in users:
            user.replace_input_with(self, replace_with)
        return users

    def is_impure(self, impure_random: bool = True) -> bool:
        """Whether the step must stay although nothing uses its result."""
        if self.op in ("placeholder", "output"):
            return True
        if self.op == "call_function":
            return self.target in _effects or self.target is torch._assert
        return self.op == "call_method" and str(self.target).endswith("_")

    def _pretty_print_target(self, target: Any) -> str:
        return target if isinstance(target, str) else qualified_name(target)

    def format_node(
        self, placeholder_names: list[str] | None = None,
        maybe_return_typename: list[str] | None = None,
    ) -> str | None:  # fmt: skip
        """One line for print; None for a placeholder when a list collects those."""
        kind = f"{self.type_text()} " if self.type is not None else ""
        head = f"%{self.name} : {kind}[num_users={len(self.users)}] = {self.op}"
        if self.op == "placeholder":
            if placeholder_names is not None:
                placeholder_names.append(f"{self.target}{f': {kind[:-1]}' if kind else ''}")
                return None
            default = f"(default={self.args[0]})" if self.args else ""
            return f"{head}[target={self.target}]{default}"
        if self.op == "get_attr":
            return f"{head}[target={self.target}]"
        if self.op == "output":
            if self.type is not None and maybe_return_typename:
                maybe_return_typename[0] = f" -> {self.type_text()}"
            return f"return {self.args[0]}"
        return (
            f"{head}[target={self._pretty_print_target(self.target)}]"
            f"(args = {shown(self.args)}, kwargs = {shown(self.kwargs)})"
        )

    def type_text(self) -> str:
        """The annotation as source."""
        return type_name(self.type)

    def __repr__(self) -> str:
        return self.name

    def __lt__(self, other: Node) -> bool:
        """Whether the step comes before another of its graph."""
        order = list(self.graph.nodes)
        return order.index(self) < order.index(other)


def type_name(kind: Any) -> str:
    """A type as source: `int`, `torch.Tensor`."""
    if not isinstance(kind, type):
        return repr(kind) if not isinstance(kind, str) else kind
    for name in ("Tensor", "dtype", "device", "Size"):
        if kind is getattr(torch, name):
            return f"torch.{name}"
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def shown(given: Any) -> str:
    """Arguments for print: nodes with a percent sign, strings without quotes."""
    if isinstance(given, Node):
        return f"%{given.name}"
    if isinstance(given, tuple) and not hasattr(given, "_fields"):
        inner = ", ".join(map(shown, given))
        return f"({inner},)" if len(given) == 1 else f"({inner})"
    if isinstance(given, list):
        return f"[{', '.join(map(shown, given))}]"
    if isinstance(given, dict):
        return "{" + ", ".join(f"{key}: {shown(one)}" for key, one in given.items()) + "}"
    return str(given)


def nodes_in(given: Iterable[Any]) -> list[Node]:
    """The nodes among arguments, in order."""
    found: list[Node] = []
    map_arg(tuple(given), found.append)
    return found
