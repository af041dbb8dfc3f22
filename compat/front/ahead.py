"""Copies to another device that are begun before anybody asks for them."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import jax
import numpy as np

from compat.core.device import device, jax_device
from compat.engine.value import Meta, Value, concrete, meta
from compat.front.base import TensorBase, look

# By the value on the host, which never changes: a write to the tensor makes another value.
_begun: WeakKeyDictionary[Value, Value] = WeakKeyDictionary()


def begin(tensor: TensorBase, place: device) -> None:
    """Begins to copy a tensor, which is computed if need be; `to(place)` will find the copy.

    JAX copies while the caller goes on. Views, and what NumPy may write to, are left alone.
    """
    value = tensor._storage.value
    if value.meta is tensor._meta:
        one = meta(value.meta.shape, value.meta.dtype, None, place)
        _begun[value] = copied(look(value), one)


def copied(host: np.ndarray[Any, Any], one: Meta) -> Value:
    """Elements that the host has, on the device of a meta."""
    with jax.enable_x64(True):
        return concrete(one, jax.device_put(host, jax_device(one.device)))


def begun(value: Value, place: device) -> Value | None:
    """The copy of a value that was begun, for whoever asks first."""
    found = _begun.pop(value, None)
    return found if found is not None and found.meta.device is place else None
