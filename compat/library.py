"""torch.library: operators of one's own, by a name, with a gradient.

An operator here is a function over tensors. It is recorded as what it is made of, so that it
needs no schema to be compiled; the schema is kept for who asks.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import compat as torch


class CustomOpDef:
    """An operator: the kernel of each device, what it gives for shapes alone, and its gradient."""

    def __init__(self, qualname: str, schema: str | None = None, mutates_args: Any = ()) -> None:
        self._qualname, self._schema, self._mutates_args = qualname, schema, mutates_args
        self._namespace, _, self._name = qualname.partition("::")
        self.__name__ = self._name
        self._kernels: dict[str | None, Callable[..., Any]] = {}  # None: every device
        self._fake: Callable[..., Any] | None = None
        self._backward: Callable[..., Any] | None = None
        self._setup_context: Callable[..., Any] | None = None
        self._function: Any = None

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"

    def __getattr__(self, name: str) -> Any:
        """`op.default` and other overloads are the operator itself: it takes what its kernel
        takes."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    # What it does.

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if torch.is_grad_enabled() and any(map(_needs_grad, (*args, *kwargs.values()))):
            return self._differentiable().apply(*self._in_order(args, kwargs))
        return self._run(*args, **kwargs)

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        device = next((one.device.type for one in args if isinstance(one, torch.Tensor)), None)
        if device == "meta" and self._fake is not None:
            return self._fake(*args, **kwargs)
        kernel = self._kernels.get(device) or self._kernels.get(None)
        if kernel is None:
            raise NotImplementedError(
                f"Could not run '{self._qualname}' with arguments on '{device}': no kernel is "
                "registered for it"
            )
        return kernel(*args, **kwargs)

    def _in_order(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments by position, with what was left out."""
        kernel = next(iter(self._kernels.values()))
        bound = inspect.signature(kernel).bind(*args, **kwargs)
        bound.apply_defaults()
        return (*bound.args, *bound.kwargs.values())

    def _differentiable(self) -> Any:
        """The `autograd.Function` of the operator."""
        if self._function is None:
            op = self

            class Made(torch.autograd.Function):
                @staticmethod
                def forward(ctx: Any, *args: Any) -> Any:
                    made = op._run(*args)
                    if op._setup_context is not None:
                        op._setup_context(ctx, args, made)
                    return made

                @staticmethod
                def backward(ctx: Any, *grads: Any) -> Any:
                    if op._backward is None:
                        raise RuntimeError(
                            f"Trying to backward through {op._qualname}.default but no autograd "
                            "formula was registered. Please use register_autograd to add one."
                        )
                    return op._backward(ctx, *grads)

            Made.__name__ = Made.__qualname__ = f"{self._namespace}_{self._name}"
            self._function = Made
        return self._function

    # What is told of it; each is also a decorator.

    def register_kernel(self, device_types: Any, fn: Callable[..., Any] | None = None) -> Any:
        """Computes the operator for tensors on these devices.

        The kernel is opaque to `torch.compile`: with fullgraph=True it may look at tensors.
        """

        def register(fn: Callable[..., Any]) -> Callable[..., Any]:
            opaque = torch.compiler.disable(fn)
            for device in _listed(device_types):
                self._kernels[device] = opaque
            return fn

        return register if fn is None else register(fn)

    def register_fake(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Gives empty results of the right shapes, for tensors on "meta"."""
        self._fake = fn
        return fn

    def register_autograd(
        self, backward: Callable[..., Any], /, *, setup_context: Callable[..., Any] | None = None
    ) -> None:
        """backward(ctx, *grads) gives a gradient for each argument; setup_context(ctx, inputs,
        output) keeps what it needs."""
        self._backward, self._setup_context = backward, setup_context

    def register_vmap(self, func: Callable[..., Any] | None = None) -> Any:
        """Taken, and not needed: `vmap` goes through what the operator is made of."""
        return (lambda func: func) if func is None else func


def _needs_grad(one: Any) -> bool:
    if isinstance(one, (list, tuple)):
        return any(map(_needs_grad, one))
    return isinstance(one, torch.Tensor) and one.requires_grad


def _listed(device_types: Any) -> list[str | None]:
    if device_types is None or isinstance(device_types, str):
        return [device_types if device_types != "default" else None]
    return list(device_types)


_ops: dict[str, CustomOpDef] = {}


def _found(op: Any) -> CustomOpDef:
    if isinstance(op, CustomOpDef):
        return op
    if op not in _ops:
        raise RuntimeError(f"operator {op} does not exist")
    return _ops[op]


def _entered(qualname: str, schema: str | None = None, mutates_args: Any = ()) -> CustomOpDef:
    if "::" not in qualname:
        raise ValueError(
            f"Expected `opname` to have the form `namespace::name`, but got {qualname!r}"
        )
    made = _ops[qualname] = CustomOpDef(qualname, schema, mutates_args)
    return made


def custom_op(
    name: str,
    fn: Callable[..., Any] | None = None,
    /,
    *,
    mutates_args: str | Iterable[str],
    device_types: str | Sequence[str] | None = None,
    schema: str | None = None,
) -> Any:
    """Makes a function an operator, also found as `torch.ops.namespace.name`.

    >>> @torch.library.custom_op("mylib::double", mutates_args=())
    ... def double(x: torch.Tensor) -> torch.Tensor:
    ...     return 2 * x
    >>> torch.ops.mylib.double(torch.ones(2))
    tensor([2., 2.])
    """

    def make(fn: Callable[..., Any]) -> CustomOpDef:
        made = _entered(name, schema, mutates_args)
        made.register_kernel(device_types, fn)
        made.__doc__ = fn.__doc__
        return made

    return make if fn is None else make(fn)


def define(qualname: str, schema: str, *, lib: Any = None, tags: Any = ()) -> None:
    """Names an operator; `impl` says what it does."""
    _entered(qualname, schema)


def impl(
    qualname: Any, types: Any, func: Callable[..., Any] | None = None, *, lib: Any = None
) -> Any:  # fmt: skip
    """What an operator does on these devices ("default": on all)."""
    return _found(qualname).register_kernel(types, func)


def register_kernel(
    op: Any, device_types: Any, func: Callable[..., Any] | None = None, /, *, lib: Any = None
) -> Any:
    """What an operator does on these devices."""
    return _found(op).register_kernel(device_types, func)


def register_fake(
    op: Any, func: Callable[..., Any] | None = None, /, *, lib: Any = None, _stacklevel: int = 1,
    allow_override: bool = False,
) -> Any:  # fmt: skip
    """What an operator gives for tensors on "meta"."""
    found = _found(op)
    return found.register_fake if func is None else found.register_fake(func)


impl_abstract = register_fake


def register_autograd(
    op: Any,
    backward: Callable[..., Any],
    /,
    *,
    setup_context: Callable[..., Any] | None = None,
    lib: Any = None,
) -> None:
    """The gradient of an operator: see `CustomOpDef.register_autograd`."""
    _found(op).register_autograd(backward, setup_context=setup_context)


def register_vmap(op: Any, func: Callable[..., Any] | None = None, /, *, lib: Any = None) -> Any:
    """Taken, and not needed: see `CustomOpDef.register_vmap`."""
    return _found(op).register_vmap(func)


_KEYS = {"CPU": "cpu", "CUDA": "cuda", "Meta": "meta"}


class Library:
    """A namespace of operators: `lib.define("double(Tensor x) -> Tensor")`, then
    `lib.impl("double", function)`."""

    def __init__(self, ns: str, kind: str, dispatch_key: str = "") -> None:
        if kind not in ("IMPL", "DEF", "FRAGMENT"):
            raise ValueError(f"Unsupported kind: {kind}")
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key

    def __repr__(self) -> str:
        return f"Library(kind={self.kind}, ns={self.ns}, dispatch_key={self.dispatch_key})>"

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Names an operator by its schema; gives its name."""
        name = schema.partition("(")[0].strip()
        _entered(f"{self.ns}::{name}", schema)
        return name

    def impl(self, op_name: Any, fn: Callable[..., Any], dispatch_key: str = "", **_: Any) -> None:
        """What an operator does for a dispatch key: "CPU", "CUDA", "Meta" or one for all."""
        name = getattr(op_name, "_name", op_name)
        found = _found(name if "::" in name else f"{self.ns}::{name}")
        key = _KEYS.get(dispatch_key or self.dispatch_key)
        if key == "meta":
            found.register_fake(fn)
        else:
            found.register_kernel(key, fn)


def _enter_range(name: str, args: str | None = None) -> Any:
    """Begins a named range of the profiler; gives what ends it."""
    return torch.profiler.record_function(name, args).__enter__()


def _exit_range(handle: Any) -> Any:
    """Ends the range; a proxy of one is asked what that is."""
    if torch.overrides.has_torch_function_unary(handle):
        return torch.overrides.handle_torch_function(_exit_range, (handle,), handle)
    return handle.__exit__(None, None, None)


_RANGES = {"_record_function_enter": _enter_range, "_record_function_exit": _exit_range}


class _Namespace:
    """`torch.ops.<namespace>`; "aten" holds the library's own functions."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        found = _ops.get(f"{self._name}::{name}")
        if found is None and self._name == "profiler":
            found = _RANGES.get(name)
        if found is None and self._name == "aten" and callable(getattr(torch, name, None)):
            found = _Own(f"aten::{name}", getattr(torch, name))
        if found is None:
            raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{name}'")
        setattr(self, name, found)
        return found


class _Own(CustomOpDef):
    """One of the library's functions, which knows its gradient and is not opaque."""

    def __init__(self, qualname: str, function: Callable[..., Any]) -> None:
        super().__init__(qualname)
        self._kernels[None] = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(*args, **kwargs)


class _Ops:
    """`torch.ops`: operators by namespace and name."""

    def __getattr__(self, name: str) -> _Namespace:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _Namespace(name)
        setattr(self, name, made)
        return made

    def load_library(self, path: str) -> None:
        """Compiled operators cannot be loaded: they are made for PyTorch's own tensors."""
        raise NotImplementedError("torch.ops.load_library")


ops = _Ops()
