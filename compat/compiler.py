"""torch.compiler and torch.compile: everything is recorded and compiled already.

A compiled function runs as it is. `fullgraph=True` keeps its promise: a look at a tensor that is
still to be computed, which would end the recorded program, raises an error that names the line.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import compat as torch
from compat.engine.recorder import local
from compat.engine.section import user_line

BACKENDS = ("cudagraphs", "inductor", "onnxrt", "openxla", "tvm")
_DEBUG_BACKENDS = ("eager", "aot_eager", "aot_ts")
_MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")


class Unsupported(RuntimeError):
    """A function compiled with fullgraph=True looked at a tensor."""


class OptimizedModule(torch.nn.Module):
    """A module that was compiled: runs the module, which it holds as `_orig_mod`."""

    _orig_mod: Any

    def __init__(self, mod: Any, around: Callable[..., Any]) -> None:
        super().__init__()
        self._orig_mod = mod
        self.__dict__["_around"] = around

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The module's own result."""
        return self._around(self._orig_mod)(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "_orig_mod":
            return self._modules[name]
        return getattr(self._orig_mod, name)

    def __len__(self) -> int:
        return len(self._orig_mod)


def compile(
    model: Any = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = "inductor",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    name: str | None = None,
    disable: bool = False,
    recompile_limit: int | None = None,
    isolate_recompiles: bool = False,
    shapes_spec: Any = None,
) -> Any:
    """The function or module, which is recorded and compiled in any case.

    fullgraph   raises Unsupported where the function looks at a tensor that is not computed yet
    backend     one of PyTorch's names; a function as backend is not supported
    disable     gives the model itself
    The other settings are taken and change nothing.

    >>> @compat.compile(fullgraph=True)
    ... def double(x):
    ...     return x * 2
    >>> double(compat.ones(2))
    tensor([2., 2.])
    """
    if model is None:
        given: dict[str, Any] = {
            "fullgraph": fullgraph, "dynamic": dynamic, "backend": backend, "mode": mode,
            "options": options, "name": name, "disable": disable,
        }  # fmt: skip
        return lambda model: compile(model, **given)
    if mode is not None and options is not None:
        raise RuntimeError(
            "Either mode or options can be specified, but both can't be specified at the same time."
        )
    if mode is not None and mode not in _MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of: {', '.join(_MODES)}")
    if callable(backend):
        raise NotImplementedError("compat.compile does not have functions as backends")
    if backend not in (None, *BACKENDS, *_DEBUG_BACKENDS):
        raise RuntimeError(
            f"Invalid backend: '{backend}', see `torch._dynamo.list_backends()` for available "
            "backends."
        )
    if disable:
        return model
    around = _whole if fullgraph else _as_it_is
    if isinstance(model, torch.nn.Module):
        return OptimizedModule(model, around)
    if not callable(model):
        raise RuntimeError("torch._dynamo.optimize called with a non callable object")
    made = functools.wraps(model)(around(model))
    made._torchdynamo_orig_callable = model  # type: ignore[attr-defined]
    return made


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: function(*args, **kwargs)


def _whole(function: Callable[..., Any]) -> Callable[..., Any]:
    def inside(*args: Any, **kwargs: Any) -> Any:
        with _no_looks():
            return function(*args, **kwargs)

    return inside


@contextlib.contextmanager
def _no_looks() -> Iterator[None]:
    """In the block, a look at what is still to be computed raises."""
    before, local.refuse_look = local.refuse_look, _refuse
    try:
        yield
    finally:
        local.refuse_look = before


def _refuse() -> None:
    file, line = user_line()
    raise Unsupported(
        "a tensor is looked at in a function that is compiled with fullgraph=True: the recorded "
        f"program would end here\n  File \"{file}\", line {line}"
    )


# What compiled programs ask.


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function, inside of which looks are allowed."""
    if fn is None:
        return lambda fn: disable(fn, recursive, reason=reason)

    @functools.wraps(fn)
    def inside(*args: Any, **kwargs: Any) -> Any:
        before, local.refuse_look = local.refuse_look, None
        try:
            return fn(*args, **kwargs)
        finally:
            local.refuse_look = before

    return inside


def allow_in_graph(fn: Any) -> Any:
    """The function itself."""
    return fn


assume_constant_result = allow_in_graph


def reset() -> None:
    """Nothing to forget: programs are kept by what they compute, and their number is bounded."""


def is_compiling() -> bool:
    """Never: functions run as they are written."""
    return False


is_dynamo_compiling = is_exporting = is_compiling


def list_backends(exclude_tags: tuple[str, ...] = ("debug", "experimental")) -> list[str]:
    """The names that `backend` may have."""
    return [*BACKENDS] + ([] if "debug" in (exclude_tags or ()) else [*_DEBUG_BACKENDS])


def cudagraph_mark_step_begin() -> None:
    """Nothing to mark: results are never overwritten by the next step."""


@contextlib.contextmanager
def set_stance(stance: str = "default", **_: Any) -> Iterator[None]:
    """Taken, and without effect."""
    yield
