"""torchvision.models.feature_extraction: what a model computes on its way, by its modules' names.

torchvision traces a model into a graph; here hooks listen to its modules. So nodes are calls of
modules: `layer1.0.relu` is the first call of that module and `layer1.0.relu_1` the second, while
`layer1` is what the module `layer1` gives. Operations between modules ("add", "flatten") are no
nodes here, and asking for one raises NotImplementedError.
"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections import Counter, OrderedDict
from typing import Any

import compat as torch
from compat import nn


class _Enough(Exception):
    """All that was asked for is there, and the rest of the model need not run."""


def _leaves(model: nn.Module) -> list[str]:
    inputs = list(inspect.signature(model.forward).parameters)
    return inputs + [
        name for name, module in model.named_modules() if name and not list(module.children())
    ]


def get_graph_node_names(
    model: nn.Module, tracer_kwargs: dict[str, Any] | None = None,
    suppress_diff_warning: bool = False, concrete_args: dict[str, Any] | None = None,
) -> tuple[list[str], list[str]]:  # fmt: skip
    """The names of the inputs and of the modules without children, for training and evaluation.

    They are in the order in which the modules were made, each once, since nothing is run.
    """
    return _leaves(model), _leaves(model)


def _split(model: nn.Module, node: str) -> tuple[str, int | None]:
    """The module that a node is a call of, and which call: None for the last one."""
    modules = dict(model.named_modules())
    if node in modules:
        # A module with children is asked for its result, one without for its first call.
        return node, None if list(modules[node].children()) else 0
    numbered = re.fullmatch(r"(.+)_(\d+)", node)
    if numbered and numbered[1] in modules:
        return numbered[1], int(numbered[2])
    parent, _, last = node.rpartition(".")
    plain = re.sub(r"_\d+$", "", last)
    if parent in modules and (
        plain in inspect.signature(modules[parent].forward).parameters
        or hasattr(torch, plain)
        or hasattr(torch.Tensor, plain)
        or hasattr(nn.functional, plain)
    ):
        raise NotImplementedError(
            f"create_feature_extractor of {node!r}: only calls of modules are nodes here, not "
            "the operations between them"
        )
    raise ValueError(
        f"node: '{node}' is not present in model. Hint: use `get_graph_node_names` to make sure "
        "the `return_nodes` you specified are present. It may even be that you need to specify "
        "`train_return_nodes` and `eval_return_nodes` separately."
    )


class FeatureExtractor(nn.Module):
    """A model that gives a dict of what some of its modules give.

    It has the model's own modules, parameters and buffers, under their names. The model runs up
    to the last call that is asked for.
    """

    def __init__(
        self, model: nn.Module, train_nodes: dict[str, str], eval_nodes: dict[str, str]
    ) -> None:
        super().__init__()
        for name, child in model.named_children():
            self.add_module(name, child)
        for name, value in model.named_parameters(recurse=False):
            self.register_parameter(name, value)
        for name, value in model.named_buffers(recurse=False):
            self.register_buffer(name, value)
        self.__dict__["_model"] = model  # not a module of this one: its parts are
        self._nodes = {True: train_nodes, False: eval_nodes}
        self._calls = {
            mode: {node: _split(model, node) for node in nodes}
            for mode, nodes in self._nodes.items()
        }
        self.train(model.training)

    def train(self, mode: bool = True) -> FeatureExtractor:
        """Sets training or evaluation, of the model too."""
        super().train(mode)
        if "_model" in self.__dict__:
            self._model.train(mode)
        return self

    def forward(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        nodes, calls = self._nodes[self.training], self._calls[self.training]
        found: dict[str, Any] = {}
        counts: Counter[str] = Counter()
        endless = any(which is None for _, which in calls.values())
        modules = dict(self._model.named_modules())

        def listen(path: str) -> Any:
            def hook(module: nn.Module, given: Any, made: Any) -> None:
                for node, (wanted, which) in calls.items():
                    if wanted == path and which in (None, counts[path]):
                        found[node] = made
                counts[path] += 1
                if not endless and len(found) == len(calls):
                    raise _Enough

            return hook

        handles = [
            modules[path].register_forward_hook(listen(path))
            for path in dict.fromkeys(path for path, _ in calls.values())
        ]
        try:
            with contextlib.suppress(_Enough):
                self._model(*args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()
        missing = [node for node in nodes if node not in found]
        if missing:
            raise ValueError(f"the model's forward made no call for the nodes {missing}")
        return {shown: found[node] for node, shown in nodes.items()}


def _named(nodes: list[str] | dict[str, str]) -> dict[str, str]:
    if isinstance(nodes, dict):
        return OrderedDict((str(node), str(shown)) for node, shown in nodes.items())
    return OrderedDict((str(node), str(node)) for node in nodes)


def create_feature_extractor(
    model: nn.Module, return_nodes: list[str] | dict[str, str] | None = None,
    train_return_nodes: list[str] | dict[str, str] | None = None,
    eval_return_nodes: list[str] | dict[str, str] | None = None,
    tracer_kwargs: dict[str, Any] | None = None, suppress_diff_warning: bool = False,
    concrete_args: dict[str, Any] | None = None,
) -> FeatureExtractor:  # fmt: skip
    """A module that gives a dict of what some nodes of a model give.

    return_nodes  the nodes' names, or a dict from them to the names in the result; or
                  train_return_nodes and eval_return_nodes, of both modes

    ValueError for a name the model has no node of; NotImplementedError for an operation that is
    no module.
    """
    if all(one is None for one in (return_nodes, train_return_nodes, eval_return_nodes)):
        raise ValueError(
            "Either `return_nodes` or `train_return_nodes` and `eval_return_nodes` together, "
            "should be specified"
        )
    if (train_return_nodes is None) != (eval_return_nodes is None):
        raise ValueError(
            "If any of `train_return_nodes` and `eval_return_nodes` are specified, then both "
            "should be specified"
        )
    if return_nodes is not None and train_return_nodes is not None:
        raise ValueError(
            "If `train_return_nodes` and `eval_return_nodes` are specified, then both should be "
            "specified"
        )
    train = return_nodes if return_nodes is not None else train_return_nodes
    evaluation = return_nodes if return_nodes is not None else eval_return_nodes
    return FeatureExtractor(model, _named(train or []), _named(evaluation or []))
