"""torch.jit: scripted and traced functions and modules run as the Python they are.

What `script` and `trace` give can be called, saved and loaded by us; files that PyTorch's own
TorchScript has written are not programs that we can run.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, NamedTuple

from compat.jit.files import load as load
from compat.jit.files import save as save
from compat.jit.scripted import RecursiveScriptModule as RecursiveScriptModule
from compat.jit.scripted import ScriptFunction as ScriptFunction
from compat.jit.scripted import ScriptModule as ScriptModule
from compat.jit.scripted import TopLevelTracedModule as TopLevelTracedModule
from compat.jit.scripted import TracedModule as TracedModule
from compat.jit.scripted import freeze as freeze
from compat.jit.scripted import optimize_for_inference as optimize_for_inference
from compat.jit.scripted import script as script
from compat.jit.scripted import trace as trace
from compat.jit.scripted import trace_module as trace_module

Final = typing.Final
Error = RuntimeError


class ScriptWarning(Warning):
    """PyTorch's category for warnings about scripts."""


class TracerWarning(Warning):
    """PyTorch's category for warnings about traces; nothing here gives any."""

    @staticmethod
    def ignore_lib_warnings() -> None:
        """Nothing to ignore."""


class Attribute(NamedTuple):
    """A value with its type, as modules for TorchScript have them."""

    value: Any
    type: Any


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value; the type is for readers."""
    return the_value


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """Marks a function that is not to be scripted: `@ignore` or `@ignore(drop=True)`."""
    return drop if callable(drop) else _same


def _same(fn: Any) -> Any:
    return fn


def unused(fn: Any) -> Any:
    """The function itself."""
    return fn


def export(fn: Any) -> Any:
    """The function itself."""
    return fn


def interface(obj: Any) -> Any:
    """The class itself."""
    return obj


def script_method(fn: Any) -> Any:
    """The method itself."""
    return fn


def script_if_tracing(fn: Any) -> Any:
    """The function itself."""
    return fn


_script_if_tracing = script_if_tracing
_overload = _overload_method = export


def is_scripting() -> bool:
    """Never: scripts run as Python."""
    return False


def is_tracing() -> bool:
    """Never: traced functions run as Python."""
    return False


class Future:
    """The result of a call, made when the call was."""

    def __init__(self, value: Any) -> None:
        self.result = value

    def wait(self) -> Any:
        """The result."""
        return self.result

    def done(self) -> bool:
        """Always."""
        return True


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Future:
    """Calls the function; `wait` gives its result."""
    return Future(func(*args, **kwargs))


def wait(future: Future) -> Any:
    """The result of a `fork`."""
    return future.wait()


def enable_onednn_fusion(enabled: bool) -> None:
    """Taken, and without effect."""


def set_fusion_strategy(strategy: Any) -> Any:
    """Taken, and without effect; gives it back."""
    return strategy
