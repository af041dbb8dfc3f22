"""What `script` and `trace` give: the module or function, under a class that says so."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import compat as torch

_warned = False


def _warn_once(name: str) -> None:
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(
            f"compat: torch.jit.{name} gives back what it is given, which runs as the Python it "
            "is; every program is recorded and compiled anyway",
            UserWarning,
            stacklevel=3,
        )


class ScriptModule(torch.nn.Module):
    """A module that went through `script` or `trace`: itself in all but its class."""

    def save(self, f: Any, _extra_files: dict[str, Any] | None = None) -> None:
        """Writes the module to a file."""
        torch.jit.save(self, f, _extra_files)

    @property
    def original_name(self) -> str:
        """The name of the module's own class."""
        return type(self).__name__

    @property
    def code(self) -> str:
        """Not there: there is no TorchScript."""
        raise NotImplementedError("compat does not have the code of a ScriptModule")

    @property
    def graph(self) -> Any:
        """Not there; `compat.explain` shows what a call records."""
        raise NotImplementedError("compat does not have the graph of a ScriptModule")


class RecursiveScriptModule(ScriptModule):
    """A module that went through `script`."""


class TracedModule(ScriptModule):
    """A module that went through `trace`."""


class TopLevelTracedModule(TracedModule):
    """A module that was given to `trace` itself."""


@functools.cache
def _class(kind: type, own: type) -> type:
    """The module's class, which is of this kind too."""
    names = {"__reduce__": _reduce, "_original_class": own, "_kind": kind}
    return type(own.__name__, (kind, own), names)


def _reduce(self: Any) -> tuple[Any, ...]:
    return wrapped, (_shared(self._original_class, self), self._kind.__name__)


def _shared(cls: type, module: Any) -> Any:
    """The same module, with the same state, as an instance of another class."""
    made = object.__new__(cls)
    made.__dict__ = module.__dict__
    return made


def wrapped(module: Any, kind: str) -> Any:
    """The module as one of this kind; files name this function."""
    if isinstance(module, ScriptModule) and hasattr(module, "_original_class"):
        return module
    return _shared(_class(globals()[kind], type(module)), module)


class ScriptFunction:
    """A function that went through `script` or `trace`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        name = self.function.__qualname__
        return _named, (self.function.__module__, name)

    def save(self, f: Any, _extra_files: dict[str, Any] | None = None) -> None:
        """Writes the name of the function to a file."""
        torch.jit.save(self, f, _extra_files)


def _named(module: str, name: str) -> ScriptFunction:
    import importlib

    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found if isinstance(found, ScriptFunction) else ScriptFunction(found)


def _given_back(obj: Any, kind: str) -> Any:
    if isinstance(obj, torch.nn.Module):
        return wrapped(obj, kind)
    if isinstance(obj, type) or isinstance(obj, ScriptFunction):
        return obj
    if callable(obj):
        return ScriptFunction(obj)
    return obj


def script(
    obj: Any,
    optimize: Any = None,
    _frames_up: int = 0,
    _rcb: Any = None,
    example_inputs: Any = None,
) -> Any:
    """The function, module or class, which runs as it is."""
    _warn_once("script")
    return _given_back(obj, "RecursiveScriptModule")


def trace(
    func: Any,
    example_inputs: Any = None,
    optimize: Any = None,
    check_trace: bool = True,
    check_inputs: Any = None,
    check_tolerance: float = 1e-5,
    strict: bool = True,
    example_kwarg_inputs: dict[str, Any] | None = None,
    **_: Any,
) -> Any:
    """The function or module, which is called once with the example and then runs as it is."""
    _warn_once("trace")
    if example_kwarg_inputs is not None:
        func(**example_kwarg_inputs)
    elif example_inputs is not None:
        one = isinstance(example_inputs, torch.Tensor | dict)
        func(*((example_inputs,) if one else example_inputs))
    return _given_back(func, "TopLevelTracedModule")


def trace_module(mod: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    """The module; each named method is called once with its example."""
    _warn_once("trace_module")
    for name, example in inputs.items():
        getattr(mod, name)(*(example if isinstance(example, tuple) else (example,)))
    return _given_back(mod, "TopLevelTracedModule")


def freeze(mod: Any, preserved_attrs: Any = None, optimize_numerics: bool = True) -> Any:
    """The module, which must be scripted and in eval mode."""
    if not isinstance(mod, ScriptModule):
        raise RuntimeError(
            "Freezing expects a ScriptModule as input. Please use torch.jit.script or "
            "torch.jit.trace to script your 'nn.Module'."
        )
    if mod.training:
        raise RuntimeError(
            "Freezing is currently only implemented for modules in eval mode. Please call .eval() "
            "on your module before freezing."
        )
    return mod


def optimize_for_inference(mod: Any, other_methods: Any = None) -> Any:
    """The module itself."""
    return mod
