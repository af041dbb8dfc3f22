"""Gradients: `backward`, `grad`, the modes, and functions with a gradient of their own."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jax.numpy as jnp

from compat.autograd.anomaly import detect_anomaly as detect_anomaly
from compat.autograd.anomaly import set_detect_anomaly as set_detect_anomaly
from compat.autograd.function import Function as Function
from compat.autograd.gradcheck import gradcheck as gradcheck
from compat.autograd.gradcheck import gradgradcheck as gradgradcheck
from compat.autograd.variable import Variable as Variable
from compat.engine.spec import Spec, spec
from compat.engine.value import Meta, meta
from compat.front import create
from compat.front.base import TensorBase, value_of, wrap
from compat.tape import backward as walk
from compat.tape import lanes
from compat.tape.differentiate import record
from compat.tape.history import current, is_sink
from compat.tape.mode import enable_grad as enable_grad
from compat.tape.mode import inference_mode as inference_mode
from compat.tape.mode import is_grad_enabled as is_grad_enabled
from compat.tape.mode import no_grad as no_grad
from compat.tape.mode import set_grad_enabled as set_grad_enabled
from compat.tape.node import AccumulateGrad, Tape, result_tape


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
    retain_variables: bool | None = None,
) -> None:
    """Adds to the leaves' `.grad` the gradients of the tensors.

    grad_tensors   what each tensor's elements are weighted with; may be left out for scalars
    retain_graph   keeps the graph for another backward; defaults to create_graph
    create_graph   records the backward itself, for gradients of gradients
    inputs         the only tensors whose `.grad` is added to

    grad_variables and retain_variables are old names of grad_tensors and retain_graph.
    """
    retain_graph = retain_variables if retain_graph is None else retain_graph
    outputs = _listed(tensors)
    given = _listed(grad_tensors if grad_tensors is not None else grad_variables)
    given += [None] * (len(outputs) - len(given))
    roots = _roots(outputs, given)
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        walk.backward(roots, None, keep, create_graph)
        return
    wanted = _listed(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    targets = [_target(each) for each in wanted]
    for tensor, found in zip(
        wanted, walk.backward(roots, targets, keep, create_graph), strict=True
    ):
        if found is not None:
            made = _shown(tensor, found)
            tensor.grad = made if tensor.grad is None else tensor.grad + made


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the outputs (of their sum with grad_outputs) with respect to the inputs.

    allow_unused        gives None for inputs that the outputs do not depend on, else RuntimeError
    is_grads_batched    grad_outputs have a first dimension more, and so have the gradients
    materialize_grads   gives zeros in place of None

    >>> x = compat.tensor(3.0, requires_grad=True)
    >>> compat.autograd.grad(x**2, x)
    (tensor(6.),)
    """
    if is_grads_batched:
        keep = create_graph if retain_graph is None else retain_graph
        return _batched(
            outputs, inputs, _listed(grad_outputs), keep, create_graph, allow_unused,
            materialize_grads,
        )  # fmt: skip
    results = _listed(outputs)
    given = _listed(grad_outputs)
    given += [None] * (len(results) - len(given))
    wanted = _listed(inputs)
    roots = _roots(results, given)
    targets = [_target(each) for each in wanted]
    keep = create_graph if retain_graph is None else retain_graph
    found = walk.backward(roots, targets, keep, create_graph)
    made: list[Any] = []
    for at, (tensor, one) in enumerate(zip(wanted, found, strict=True)):
        if one is not None:
            made.append(_shown(tensor, one))
        elif materialize_grads:
            made.append(create.zeros_like(tensor))
        elif allow_unused:
            made.append(None)
        else:
            raise RuntimeError(
                f"The differentiated Tensor at index {at} appears to not have been used in the "
                "graph. Set allow_unused=True if this is the desired behavior."
            )
    return tuple(made)


def _batched(
    outputs: Any, inputs: Any, batches: list[Any], keep: bool, create_graph: bool,
    allow_unused: bool | None, materialize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients for each row of grad_outputs, stacked: one program computes them all."""
    count = len(batches[0])
    rows = [
        grad(
            outputs, inputs, [one[at] for one in batches], keep or at < count - 1, create_graph,
            allow_unused=allow_unused, materialize_grads=materialize,
        )
        for at in range(count)
    ]  # fmt: skip
    return tuple(
        None if column[0] is None else create.torch_op("stack")(column)
        for column in zip(*rows, strict=True)
    )


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return [given] if isinstance(given, TensorBase) or _is_edge(given) else list(given)


def _shown(tensor: Any, found: Any) -> Any:
    """A gradient as the tensor that a user gets for it."""
    made = wrap(*found)
    if getattr(tensor, "_answer", None) is None:
        return made
    return tensor._as_gradient(made)


def _is_edge(given: Any) -> bool:
    """Whether it is a place in the graph, as `graph.get_gradient_edge` gives."""
    return hasattr(given, "output_nr") and hasattr(given, "node")


def _edge_tape(edge: Any) -> Tape:
    node = edge.node
    return node.tape if isinstance(node, AccumulateGrad) else result_tape(node, edge.output_nr)


def _one(of: Meta) -> Any:
    """The gradient of a scalar with respect to itself, as a recorded constant."""
    entry, dense = _one_like(of)
    (made,) = record(entry, (), (), of.device)
    made.meta = dense
    return made


@lru_cache(256)
def _one_like(of: Meta) -> tuple[Spec, Meta]:
    entry = spec(("one", of.facts), "ones", lambda: lambda: jnp.ones(of.shape, of.dtype.numpy), ())
    return entry, meta(of.shape, of.dtype, None, of.device)


def _target(tensor: Any) -> Tape:
    if _is_edge(tensor):
        return _edge_tape(tensor)
    if not tensor.requires_grad:
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    tape = current(tensor)
    assert tape is not None
    return tape


def _roots(outputs: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    """Where the walk starts, with a gradient for each; RuntimeError in PyTorch's words."""
    roots = []
    for at, (tensor, gradient) in enumerate(zip(outputs, given, strict=True)):
        if _is_edge(tensor):
            if gradient is None:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            roots.append((_edge_tape(tensor), gradient._gradient()))
            continue
        if tensor._answer is not None:
            tensor, gradient = tensor._rooted(gradient)
        scalar = gradient is not None or tensor._meta.numel == 1
        if not tensor.requires_grad or (scalar and is_sink(current(tensor))):
            raise RuntimeError(
                f"element {at} of tensors does not require grad and does not have a grad_fn"
            )
        if gradient is None:
            if tensor._meta.numel != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            if not tensor._meta.dtype.is_floating_point:
                raise RuntimeError(
                    "grad can be implicitly created only for real scalar outputs but got "
                    f"{tensor._meta.dtype}"
                )
            roots.append((current(tensor), (_one(tensor._meta), None)))
            continue
        elif gradient._meta.shape != tensor._meta.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{at}] has a shape of {gradient._meta.shape} and "
                f"output[{at}] has a shape of {tensor._meta.shape}."
            )
        elif gradient._meta.dtype is not tensor._meta.dtype:
            gradient = gradient.to(tensor._meta.dtype)
        begin = gradient._gradient()
        if tensor._meta.device.depth:
            begin = lanes.as_deep(begin, value_of(tensor))
        roots.append((current(tensor), begin))
    return roots


def __getattr__(name: str) -> Any:
    """Opens the modules that few programs use at their first use."""
    if name in ("functional", "graph", "forward_ad", "profiler"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
