"""The way out to JAX and back: arrays, pytrees, and modules as pure functions."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.core
import numpy as np

from compat.core import dtype as d
from compat.core.device import TRACE
from compat.core.device import device as Device
from compat.engine.recorder import local
from compat.engine.value import concrete, meta
from compat.front.base import TensorBase, look, value_of, wrap


def to_jax(tensor: Any) -> Any:
    """The elements as a jax.Array. JAX code without 64-bit types truncates such arrays: a
    warning says so."""
    value = value_of(tensor)
    if value.array is None:
        look(value) if value.section is None else value.section.recorder.deliver(
            value, value.section
        )
    if tensor._meta.dtype.itemsize == 8 and not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
        if tensor._meta.dtype is not d.complex64:
            warnings.warn(
                f"a {tensor._meta.dtype} tensor is handed to JAX, which truncates 64-bit types "
                "unless jax_enable_x64 is set",
                UserWarning,
                stacklevel=3,
            )
    if isinstance(value.array, np.ndarray):
        with jax.enable_x64(True):
            value.array = jax.device_put(value.array.copy())
    value.give_out()
    return value.array


def from_jax(array: Any) -> Any:
    """A tensor over a jax.Array, which is never written to: the first write makes a new one.

    >>> compat.from_jax(jax.numpy.ones(3))
    tensor([1., 1., 1.])
    """
    if isinstance(array, jax.core.Tracer):
        return _traced(array)
    array = jax.numpy.asarray(array)
    where = next(iter(array.devices()))
    place = Device("cpu") if where.platform == "cpu" else Device(_kind(where), where.id)
    dtype = d.from_numpy_type(array.dtype)
    return wrap(concrete(meta(array.shape, dtype, None, place), array))


def _kind(where: Any) -> str:
    return "cuda" if where.platform in ("gpu", "cuda") else where.platform


def _traced(array: Any) -> Any:
    """A tensor over a tracer: operations on it run in the trace, each at once."""
    dtype = d.from_numpy_type(array.dtype)
    return wrap(concrete(meta(array.shape, dtype, None, TRACED), array))


# Inside a user's jax.jit: a device of its own, whose sections run entry by entry in the trace.
TRACED = Device("xla", TRACE)


def _flatten(tensor: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    value = value_of(tensor)
    if value.array is None:
        to_jax(tensor)
    return (value.array,), (type(tensor), tensor.requires_grad)


def _unflatten(facts: tuple[Any, ...], leaves: Any) -> Any:
    (array,) = leaves
    kind, requires = facts
    if not isinstance(array, jax.Array | np.ndarray):
        made = object.__new__(kind)  # a placeholder that JAX puts through while it compares trees
        made.leaf = array
        return made
    made = from_jax(array)
    if requires and made._meta.differentiable:
        made.requires_grad_(True)
    if kind is not type(made):
        made.__class__ = kind
    return made


def register(kind: type) -> None:
    """Makes tensors of this class pytree nodes, so that they pass through jax.jit and jax.grad."""
    jax.tree_util.register_pytree_node(kind, _flatten, _unflatten)


class Pure:
    """A module as a pure function: `apply(params, *args)`, with `params` its state by name."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.params: dict[str, Any] = {
            name: to_jax(tensor.detach())
            for name, tensor in module.state_dict(keep_vars=True).items()
        }

    def __call__(self, params: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The module's result with these arrays as its parameters, as arrays."""
        tensors = dict(self.module.state_dict(keep_vars=True))
        before = {name: tensor._storage for name, tensor in tensors.items()}
        metas = {name: tensor._meta for name, tensor in tensors.items()}
        grad_before, local.grad = local.grad, False
        try:
            for name, tensor in tensors.items():
                made = _entered(params[name])
                tensor._storage, tensor._meta = made._storage, made._meta
            given = jax.tree.map(_entered, args, is_leaf=_is_array)
            named = jax.tree.map(_entered, kwargs, is_leaf=_is_array)
            made = self.module(*given, **named)
            return jax.tree.map(
                lambda one: value_of(one).array if isinstance(one, TensorBase) else one,
                made, is_leaf=lambda one: isinstance(one, TensorBase),
            )  # fmt: skip
        finally:
            local.grad = grad_before
            for name, tensor in tensors.items():
                tensor._storage, tensor._meta = before[name], metas[name]


def _is_array(one: Any) -> bool:
    return isinstance(one, TensorBase | jax.Array | np.ndarray)


def _entered(one: Any) -> Any:
    if isinstance(one, jax.Array | np.ndarray):
        return _traced(one) if isinstance(one, jax.core.Tracer) else from_jax(one)
    return one


def pure(module: Any) -> Pure:
    """A module as a pure function of its parameters, for jax.jit, grad, vmap and shard_map.

    >>> apply = compat.pure(model)
    >>> jax.jit(apply)(apply.params, jax.numpy.ones((1, 4)))
    """
    return Pure(module)


