"""The graph of a model for TensorBoard: what it records, by the modules that record it."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.versions_pb2 import VersionDef

import compat as torch
from compat.front.base import value_of
from compat.front.explain import Operations
from compat.utils._pytree import tree_leaves, tree_map

PRODUCER = 22  # the version of TensorFlow's format


def graph_of(model: Any, inputs: Any) -> GraphDef:
    """The graph of one forward in eval mode, after which the model is as it was.

    inputs   the module's arguments: a tuple or a list of them, or the only one

    Nodes are the inputs, the parameters and buffers that are read, constants, one node for each
    recorded operation, and the outputs. The names of all but inputs and outputs begin with the
    modules that they belong to: "Net/Conv2d[conv1]/conv2d".
    """
    given = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    given = tree_map(lambda one: one.detach().clone() if torch.is_tensor(one) else one, given)
    scopes = _scopes(model)
    with torch.no_grad(), _eval(model):
        root = scopes[model]
        with Operations(root) as recorded, _noted(scopes, recorded):
            nodes = _Nodes(model, scopes, given)
            made = [one for one in tree_leaves(model(*given)) if torch.is_tensor(one)]
            results = [(value_of(one), one.shape) for one in made]
    for operation in recorded.found:
        nodes.add(operation)
    for value, shape in results:
        nodes.put("output/output", "IO Node", [nodes.source(value, root)], [shape])
    return GraphDef(node=nodes.listed, versions=VersionDef(producer=PRODUCER))


def _scopes(model: Any) -> dict[Any, str]:
    """The path of each module: the class of each on the way, and its name in the one around."""
    paths = {"": type(model).__name__}
    found = {}
    for name, module in model.named_modules():
        around, _, last = name.rpartition(".")
        if name:
            paths[name] = f"{paths[around]}/{type(module).__name__}[{last}]"
        found[module] = paths[name]
    return found


@contextlib.contextmanager
def _eval(model: Any) -> Iterator[None]:
    """In the block the model and its parts are in eval mode."""
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode


@contextlib.contextmanager
def _noted(scopes: dict[Any, str], recorded: Operations) -> Iterator[None]:
    """In the block what a module records has its path as scope."""
    around: list[str] = []

    def enter(module: Any, args: Any) -> None:
        around.append(recorded.scope)
        recorded.scope = scopes[module]

    def leave(module: Any, args: Any, result: Any) -> None:
        recorded.scope = around.pop()

    handles = []
    for module in scopes:
        handles.append(module.register_forward_pre_hook(enter, prepend=True))
        handles.append(module.register_forward_hook(leave))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Nodes:
    """The nodes so far, and which of them gives a value."""

    def __init__(self, model: Any, scopes: dict[Any, str], given: tuple[Any, ...]) -> None:
        self.listed: list[NodeDef] = []
        self._names = set(scopes.values())  # a node must not be named as a scope
        self._sources: dict[Any, str] = {}
        self._kept: dict[Any, tuple[str, str]] = {}  # parameters and buffers: node and full name
        for name, argument in zip(_argument_names(model, len(given)), given, strict=True):
            for one in filter(torch.is_tensor, tree_leaves(argument)):
                node = self.put(f"input/{name}", "IO Node", [], [one.shape])
                self._sources.setdefault(value_of(one), node)
        for prefix, module in model.named_modules():
            tensors = [*module._parameters.items(), *module._buffers.items()]
            for name, one in tensors:
                if one is not None:
                    full = f"{prefix}.{name}" if prefix else name
                    self._kept.setdefault(value_of(one), (f"{scopes[module]}/{name}", full))

    def put(
        self, name: str, op: str, inputs: Sequence[str], shapes: Sequence[Any], about: str = ""
    ) -> str:
        """Adds a node; gives its name, which has a number if it is taken."""
        whole, number = name, 0
        while whole in self._names:
            number += 1
            whole = f"{name}_{number}"
        self._names.add(whole)
        made = [
            TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in shape])
            for shape in shapes
        ]
        attributes = {
            "_output_shapes": AttrValue(list=AttrValue.ListValue(shape=made)),
            "attr": AttrValue(s=about.encode()),
        }
        self.listed.append(NodeDef(name=whole, op=op, input=inputs, attr=attributes))
        return whole

    def source(self, value: Any, scope: str) -> str:
        """The node that gives a value: one that is there, or a new one for what is given."""
        found = self._sources.get(value)
        if found is None:
            shape = [value.meta.shape]
            if value in self._kept:
                name, full = self._kept[value]
                found = self.put(name, "Parameter", [], shape, f"{{ name : {full} }}")
            else:
                found = self.put(f"{scope}/constant", "Const", [], shape)
            self._sources[value] = found
        return found

    def add(self, operation: Any) -> None:
        """The node of an operation; of several results all but the first are "node:place"."""
        inputs = [self.source(value, operation.scope) for value in operation.reads]
        shapes = [value.meta.shape for value in operation.makes]
        name = self.put(f"{operation.scope}/{operation.name}", operation.name, inputs, shapes)
        for place, value in enumerate(operation.makes):
            self._sources[value] = f"{name}:{place}" if place else name


def _argument_names(model: Any, count: int) -> list[str]:
    """What forward calls its first arguments."""
    names = []
    for one in inspect.signature(model.forward).parameters.values():
        if one.kind is one.VAR_POSITIONAL:
            names += [f"{one.name}_{at}" for at in range(count - len(names))]
        elif one.kind is not one.KEYWORD_ONLY:
            names.append(one.name)
    return [*names, *(f"argument_{at}" for at in range(len(names), count))][:count]
