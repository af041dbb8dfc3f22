"""Functions of tensors as functions of arrays, which JAX transforms, and their results back.

Inside of a transformation tensors hold tracers, and each operation runs at once in the trace. The
results of the outermost transformation stand in the graph as one node, whose backward is `jax.vjp`
of the whole. Leaves that require gradients and that the function refers to without taking them as
arguments are found in the graph that the trace records, and become arguments of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

import compat as torch
from compat.engine.recorder import local
from compat.front.base import TensorBase, value_of
from compat.front.bridge import from_jax, held_array, replaced
from compat.front.call import watchers
from compat.tape.history import current
from compat.tape.node import sequence
from compat.utils._pytree import tree_flatten, tree_unflatten

Arrays = tuple[Any, ...]


def is_tensor(one: Any) -> bool:
    """Whether it is a tensor."""
    return isinstance(one, TensorBase)


def tensor_of(array: Any) -> Any:
    """A tensor over an array or tracer."""
    return from_jax(array)


class Lifted:
    """A function of tensors as one of the arrays of those among its arguments.

    After a call `structure` says how its results were nested, and `others` what they were besides
    tensors.
    """

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        leaves, self.given = tree_flatten((args, kwargs))
        self.function, self.leaves = function, leaves
        self.places = [at for at, one in enumerate(leaves) if is_tensor(one)]
        self.tensors = [leaves[at] for at in self.places]
        self.results: list[Any] = []
        self.structure: Any = None

    def __call__(self, *arrays: Any) -> Arrays:
        leaves = list(self.leaves)
        for at, array in zip(self.places, arrays, strict=True):
            leaves[at] = tensor_of(array)
        args, kwargs = tree_unflatten(leaves, self.given)
        made, self.structure = tree_flatten(self.function(*args, **kwargs))
        self.results = made
        return tuple(held_array(one) for one in made if is_tensor(one))

    def nested(self, tensors: Sequence[Any]) -> Any:
        """Tensors in the places of the results of the last call."""
        rest = iter(tensors)
        full = [next(rest) if is_tensor(one) else one for one in self.results]
        return tree_unflatten(full, self.structure)


def is_traced(tensors: Sequence[Any]) -> bool:
    """Whether a transformation is going on around these tensors."""
    return any(isinstance(value_of(one).array, jax.core.Tracer) for one in tensors)


def run(core: Callable[..., Arrays], tensors: Sequence[Any]) -> list[Any]:
    """The results of a function of arrays for the arrays of these tensors, in the graph."""
    with jax.enable_x64(True):
        if is_traced(tensors):
            return [tensor_of(one) for one in core(*[held_array(one) for one in tensors])]
        if not local.grad:
            with torch.no_grad():
                return [tensor_of(one) for one in core(*[held_array(one) for one in tensors])]
        made, closed = _watched(core, tensors)
        wanted = [*tensors, *closed]
        if not any(one.requires_grad for one in wanted):
            return [tensor_of(one) for one in made]
        return list(_Whole.apply(core, len(tensors), *wanted))


def _watched(core: Callable[..., Arrays], tensors: Sequence[Any]) -> tuple[Arrays, list[Any]]:
    """The results, and the leaves that the function refers to and that require gradients."""
    found: dict[int, Any] = {}
    start = next(sequence)
    noted = _Notes(found, start)
    watchers.append(noted)
    try:
        made = core(*[held_array(one) for one in tensors])
    finally:
        watchers.remove(noted)
    return made, list(found.values())


class _Notes:
    """Watches the operations of a trace for tensors from outside that require gradients."""

    def __init__(self, found: dict[int, Any], start: int) -> None:
        self.found, self.start = found, start

    def __call__(self, node: Any, tensors: Sequence[Any], ins: Sequence[int]) -> None:
        for one in tensors:
            if one._tape is None or one._meta.device.is_traced or not one.requires_grad:
                continue
            tape = current(one)
            if tape is not None and (tape.node is None or tape.node.seq < self.start):
                self.found.setdefault(id(one), one)


class _Whole(torch.autograd.Function):
    """A transformed function as one operation: its backward is `jax.vjp` of the whole."""

    @staticmethod
    def forward(ctx: Any, core: Any, count: int, *tensors: Any) -> Any:
        arrays = [held_array(one) for one in tensors]
        closed = tensors[count:]

        def whole(*given: Any) -> Arrays:
            with replaced(closed, [tensor_of(one) for one in given[count:]]):
                return core(*given[:count])

        made, ctx.pull = jax.vjp(whole, *arrays)
        ctx.shapes = [(one.shape, one.dtype) for one in made]
        return tuple(tensor_of(one) for one in made)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        with jax.enable_x64(True):
            flowing = tuple(
                _cotangent(gradient, *facts)
                for gradient, facts in zip(gradients, ctx.shapes, strict=True)
            )
            found = ctx.pull(flowing)
        results = [
            None if one.dtype == jax.dtypes.float0 else tensor_of(_conjugate(one))
            for one in found
        ]
        return None, None, *results


def _cotangent(gradient: Any, shape: Any, dtype: Any) -> Any:
    """A gradient as jax.vjp takes it; whole numbers have none."""
    if not jnp.issubdtype(dtype, jnp.inexact):
        return np.zeros(shape, jax.dtypes.float0)
    return jnp.zeros(shape, dtype) if gradient is None else _conjugate(held_array(gradient))


def _conjugate(array: Any) -> Any:
    """PyTorch's gradients of complex numbers are the conjugates of JAX's."""
    return array.conj() if jnp.iscomplexobj(array) else array


def chunks(count: int, size: int | None) -> list[slice]:
    """Ranges of at most this size."""
    step = count if size is None else size
    starts = itertools.takewhile(lambda at: at < count, itertools.count(0, max(step, 1)))
    return [slice(at, min(at + step, count)) for at in starts]
