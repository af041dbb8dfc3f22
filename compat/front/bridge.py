"""The way out to JAX and back: arrays and pytrees."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import jax
import jax.core
import numpy as np

from compat.core import dtype as d
from compat.core.device import device as Device
from compat.engine.value import concrete, meta
from compat.front import keyed
from compat.front.base import look, value_of, wrap


def array_of(tensor: Any) -> Any:
    """The elements as a jax.Array; runs what is pending."""
    value = value_of(tensor)
    if value.array is None:
        look(value) if value.section is None else value.section.recorder.deliver(
            value, value.section
        )
    if isinstance(value.array, np.ndarray):
        with jax.enable_x64(True):
            value.array = jax.device_put(value.array.copy())
    value.give_out()
    return value.array


def held_array(tensor: Any) -> Any:
    """What holds a tensor's elements, an array of JAX's or NumPy's or a tracer; runs what is
    pending."""
    value = value_of(tensor)
    if value.array is None and value.section is not None:
        value.section.recorder.deliver(value, value.section)
    value.give_out()
    return value.array


def to_jax(tensor: Any) -> Any:
    """`array_of`. JAX code without 64-bit types truncates such arrays: a warning says so."""
    one = tensor._meta.dtype
    if one.itemsize == 8 and one is not d.complex64 and not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
        warnings.warn(
            f"a {one} tensor is handed to JAX, which truncates 64-bit types unless "
            "jax_enable_x64 is set",
            UserWarning,
            stacklevel=3,
        )
    return array_of(tensor)


def from_jax(array: Any) -> Any:
    """A tensor over a jax.Array, which is never written to: the first write makes a new one.

    >>> compat.from_jax(jax.numpy.ones(3))
    tensor([1., 1., 1.])
    """
    if isinstance(array, jax.core.Tracer):
        return keyed.traced(array, d.from_numpy_type(array.dtype))
    array = jax.numpy.asarray(array)
    where = next(iter(array.devices()))
    place = Device("cpu") if where.platform == "cpu" else Device(_kind(where), where.id)
    dtype = d.from_numpy_type(array.dtype)
    return wrap(concrete(meta(array.shape, dtype, None, place), array))


def _kind(where: Any) -> str:
    return "cuda" if where.platform in ("gpu", "cuda") else where.platform


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


class replaced:
    """In the block these tensors hold what others do."""

    def __init__(self, tensors: Sequence[Any], others: Sequence[Any]) -> None:
        self.tensors, self.others = tensors, others

    def __enter__(self) -> None:
        self.before = [(one._storage, one._meta, one._offset) for one in self.tensors]
        for one, made in zip(self.tensors, self.others, strict=True):
            one._storage, one._meta, one._offset = made._storage, made._meta, made._offset

    def __exit__(self, *exc: object) -> None:
        for one, before in zip(self.tensors, self.before, strict=True):
            one._storage, one._meta, one._offset = before
