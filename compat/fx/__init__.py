"""torch.fx: a module's forward as a graph that a program can read, change and run again.

Programs run without it: compat records what is called by itself. This is for code that looks at
a model or rewrites it. `Tracer` calls the module with proxies, a `Graph` keeps what was called on
them, and a `GraphModule` is the module whose forward is written from a graph.
"""

from __future__ import annotations

from .graph import CodeGen, Graph, PythonCode
from .graph_module import GraphModule
from .interpreter import Interpreter, Transformer
from .node import Node, has_side_effect, map_arg
from .proxy import Proxy
from .subgraph_rewriter import replace_pattern
from .trace import Tracer, symbolic_trace, wrap

__all__ = [
    "CodeGen", "Graph", "GraphModule", "Interpreter", "Node", "Proxy", "PythonCode", "Tracer",
    "Transformer", "has_side_effect", "map_arg", "replace_pattern", "symbolic_trace", "wrap",
]  # fmt: skip
