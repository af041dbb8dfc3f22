"""What stands for a value while a function is traced: everything done to it becomes a step."""

from __future__ import annotations

import dis
import inspect
import operator
from collections.abc import Callable, Iterator
from typing import Any

import compat as torch

from .graph import Graph
from .node import Node, Target, map_aggregate
from .targets import public

_PLAIN = (
    str, int, float, bool, complex, type(None), type(...), torch.dtype, torch.device,
    torch.memory_format, torch.layout,
)  # fmt: skip


class TraceError(ValueError):
    """What is done cannot be a step of a graph."""


class TracerBase:
    """What makes steps of a graph and the proxies for them."""

    graph: Graph

    def create_node(
        self, kind: str, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any],
        name: str | None = None, type_expr: Any = None,
    ) -> Node:  # fmt: skip
        """A step of the graph; may be overridden."""
        return self.graph.create_node(kind, target, args, kwargs, name, type_expr)

    def proxy(self, node: Node) -> Proxy:
        """The proxy of a step; may be overridden."""
        return Proxy(node, self)

    def create_proxy(
        self, kind: str, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any],
        name: str | None = None, type_expr: Any = None,
        proxy_factory_fn: Callable[[Node], Proxy] | None = None,
    ) -> Proxy:  # fmt: skip
        """A step with these arguments, and its proxy."""
        given, named = self.create_arg(args), self.create_arg(kwargs)
        node = self.create_node(kind, target, given, named, name, type_expr)
        return (proxy_factory_fn or self.proxy)(node)

    def create_arg(self, a: Any) -> Any:
        """What stands for a value in a step: the node of a proxy, plain values themselves."""
        return map_aggregate(a, self._leaf)

    def _leaf(self, a: Any) -> Any:
        if isinstance(a, Proxy):
            return a.node
        if isinstance(a, (*_PLAIN, Node)) or isinstance(a, type) or callable(a):
            return a
        if isinstance(a, range):
            return range(*map(self._leaf, (a.start, a.stop, a.step)))
        raise NotImplementedError(f"argument of type: {type(a)}")

    def to_bool(self, obj: Proxy) -> bool:
        """The truth of a proxy: TraceError, unless overridden."""
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    def iter(self, obj: Proxy) -> Iterator[Any]:
        """The elements of a proxy where they are unpacked into names; TraceError elsewhere."""
        frame = inspect.currentframe()
        calling = frame.f_back.f_back if frame and frame.f_back else None
        if calling is not None:
            here = next(i for i in dis.get_instructions(calling.f_code)
                        if i.offset == calling.f_lasti)  # fmt: skip
            if here.opname == "UNPACK_SEQUENCE":
                return (operator.getitem(obj, at) for at in range(here.argval))  # type: ignore
        raise TraceError(
            "Proxy object cannot be iterated. This can be attempted when the Proxy is used in a "
            "loop or as a *args or **kwargs function argument. See the torch.fx docs on "
            "pytorch.org for a more detailed explanation of what types of control flow can be "
            "traced, and check out the Proxy docstring for help troubleshooting Proxy iteration "
            "errors"
        )

    def keys(self, obj: Proxy) -> Any:
        """The keys of a proxy, as `**` asks for them: a step."""
        return Attribute(obj, "keys")()


class GraphAppendingTracer(TracerBase):
    """Adds what is done to proxies to a graph that is there."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph


class Proxy:
    """A value of a graph that is being made: calls on it and with it are recorded."""

    def __init__(self, node: Node, tracer: TracerBase | None = None) -> None:
        self.tracer = tracer or GraphAppendingTracer(node.graph)
        self.node = node

    def __repr__(self) -> str:
        return f"Proxy({self.node.name})"

    def __getattr__(self, k: str) -> Attribute:
        if k.startswith("__") and k.endswith("__"):
            raise AttributeError(k)
        return Attribute(self, k)

    def __call__(self, *args: Any, **kwargs: Any) -> Proxy:
        return self.tracer.create_proxy("call_method", "__call__", (self, *args), kwargs)

    def __iter__(self) -> Iterator[Any]:
        return self.tracer.iter(self)

    def __bool__(self) -> bool:
        return self.tracer.to_bool(self)

    def __len__(self) -> int:
        raise RuntimeError(
            "'len' is not supported in symbolic tracing by default. If you want this call to be "
            "recorded, please call torch.fx.wrap('len') at module scope"
        )

    def keys(self) -> Any:
        """What `**` asks for; see `TracerBase.keys`."""
        return self.tracer.keys(self)

    @classmethod
    def __torch_function__(
        cls, orig_method: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Proxy:
        """Records a call of one of torch's functions."""
        kwargs = kwargs or {}
        found: list[Any] = []
        map_aggregate((args, kwargs), found.append)
        first = next(one for one in found if isinstance(one, Proxy))
        return first.tracer.create_proxy("call_function", public(orig_method), args, kwargs)


class Attribute(Proxy):
    """An attribute of a proxy: a step only when it is used otherwise than by calling it."""

    def __init__(self, root: Proxy, attr: str) -> None:
        self.root, self.attr = root, attr
        self.tracer = root.tracer
        self._node: Node | None = None

    @property
    def node(self) -> Node:  # type: ignore[override]
        """The step that takes the attribute."""
        if self._node is None:
            given = (self.root, self.attr)
            self._node = self.tracer.create_proxy("call_function", getattr, given, {}).node
        return self._node

    def __call__(self, *args: Any, **kwargs: Any) -> Proxy:
        return self.tracer.create_proxy("call_method", self.attr, (self.root, *args), kwargs)


def _operator(function: Callable[..., Any]) -> Callable[..., Proxy]:
    def operate(self: Proxy, *others: Any) -> Proxy:
        return self.tracer.create_proxy("call_function", function, (self, *others), {})

    return operate


def _reflected(function: Callable[..., Any]) -> Callable[..., Proxy]:
    def operate(self: Proxy, other: Any) -> Proxy:
        return self.tracer.create_proxy("call_function", function, (other, self), {})

    return operate


_BOTH_WAYS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lshift",
              "rshift", "and_", "or_", "xor")  # fmt: skip
_ONE_WAY = ("eq", "ne", "lt", "gt", "le", "ge", "neg", "pos", "invert", "getitem")
for _name in (*_BOTH_WAYS, *_ONE_WAY):
    _function = getattr(operator, _name)
    setattr(Proxy, f"__{_name.rstrip('_')}__", _operator(_function))
    if _name in _BOTH_WAYS:
        setattr(Proxy, f"__r{_name.rstrip('_')}__", _reflected(_function))
Proxy.__hash__ = object.__hash__  # type: ignore[method-assign]  # an __eq__ takes it away
