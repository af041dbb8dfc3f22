"""Calling a module with proxies, so that a graph of what it does is left."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import compat as torch

from .graph import Graph
from .graph_module import GraphModule
from .node import Node, map_aggregate
from .proxy import Attribute, Proxy, TracerBase
from .targets import namespaces, torch_names

Module = torch.nn.Module
_wrapped: dict[tuple[int, str], tuple[dict[str, Any], str]] = {}
# Functions that make or ask something and never take part of a graph.
_ASKED = {"is_tensor", "is_storage", "typename", "compile"}


def wrap(fn_or_name: Any) -> Any:
    """Makes calls of a function of the calling module steps of their own: not looked into.

    Called where the module is made, with the function (also as a decorator) or its name there.
    """
    if not isinstance(fn_or_name, str) and not callable(fn_or_name):
        raise RuntimeError("Unsupported type for global function! Must be either a callable or "
                           "string name")  # fmt: skip
    frame = sys._getframe(1)
    if frame.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    name = fn_or_name if isinstance(fn_or_name, str) else fn_or_name.__name__
    _wrapped[id(frame.f_globals), name] = (frame.f_globals, name)
    return fn_or_name


def _has_proxy(args: Any, kwargs: Any) -> bool:
    found: list[Any] = []
    map_aggregate((args, kwargs), found.append)
    return any(isinstance(one, Proxy) for one in found)


def _recording(function: Any) -> Any:
    """The function while a trace is made: a step where an argument is a proxy."""

    def recorded(*args: Any, **kwargs: Any) -> Any:
        if _has_proxy(args, kwargs):
            return Proxy.__torch_function__(function, (), args, kwargs)
        return function(*args, **kwargs)

    recorded.__name__ = getattr(function, "__name__", "recorded")
    recorded.__wrapped__ = function  # type: ignore[attr-defined]
    return recorded


@contextmanager
def _replaced(space: dict[str, Any] | Any, name: str, value: Any) -> Iterator[None]:
    """A name of a module, or of a class, with another value."""
    if isinstance(space, dict):
        had, kept = name in space, space.get(name)
        space[name] = value
        try:
            yield
        finally:
            if had:
                space[name] = kept
            else:
                del space[name]
    else:
        own = name in vars(space)
        kept = vars(space).get(name)
        setattr(space, name, value)
        try:
            yield
        finally:
            if own:
                setattr(space, name, kept)
            else:
                delattr(space, name)


class Tracer(TracerBase):
    """Traces a module: override `is_leaf_module` and its like to say what becomes a step."""

    def __init__(
        self, autowrap_modules: tuple[Any, ...] = (), autowrap_functions: tuple[Any, ...] = (),
        param_shapes_constant: bool = False,
    ) -> None:  # fmt: skip
        self.autowrap_modules = autowrap_modules
        self.autowrap_functions = autowrap_functions
        self.param_shapes_constant = param_shapes_constant
        self.root: Any = None

    # What a program overrides.

    def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
        """Whether calls of a module are steps; otherwise they are looked into."""
        module = type(m).__module__
        ours = module.startswith(("compat_nn", "torch.nn"))
        return ours and not isinstance(m, torch.nn.Sequential)

    def path_of_module(self, mod: Any) -> str:
        """The path of a submodule; NameError when it is none of the root's."""
        for name, one in self.root.named_modules():
            if one is mod:
                return name
        raise NameError("module is not installed as a submodule")

    def call_module(
        self, m: Any, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """What a call of a submodule becomes."""
        path = self.path_of_module(m)
        if self.is_leaf_module(m, path):
            return self.create_proxy("call_module", path, args, kwargs)
        return forward(*args, **kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """What an attribute of a module is: a proxy for the root's parameters."""
        if isinstance(attr_val, torch.nn.Parameter):
            for path, one in self.root.named_parameters():
                if one is attr_val:
                    if path not in parameter_proxy_cache:
                        proxy = self.create_proxy("get_attr", path, (), {})
                        parameter_proxy_cache[path] = proxy
                    return parameter_proxy_cache[path]
        return attr_val

    # Arguments.

    def _leaf(self, a: Any) -> Any:
        if isinstance(a, torch.nn.Parameter):
            for path, one in self.root.named_parameters():
                if one is a:
                    return self.create_node("get_attr", path, (), {})
            raise NameError("parameter is not a member of this module")
        if isinstance(a, torch.Tensor):
            for path, one in self.root.named_buffers():
                if one is a:
                    return self.create_node("get_attr", path, (), {})
            return self.create_node("get_attr", self._constant(a, "_tensor_constant"), (), {})
        if isinstance(a, torch.nn.Module):
            return self.create_node("get_attr", self.path_of_module(a), (), {})
        return super()._leaf(a)

    def _constant(self, value: Any, stem: str) -> str:
        """The name under which the root keeps a tensor that is none of its own."""
        for name, one in vars(self.root).items():
            if one is value:
                return name
        count = 0
        while hasattr(self.root, f"{stem}{count}"):
            count += 1
        setattr(self.root, f"{stem}{count}", value)
        return f"{stem}{count}"

    # Tracing.

    def trace(self, root: Any, concrete_args: dict[str, Any] | None = None) -> Graph:
        """The graph of a module's forward, or of a function.

        concrete_args   arguments that are not traced, by name
        raises          TraceError where what happens depends on a traced value
        """
        if isinstance(root, torch.nn.Module):
            self.root, function = root, type(root).forward
        else:
            self.root, function = torch.nn.Module(), root
        self.graph = Graph(tracer_cls=type(self))
        torch_names()  # while the functions stand under their names
        plain = inspect.unwrap(function)
        parameters: dict[str, Any] = {}
        with ExitStack() as stack:
            args = self._arguments(plain, isinstance(root, torch.nn.Module), concrete_args or {})
            spread = _spread(function)
            self._patch(stack, parameters)
            result = spread(*args)
            self.create_node("output", "output", (self.create_arg(result),), {},
                             type_expr=_annotations(spread).get("return"))  # fmt: skip
        return self.graph

    def _arguments(self, function: Any, is_module: bool, concrete: dict[str, Any]) -> list[Any]:
        code = function.__code__
        names = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
        signature = inspect.signature(function).parameters
        kinds = _annotations(function)
        args: list[Any] = [self.root] if is_module else []
        for name in names[1 if is_module else 0 :]:
            default = signature[name].default
            given = () if default is inspect.Parameter.empty else (default,)
            if name in concrete:
                args.append(self._concrete(name, concrete[name], given))
                continue
            args.append(self.create_proxy("placeholder", name, given, {},
                                          type_expr=kinds.get(name)))  # fmt: skip
        at = len(names)
        for flag, stars in ((inspect.CO_VARARGS, "*"), (inspect.CO_VARKEYWORDS, "**")):
            if code.co_flags & flag:
                args.append(self.create_proxy("placeholder", stars + code.co_varnames[at], (), {}))
                at += 1
        return args

    def _concrete(self, name: str, value: Any, default: tuple[Any, ...]) -> Any:
        """An argument that is fixed: the graph checks that it is given the same."""
        if not isinstance(value, int | float | str | bool | type(None)):
            raise NotImplementedError(f"torch.fx: concrete_args with a {type(value).__name__}")
        proxy = self.create_proxy("placeholder", f"{name}_1", default, {})
        if value is not None:
            text = f"{name} has been specialized to have value {value} but got another value"
            torch_assert = torch._assert
            self.create_proxy("call_function", torch_assert, (proxy == value, text), {})
        return value

    def _patch(self, stack: ExitStack, parameters: dict[str, Any]) -> None:
        call, look = Module.__call__, Module.__getattr__

        def called(module: Any, *args: Any, **kwargs: Any) -> Any:
            def forward(*given: Any, **named: Any) -> Any:
                return call(module, *given, **named)

            return self.call_module(module, forward, args, kwargs)

        def looked(module: Any, name: str) -> Any:
            return self.getattr(name, look(module, name), parameters)

        for _, space in namespaces():
            for name, one in list(vars(space).items()):
                plain = isinstance(one, types.FunctionType) and not name.startswith("_")
                if plain and name not in _ASKED:
                    stack.enter_context(_replaced(vars(space), name, _recording(one)))
        for module in self.autowrap_modules:
            for name, one in list(vars(module).items()):
                if callable(one) and not name.startswith("_"):
                    stack.enter_context(_replaced(vars(module), name, _recording(one)))
        for space, name in _wrapped.values():
            builtin = vars(__import__("builtins")).get(name)
            target = space.get(name, builtin)
            stack.enter_context(_replaced(space, name, _recording(target)))
        stack.enter_context(_replaced(Module, "__call__", called))
        stack.enter_context(_replaced(Module, "__getattr__", looked))


def _annotations(function: Any) -> dict[str, Any]:
    return {
        name: kind for name, kind in getattr(function, "__annotations__", {}).items()
        if isinstance(kind, type)
    }  # fmt: skip


def _spread(function: Any) -> Callable[..., Any]:
    """The function taking what `*` and `**` gather as two arguments, and all by position."""
    if inspect.unwrap(function) is not function:
        return function
    code = function.__code__
    flags = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
    if not (code.co_flags & flags or code.co_kwonlyargcount):
        return function
    gathered = bool(code.co_flags & inspect.CO_VARARGS) + bool(
        code.co_flags & inspect.CO_VARKEYWORDS
    )
    changed = code.replace(
        co_argcount=code.co_argcount + code.co_kwonlyargcount + gathered, co_kwonlyargcount=0,
        co_flags=code.co_flags & ~flags,
    )  # fmt: skip
    return types.FunctionType(changed, function.__globals__, function.__name__, None,
                              function.__closure__)  # fmt: skip


def symbolic_trace(root: Any, concrete_args: dict[str, Any] | None = None) -> GraphModule:
    """The module (or function) as a GraphModule that does the same, as a graph.

    raises   TraceError where what happens depends on a traced value
    """
    tracer = Tracer()
    graph = tracer.trace(root, concrete_args)
    is_module = isinstance(root, torch.nn.Module)
    return GraphModule(tracer.root, graph, type(root).__name__ if is_module else root.__name__)


__all__ = ["Attribute", "Node", "Tracer", "symbolic_trace", "wrap"]
