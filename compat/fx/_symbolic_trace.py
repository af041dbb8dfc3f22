"""The file that PyTorch keeps tracing in, for programs that import from it."""

from __future__ import annotations

from .trace import Tracer, symbolic_trace, wrap

__all__ = ["Tracer", "symbolic_trace", "wrap"]
