"""A module whose forward is written from a graph."""

from __future__ import annotations

import copy
import linecache
from itertools import count
from typing import Any

import compat as torch

from .graph import Graph, PythonCode

Module = torch.nn.Module
_numbers = count()


def _forward_of(code: PythonCode) -> Any:
    """The function of the source, which tracebacks can show."""
    file = f"<eval_with_key>.{next(_numbers)}"
    lines = code.src.splitlines(keepends=True)
    linecache.cache[file] = (len(code.src), None, lines, file)
    scope = dict(code.globals)
    exec(compile(code.src, file, "exec", dont_inherit=True), scope)
    return scope["forward"]


def _copy_attr(root: Any, made: Any, target: str) -> None:
    """Puts what a path of one module leads to at the same path of another."""
    *way, last = target.split(".")
    for part in way:
        root = getattr(root, part)
        inner = getattr(made, part, None)
        if inner is root:  # all of it is there already
            return
        if inner is None:
            inner = Module()
            setattr(made, part, inner)
        made = inner
    _assign(made, last, getattr(root, last))


def _assign(made: Any, name: str, value: Any) -> None:
    if isinstance(value, torch.Tensor) and not isinstance(value, torch.nn.Parameter):
        made.register_buffer(name, value)
    else:
        setattr(made, name, value)


class GraphModule(Module):
    """A module made of a graph and of the parts of `root` that the graph names.

    root         a module, or a dictionary from paths to modules and tensors
    graph        what forward does
    class_name   under which name the module is shown
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Each has a class of its own, since forward is looked up there."""
        for base in cls.__mro__:
            if base.__qualname__ == "GraphModuleImpl" or base is GraphModule:
                break
        return super().__new__(type("GraphModuleImpl", (cls,), {}))

    def __init__(self, root: Any, graph: Graph, class_name: str = "GraphModule") -> None:
        super().__init__()
        type(self).__name__ = class_name
        targets = [str(n.target) for n in graph.nodes if n.op in ("call_module", "get_attr")]
        if isinstance(root, Module):
            self.training = root.training
            for target in targets:
                _copy_attr(root, self, target)
        else:
            for target in sorted(set(targets), key=lambda one: one.count(".")):
                if target not in root:
                    raise RuntimeError(
                        f"Node in graph has a target {target}, which is not in the dictionary"
                    )
                *way, last = target.split(".")
                at: Any = self
                for part in way:
                    if not hasattr(at, part):
                        setattr(at, part, Module())
                    at = getattr(at, part)
                _assign(at, last, root[target])
        self.graph = graph

    @property
    def graph(self) -> Graph:
        """The steps; set it to give the module another graph."""
        return self.__dict__["_graph"]

    @graph.setter
    def graph(self, g: Graph) -> None:
        if not isinstance(g, Graph):
            raise AssertionError(f"Expected a Graph instance, but got {type(g)}")
        self.__dict__["_graph"] = g
        g.owning_module = self
        self.recompile()

    @property
    def code(self) -> str:
        """The source of forward."""
        return self.__dict__["_code"]

    def recompile(self) -> PythonCode:
        """Writes forward anew, after the graph has changed."""
        code = self.graph.python_code("self")
        self.__dict__["_code"] = code.src
        type(self).forward = _forward_of(code)  # type: ignore[method-assign]
        return code

    # Submodules.

    def add_submodule(self, target: str, m: Any) -> bool:
        """Puts a module at a path, whose modules on the way are made; False if one is none."""
        *way, last = target.split(".")
        at: Any = self
        for part in way:
            if not hasattr(at, part):
                setattr(at, part, Module())
            at = getattr(at, part)
            if not isinstance(at, Module):
                return False
        at.add_module(last, m)
        return True

    def delete_submodule(self, target: str) -> bool:
        """Takes the module at a path out; False when there is none."""
        *way, last = target.split(".")
        at: Any = self
        for part in way:
            at = getattr(at, part, None)
        if not isinstance(getattr(at, last, None), Module):
            return False
        delattr(at, last)
        return True

    def delete_all_unused_submodules(self) -> None:
        """Takes out the modules that no step names."""
        used: set[str] = set()
        for node in self.graph.nodes:
            if node.op in ("call_module", "get_attr"):
                parts = str(node.target).split(".")
                used |= {".".join(parts[: at + 1]) for at in range(len(parts))}
                if node.op == "call_module":
                    inner = self.get_submodule(str(node.target))
                    used |= {f"{node.target}.{name}" for name, _ in inner.named_modules() if name}
        for name, _ in list(self.named_modules()):
            if name and name not in used:
                self.delete_submodule(name)

    # Text and copies.

    def print_readable(self, print_output: bool = True, **kwargs: Any) -> str:
        """Prints (and gives) the source as a class."""
        head, *body = self.code.strip().splitlines()
        named = [n for n in self.graph.nodes if n.op == "placeholder"]
        names = sum(str(n.target).lstrip("*") != n.name for n in named)
        note = [""] * bool(names) + ["    # No stacktrace found for following nodes"]
        lines = [head, *body[:names], *note, *body[names:]]
        inner = "\n".join(f"    {line}" if line else "" for line in lines)
        text = f"class {self._get_name()}(torch.nn.Module):\n{inner}\n"
        if print_output:
            print(text)
        return text

    def __str__(self) -> str:
        note = "# To see more debug info, please use `graph_module.print_readable()`"
        return "\n".join([super().__repr__(), self.code, note])

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphModule:
        bare = Module()
        kept = {k: v for k, v in self.__dict__.items() if k not in ("_graph", "_code")}
        bare.__dict__.update(copy.deepcopy(kept, memo))
        return GraphModule(bare, copy.deepcopy(self.graph, {}), type(self).__name__)

    def __reduce__(self) -> Any:
        kept = {k: v for k, v in self.__dict__.items() if k not in ("_graph", "_code")}
        code = self.graph.python_code("self")
        own = {k: v for k, v in code.globals.items() if v is not torch}
        return _rebuilt, (kept, code.src, own, type(self).__name__)


class _AllSteps:
    """Makes a graph of written code again, with every module a step."""

    @staticmethod
    def graph(module: Any) -> Graph:
        from .trace import Tracer

        tracer = Tracer()
        tracer.is_leaf_module = lambda m, name: True  # type: ignore[method-assign]
        return tracer.trace(module)


def _rebuilt(kept: dict[str, Any], src: str, own: dict[str, Any], name: str) -> GraphModule:
    """A GraphModule that was pickled."""
    forward = _forward_of(PythonCode(src, {"torch": torch, **own}))
    bare: Any = type("Bare", (Module,), {"forward": forward})()
    bare.__dict__.update(kept)
    return GraphModule(bare, _AllSteps.graph(bare), name)
