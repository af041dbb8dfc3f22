"""Noting the shape and type of every result of a graph, by running it."""

from __future__ import annotations

from typing import Any, NamedTuple

import compat as torch

from ..interpreter import Interpreter
from ..node import Node, map_aggregate


class TensorMetadata(NamedTuple):
    """What is known of a tensor."""

    shape: Any
    dtype: Any
    requires_grad: bool
    stride: tuple[int, ...]
    memory_format: Any
    is_quantized: bool
    qparams: dict[str, Any]


def _told(one: Any) -> Any:
    if not isinstance(one, torch.Tensor):
        return one
    layouts = [torch.contiguous_format]
    layouts += [torch.channels_last] * (one.dim() == 4)
    layouts += [torch.channels_last_3d] * (one.dim() == 5)
    layout = next((f for f in layouts if one.is_contiguous(memory_format=f)), None)
    return TensorMetadata(one.shape, one.dtype, one.requires_grad, one.stride(), layout, False, {})


class ShapeProp(Interpreter):
    """Runs a graph and leaves `tensor_meta` and `type` in each node's `meta`."""

    def run_node(self, n: Node) -> Any:
        """The result, noted."""
        result = super().run_node(n)
        told = map_aggregate(result, _told)
        if isinstance(result, torch.Tensor | list | tuple | dict):
            n.meta["tensor_meta"] = told
        n.meta["type"] = type(result)
        return result

    def propagate(self, *args: Any) -> Any:
        """Runs the graph with these arguments."""
        return super().run(*args)
