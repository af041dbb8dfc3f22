"""The door for optimizers: one pure JAX function over many tensors, recorded as one entry."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from compat.core.device import cpu
from compat.core.dtype import get_default_dtype
from compat.engine.recorder import local
from compat.engine.spec import KINDS, spec
from compat.front.base import TensorBase, read, section_of, store, value_of, wrap
from compat.front.create import from_host


def recorded(
    key: Hashable,
    name: str,
    function: Callable[..., Any],
    tensors: Sequence[TensorBase],
    numbers: Sequence[Any] = (),
) -> list[Any]:
    """The results of function(arrays, numbers) as new tensors, without gradients.

    key   says what the function does apart from shapes: equal keys must mean equal functions
    """
    values = [value_of(tensor) for tensor in tensors]
    return [wrap(made) for made in _entry(key, name, function, tensors, values, numbers)]


def overwrite(
    key: Hashable,
    name: str,
    function: Callable[..., Any],
    targets: Sequence[TensorBase],
    sources: Sequence[TensorBase],
    numbers: Sequence[Any] = (),
) -> None:
    """Overwrites the targets with function(arrays of targets and sources, numbers)."""
    tensors = [*targets, *sources]
    values = []
    for tensor in tensors:  # `value_of`, without a call for each
        value = tensor._storage.value
        values.append(value if value.meta is tensor._meta else read(tensor))
    made = _entry(key, name, function, tensors, values, numbers)
    for target, value in zip(targets, made, strict=True):
        store(target, value)


def gradients(tensors: Sequence[TensorBase]) -> list[Any]:
    """The `.grad` of each tensor, None where there is none: one call for a whole model."""
    found = []
    for tensor in tensors:
        tape = tensor._tape
        if tensor._answer is not None:
            found.append(tensor.grad)  # type: ignore[attr-defined]
        else:
            found.append(None if tape is None or tape.extra is None else tape.extra.grad)
    return found


def drop_gradients(tensors: Sequence[TensorBase]) -> None:
    """Sets the `.grad` of each tensor to None."""
    for tensor in tensors:
        tape = tensor._tape
        if tape is not None and tape.extra is not None:
            tape.extra.grad = None


def _entry(
    key: Hashable, name: str, function: Any, tensors: Any, values: Any, numbers: Any
) -> list[Any]:
    kinds = "".join([KINDS[type(one)] for one in numbers])
    known = (key, kinds, *[value.meta for value in values])
    entry = _entries.get(known)
    if entry is None:
        count = len(tensors)
        entry = spec(
            key, name, lambda: lambda *given: tuple(function(given[:count], given[count:])),
            [value.meta for value in values], kinds,
        )  # fmt: skip
        if len(_entries) >= 256:
            _entries.clear()
        _entries[known] = entry
    section = section_of(tensors[0]._meta)
    made = section.append(entry, tuple(values), tuple(numbers))
    if section.eager:
        local.recorder.run_now(section)
    return made


# Entries by the metas of what they take: looking one up by shapes and types, as `spec` does,
# takes 50 us for a model of 60 parameters.
_entries: dict[Any, Any] = {}


def fresh_state(like: TensorBase, value: Any = 0, shape: Sequence[int] | None = None) -> Any:
    """One value everywhere, shaped as a parameter or as told. It is there already, not recorded,
    so that the first step of a training loop is the same program as all others."""
    one = like._meta
    array = np.full(tuple(one.shape if shape is None else shape), value, one.dtype.numpy)
    made = from_host(array, one.dtype, one.device)
    if shape is None and one.dense:
        made._meta = made._storage.value.meta = one
    return made


def count_tensor(count: int) -> Any:
    """A count as a 0-dim tensor of the default type on the host."""
    dtype = get_default_dtype()
    return from_host(np.array(count, dtype.numpy), dtype, cpu)


def run_pending() -> None:
    """A natural boundary: launches what this thread has recorded."""
    local.recorder.flush()


def pending() -> int:
    """How many results this thread has recorded and not computed."""
    return len(local.section.values)
