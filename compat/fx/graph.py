"""A graph: steps in order, the ways to change them, and the Python source they make."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import compat as torch

from .node import Node, Target, map_arg, nodes_in, type_name
from .targets import FORMATS, qualified_name

_RESERVED = {"torch", "device", "inf", "nan", "NoneType", "self"}
_OPS = ("placeholder", "get_attr", "call_function", "call_method", "call_module", "output")


class PythonCode(NamedTuple):
    """Source of a function, and the global names it needs."""

    src: str
    globals: dict[str, Any]


class _NodeList:
    """The steps in order: can be walked either way, also while the graph changes."""

    def __init__(self, graph: Graph, direction: str = "_next") -> None:
        self.graph, self.direction = graph, direction

    def __iter__(self) -> Iterator[Node]:
        root, at = self.graph._root, getattr(self.graph._root, self.direction)
        while at is not root:
            if not at._erased:
                yield at
            at = getattr(at, self.direction)

    def __reversed__(self) -> _NodeList:
        return _NodeList(self.graph, "_prev" if self.direction == "_next" else "_next")

    def __len__(self) -> int:
        return self.graph._count


class Graph:
    """Steps in order, from placeholders to the output."""

    def __init__(
        self, owning_module: Any = None, tracer_cls: Any = None, tracer_extras: Any = None
    ) -> None:
        self.owning_module = owning_module
        self._tracer_cls = tracer_cls
        self._used: set[str] = set()
        self._count = 0
        self._root = Node(self, "", "root", "", (), {})
        self._insert: Callable[[Node], None] = self._root.prepend

    @property
    def nodes(self) -> Any:
        """The steps in order."""
        return _NodeList(self)

    # Making steps.

    def create_node(
        self, op: str, target: Target, args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None, name: str | None = None, type_expr: Any = None,
    ) -> Node:  # fmt: skip
        """A new step at the place of insertion, the end if none is set."""
        if op not in _OPS:
            raise AssertionError(f"Invalid node op: {op}")
        given = args or ()
        fresh = self._name(name or self._candidate(op, target))
        node = Node(self, fresh, op, target, given, kwargs or {}, type_expr)
        self._insert(node)
        self._count += 1
        return node

    def placeholder(self, name: str, type_expr: Any = None, default_value: Any = ...) -> Node:
        """An argument of the function."""
        given = () if default_value is ... else (default_value,)
        return self.create_node("placeholder", name, given, type_expr=type_expr)

    def get_attr(self, qualified_name: str, type_expr: Any = None) -> Node:
        """An attribute of the module, under a path with dots."""
        return self.create_node("get_attr", qualified_name, type_expr=type_expr)

    def call_module(
        self, module_name: str, args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None, type_expr: Any = None,
    ) -> Node:  # fmt: skip
        """A call of a submodule, under a path with dots."""
        return self.create_node("call_module", module_name, args, kwargs, type_expr=type_expr)

    def call_method(
        self, method_name: str, args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None, type_expr: Any = None,
    ) -> Node:  # fmt: skip
        """A call of a method of the first argument."""
        return self.create_node("call_method", method_name, args, kwargs, type_expr=type_expr)

    def call_function(
        self, the_function: Callable[..., Any], args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None, type_expr: Any = None, name: str | None = None,
    ) -> Node:  # fmt: skip
        """A call of a function."""
        return self.create_node("call_function", the_function, args, kwargs, name, type_expr)

    def output(self, result: Any, type_expr: Any = None) -> Node:
        """What the function returns."""
        return self.create_node("output", "output", (result,), type_expr=type_expr)

    def node_copy(self, node: Node, arg_transform: Callable[[Node], Any] = lambda x: x) -> Node:
        """A step of another graph made here, its arguments looked up by `arg_transform`."""
        args, kwargs = map_arg((node.args, node.kwargs), arg_transform)
        made = self.create_node(node.op, node.target, args, kwargs, node.name, node.type)
        made.meta = dict(node.meta)
        return made

    def graph_copy(
        self, g: Graph, val_map: dict[Node, Any], return_output_node: bool = False
    ) -> Any:
        """Copies all steps but the output, and gives what the output returns, as steps here."""
        for node in g.nodes:
            if node in val_map:
                continue
            if node.op == "output":
                result = map_arg(node.args[0], lambda one: val_map[one])
                return (result, node) if return_output_node else result
            val_map[node] = self.node_copy(node, lambda one: val_map[one])
        return None

    # Names.

    def _candidate(self, op: str, target: Target) -> str:
        if isinstance(target, str):
            if target.startswith("*"):
                return "_" + target.lstrip("*")
            return target.strip("_") if target.startswith("__") else target
        name = getattr(target, "__name__", type(target).__name__)
        snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
        return snake.strip("_") if snake.startswith("__") else snake

    def _name(self, candidate: str) -> str:
        name = re.sub(r"[^0-9a-zA-Z_]+", "_", candidate)
        if name[:1].isdigit():
            name = f"_{name}"
        if name not in self._used and not self._is_taken(name):
            self._used.add(name)
            return name
        numbered = re.fullmatch(r"(.*)_(\d+)", name)
        base, count = (numbered[1], int(numbered[2])) if numbered else (name, 0)
        while name in self._used or self._is_taken(name):
            count += 1
            name = f"{base}_{count}"
        self._used.add(name)
        return name

    def _is_taken(self, name: str) -> bool:
        return keyword.iskeyword(name) or name in _RESERVED or hasattr(builtins, name)

    # Changing.

    @contextmanager
    def _inserting(self, insert: Callable[[Node], None]) -> Iterator[None]:
        kept, self._insert = self._insert, insert
        try:
            yield
        finally:
            self._insert = kept

    def inserting_before(self, n: Node | None = None) -> Any:
        """With it, new steps go before a node (the first of all without one)."""
        return self._inserting((n or self._root._next).prepend)

    def inserting_after(self, n: Node | None = None) -> Any:
        """With it, new steps go after a node, each after the one before it."""
        at = [n or self._root._prev]

        def insert(node: Node) -> None:
            at[0].append(node)
            at[0] = node

        return self._inserting(insert)

    def erase_node(self, to_erase: Node) -> None:
        """Takes a step out; RuntimeError while its result is used."""
        if to_erase.users:
            raise RuntimeError(
                f"Tried to erase Node {to_erase} but it still had {len(to_erase.users)} users in "
                f"the graph: {to_erase.users}!"
            )
        if to_erase._erased:
            return
        to_erase._unlink()
        to_erase._erased = True
        to_erase._use((), {})
        self._count -= 1

    def eliminate_dead_code(self, is_impure_node: Callable[[Node], bool] | None = None) -> bool:
        """Takes out steps without use or effect; whether there were any."""
        before = self._count
        for node in reversed(self.nodes):
            keeps = is_impure_node(node) if is_impure_node else self._keeps(node)
            if not node.users and not keeps and node.op not in ("placeholder", "output"):
                self.erase_node(node)
        return self._count != before

    def _keeps(self, node: Node) -> bool:
        return node.is_impure() or node.op == "call_module" and self.owning_module is None

    def find_nodes(self, *, op: str, target: Target | None = None, sort: bool = True) -> list[Node]:
        """The steps of a kind, with a target for calls."""
        return [n for n in self.nodes if n.op == op and (target is None or n.target == target)]

    def output_node(self) -> Node:
        """The step that returns."""
        found = self._root._prev
        if found.op != "output":
            raise AssertionError(f"Expected output node, got op={found.op}")
        return found

    def lint(self) -> None:
        """RuntimeError when a step uses one that comes later or stands in another graph."""
        seen: dict[Node, None] = {}
        names: set[str] = set()
        for node in self.nodes:
            for one in node.all_input_nodes:
                if one.graph is not self:
                    raise RuntimeError(
                        f"Argument '{one}' of Node '{node}' does not belong to this Graph, but was "
                        "used as an argument!"
                    )
                if one not in seen:
                    raise RuntimeError(
                        f"Argument '{one}' of Node '{node}' was used before it has been defined! "
                        "Please check that Nodes in the graph are topologically ordered"
                    )
            if node.name in names:
                raise RuntimeError(f"Node redefined name {node.name}!")
            names.add(node.name)
            seen[node] = None
            if self.owning_module is not None and node.op in ("call_module", "get_attr"):
                self._lint_path(node)

    def _lint_path(self, node: Node) -> None:
        at: Any = self.owning_module
        for part in str(node.target).split("."):
            if not hasattr(at, part):
                raise RuntimeError(
                    f"Node {node} target {node.target} references nonexistent attribute {part} of "
                    f"{'.'.join(str(node.target).split('.')[:-1])}"
                )
            at = getattr(at, part)

    # Text.

    def python_code(self, root_module: str, **kwargs: Any) -> PythonCode:
        """The source of a function of the steps, whose module is called `root_module`."""
        return CodeGen().write(self, root_module)

    def print_tabular(self) -> None:
        """Prints a table of the steps."""
        rows = [["opcode", "name", "target", "args", "kwargs"]]
        rows += [[n.op, n.name, str(n.target), str(n.args), str(n.kwargs)] for n in self.nodes]
        widths = [max(len(row[at]) for row in rows) for at in range(5)]
        rows.insert(1, ["-" * width for width in widths])
        for row in rows:
            print("  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip())

    def __str__(self) -> str:
        names: list[str] = []
        returns = [""]
        lines = [node.format_node(None, returns) for node in self.nodes]
        return "\n    ".join([f"graph({', '.join(names)}){returns[0]}:", *map(str, lines)])

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Graph:
        made = Graph(tracer_cls=self._tracer_cls)
        memo = {} if memo is None else memo
        memo[id(self)] = made
        values: dict[Node, Any] = {}
        found = made.graph_copy(self, values, return_output_node=True)
        if found is not None:
            result, node = found
            copy = made.output(result, node.type)
            copy.meta = dict(node.meta)
        return made


class CodeGen:
    """Writes the steps of a graph as a Python function."""

    def write(self, graph: Graph, root: str) -> PythonCode:
        """The source and its globals."""
        self.globals: dict[str, Any] = {"torch": torch, "inf": float("inf"), "nan": float("nan"),
                                        "device": torch.device, "NoneType": type(None)}  # fmt: skip
        self.root, self.taken = root, graph._used
        last = self._last_uses(graph)
        head, body, returns = [root] if root else [], [], ""
        for node in graph.nodes:
            if node.op == "placeholder":
                head.append(self._parameter(node))
                plain = str(node.target).lstrip("*")
                if plain != node.name:
                    body.append(f"{node.name} = {plain}")
                continue
            if node.op == "output":
                if node.type is not None:
                    returns = f" -> {self._type(node.type)}"
                body.append(f"return {self._text(node.args[0])}")
                continue
            done = "".join(f"{one.name} = " for one in last[node])
            tail = f";  {done}None" if done else ""
            body.append(f"{node.name} = {self._call(node)}{tail}")
        lines = "\n    ".join(body or ["pass"])
        text = f"\n\n\ndef forward({', '.join(head)}){returns}:\n    {lines}\n    "
        return PythonCode(text, self.globals)

    @staticmethod
    def _last_uses(graph: Graph) -> dict[Node, list[Node]]:
        """What is used for the last time at each step, which can be let go."""
        done: set[Node] = set()
        last: dict[Node, list[Node]] = {}
        for node in reversed(graph.nodes):
            last[node] = []
            for one in nodes_in((node.args, node.kwargs)):
                if one not in done:
                    done.add(one)
                    last[node].append(one)
            if not node.users and node.op not in ("placeholder", "output"):
                last[node].append(node)
        return last

    def _parameter(self, node: Node) -> str:
        kind = f" : {self._type(node.type)}" if node.type is not None else ""
        default = f" = {self._text(node.args[0])}" if node.args else ""
        return f"{node.target}{kind}{default}"

    def _type(self, kind: Any) -> str:
        """An annotation: a global name for what is not PyTorch's or Python's own."""
        name = type_name(kind)
        if name.isidentifier() or name.startswith("torch."):
            return name
        return self._known(name, kind)

    def _call(self, node: Node) -> str:
        target: Any = node.target
        if node.op == "get_attr":
            return self._path(target)
        if node.op == "call_module":
            return f"{self._path(target)}({self._given(node.args, node.kwargs)})"
        if node.op == "call_method":
            first, *rest = node.args
            return f"{self._text(first)}.{target}({self._given(rest, node.kwargs)})"
        if target in FORMATS and not node.kwargs:
            return FORMATS[target].format(*map(self._text, node.args))
        if target is getattr and len(node.args) == 2 and str(node.args[1]).isidentifier():
            return f"{self._text(node.args[0])}.{node.args[1]}"
        return f"{self._function(target)}({self._given(node.args, node.kwargs)})"

    def _function(self, target: Any) -> str:
        name = qualified_name(target)
        if name.startswith("torch.") and self._leads(name, target):
            return name
        plain = name.removeprefix("builtins.")
        if plain != name:
            return plain
        return self._known(name.replace(".", "_"), target)

    @staticmethod
    def _leads(name: str, target: Any) -> bool:
        at: Any = torch
        for part in name.split(".")[1:]:
            at = getattr(at, part, None)
        return at is target

    def _known(self, name: str, value: Any) -> str:
        """A global name for a value."""
        base, count = re.sub(r"\W", "_", name), 0
        name = base
        while name in self.taken or self.globals.get(name, value) is not value:
            count += 1
            name = f"{base}_{count}"
        self.globals[name] = value
        return name

    def _path(self, target: str) -> str:
        text = self.root
        for part in target.split("."):
            plain = part.isidentifier() and not keyword.iskeyword(part)
            text = f"{text}.{part}" if plain else f'getattr({text}, "{part}")'
        return text

    def _given(self, args: Any, kwargs: dict[str, Any]) -> str:
        texts = [self._text(one) for one in args]
        return ", ".join(texts + [f"{key} = {self._text(one)}" for key, one in kwargs.items()])

    def _text(self, value: Any) -> str:
        if isinstance(value, tuple) and type(value) is tuple:
            inner = ", ".join(map(self._text, value))
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if isinstance(value, list):
            return f"[{', '.join(map(self._text, value))}]"
        if isinstance(value, dict):
            inner = ", ".join(f"{key!r}: {self._text(one)}" for key, one in value.items())
            return "{" + inner + "}"
        if isinstance(value, slice):
            return f"slice({', '.join(map(self._text, (value.start, value.stop, value.step)))})"
        if value is ...:
            return "..."
        if isinstance(value, tuple):
            kind = type(value)
            inner = ", ".join(map(self._text, value))
            made = inner if hasattr(value, "_fields") else f"[{inner}]"
            return f"{self._known(kind.__name__, kind)}({made})"
        plain = value is None or isinstance(value, bool | int | float | complex | str | Node)
        if plain or isinstance(value, torch.dtype | torch.device | torch.memory_format):
            return repr(value)
        if isinstance(value, type) or callable(value):
            return self._function(value)
        return self._known(f"_{type(value).__name__}", value)
