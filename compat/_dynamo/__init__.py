"""torch._dynamo: the names that programs use of it."""

from __future__ import annotations

import types
from typing import Any

from compat.compiler import OptimizedModule as OptimizedModule
from compat.compiler import Unsupported, compile
from compat.compiler import allow_in_graph as allow_in_graph
from compat.compiler import assume_constant_result as assume_constant_result
from compat.compiler import disable as disable
from compat.compiler import is_compiling as is_compiling
from compat.compiler import list_backends as list_backends
from compat.compiler import reset as reset

# Settings are kept, and change nothing.
config = types.SimpleNamespace(
    cache_size_limit=8, recompile_limit=8, suppress_errors=False, verbose=False,
    capture_scalar_outputs=False, capture_dynamic_output_shape_ops=False,
    automatic_dynamic_shapes=True, assume_static_by_default=True, optimize_ddp=True,
)  # fmt: skip
exc = types.SimpleNamespace(Unsupported=Unsupported)


def optimize(backend: Any = "inductor", *, nopython: bool = False, **settings: Any) -> Any:
    """A decorator: `torch.compile` under its older name."""
    return compile(backend=backend, fullgraph=nopython)


def mark_dynamic(t: Any, index: Any, **_: Any) -> None:
    """Taken, and without effect: each shape has its program."""


mark_static = maybe_mark_dynamic = mark_dynamic


def graph_break(msg: str = "") -> None:
    """Taken, and without effect outside of fullgraph=True."""


def explain(f: Any, *args: Any, **kwargs: Any) -> Any:
    """Not there; `compat.explain` shows what is recorded."""
    raise NotImplementedError("compat does not have torch._dynamo.explain; see compat.explain")
