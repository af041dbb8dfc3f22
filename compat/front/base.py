"""What a tensor is made of: a storage, a geometry over it, and a part in the graph."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from compat.core.device import jax_device
from compat.core.dtype import from_numpy_type
from compat.engine import cache, report
from compat.engine import storage as storages
from compat.engine import view as recipes
from compat.engine.cache import checks
from compat.engine.memory import raise_as_torch
from compat.engine.recorder import local
from compat.engine.section import Section, user_line
from compat.engine.spec import spec
from compat.engine.storage import AliasStorage, HostStorage, Storage
from compat.engine.value import NO_BUFFER, Meta, Value, concrete, element, meta
from compat.tape import lanes
from compat.tape import node as graph
from compat.tape.node import Tape

_new = object.__new__


class TensorBase:
    """The fields of a tensor; `Tensor` adds everything a user sees.

    _storage   the cell that holds the elements, shared by views
    _meta      shape, type, strides, device
    _offset    where in the storage the first element is
    _tape      the part in the graph, None for a tensor that needs no gradient
    """

    __slots__ = ("_storage", "_meta", "_offset", "_tape", "__dict__", "__weakref__")

    _storage: Storage
    _meta: Meta
    _offset: int
    _tape: Tape | None
    # How a tensor that is not strided answers an op; a strided one is asked nothing.
    _answer: Any = None


tensor_class: type = TensorBase  # `Tensor`, once it is there


def wrap(value: Any, tape: Tape | None = None) -> Any:
    """A tensor of its own storage that holds the value; what is not strided makes its own."""
    if type(value) is not Value:
        return value.tensor(tape)
    storage = _new(Storage)
    storage.value, storage.version = value, 0
    tensor = _new(tensor_class)
    tensor._storage, tensor._meta, tensor._offset, tensor._tape = storage, value.meta, 0, tape
    return tensor


graph.wrap = wrap


def alias(tensor: TensorBase, view: Meta, offset: int, tape: Tape | None = None) -> Any:
    """Another tensor over the same storage."""
    made = _new(tensor_class)
    made._storage, made._meta, made._offset, made._tape = tensor._storage, view, offset, tape
    return made


# Reading.

# Pieces up to which each has a spec of its own; the elements of a list would have too many.
FIXED_PIECES = 16


def value_of(tensor: TensorBase) -> Value:
    """The tensor's elements as a value."""
    value = tensor._storage.value
    return value if value.meta is tensor._meta else read(tensor)


def read(tensor: TensorBase) -> Value:
    """The elements of a tensor that is not all of its storage in the storage's own order."""
    storage = tensor._storage
    if isinstance(storage, AliasStorage):
        storage = storage.target
    if isinstance(storage, HostStorage):
        return _snapshot(tensor, storage)
    base = storage.value
    section = local.section
    if section.device is not tensor._meta.device:
        section = local.recorder.open(tensor._meta.device)
    key: tuple[Any, ...] = (base, tensor._meta, tensor._offset)
    found = section.reads.get(key)
    if found is None:
        frame, tape = recipes.frame(base.meta, tensor._meta), tensor._tape
        # A piece of a split is always there: where it begins is part of the program.
        fixed = (
            tape is not None and tape.is_view and tape.made.startswith("multi")  # type: ignore
            and base.meta.numel <= FIXED_PIECES * tensor._meta.numel
        )  # fmt: skip
        reading = frame.reads.get((tensor._offset, fixed))
        if reading is None:
            reading = frame.reads[tensor._offset, fixed] = _reading(frame, base.meta, tensor, fixed)
        if reading[1]:
            # Two slices that happen to begin at one place are two reads, as they mostly are:
            # where slices begin must not change the program.
            key = (*key, id(tensor))
            found = section.reads.get(key)
            if found is not None:
                return found
            section.reads[id(tensor)] = tensor  # as long as the section is open the id is its own
        (found,) = section.append(reading[0], (base,), reading[1])
        section.reads[key] = found  # eager or not, it runs with the op that reads
    return found


def _reading(frame: Any, base: Meta, tensor: TensorBase, fixed: bool) -> tuple[Any, Any]:
    """The entry that reads a view of a base, and the numbers that say where it begins."""
    how, starts = frame.at(tensor._offset)
    always, starts = (starts, ()) if fixed else ((), starts)
    key = how is frame.how, always
    entry = frame.cached.get(key)
    if entry is None:
        entry = frame.cached[key] = spec(
            ("read", how, always), "view",
            lambda: lambda stored, *numbers: recipes.read(how, stored, *(always or numbers)),
            [base], "i" * len(starts),
        )  # fmt: skip
    if len(frame.reads) >= recipes.READS:
        frame.reads.clear()
    return entry, starts


def section_of(one: Meta) -> Section:
    """The open section of a device."""
    section = local.section
    return section if section.device is one.device else local.recorder.open(one.device)


def _snapshot(tensor: TensorBase, storage: HostStorage) -> Value:
    """A private copy of what the buffer shared with NumPy holds at this moment."""
    if storage.is_still_shared:
        shown = host_view(storage.host, tensor._meta, tensor._offset)
        dense = meta(tensor._meta.shape, tensor._meta.dtype, None, tensor._meta.device)
        return concrete(dense, np.array(shown, order="C"))
    whole = meta((storage.host.size,), from_numpy_type(storage.host.dtype), None,
                 tensor._meta.device)  # fmt: skip
    storages.unshare(storage, concrete(whole, storage.host))
    return value_of(tensor)


def known(tensor: TensorBase) -> np.ndarray[Any, Any] | None:
    """The elements when the host has them at hand, without running anything; else None."""
    storage = tensor._storage
    if isinstance(storage, HostStorage):
        return host_view(storage.host, tensor._meta, tensor._offset)
    array = getattr(storage.value, "array", None)
    return _shown(tensor, array) if type(array) is np.ndarray else None


def _shown(tensor: TensorBase, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """The tensor's elements, where the array is what its storage holds."""
    value = tensor._storage.value
    if value.meta is tensor._meta:
        return array
    if not value.meta.contiguous or value.meta.dtype is not tensor._meta.dtype:
        return None
    one = tensor._meta
    if one.contiguous and one.numel == value.meta.numel:
        return array.reshape(one.shape)
    return host_view(np.ascontiguousarray(array).reshape(-1), one, tensor._offset)


def host_view(flat: np.ndarray[Any, Any], one: Meta, offset: int) -> np.ndarray[Any, Any]:
    """The tensor's elements in a flat buffer, as a NumPy view."""
    if flat.dtype != one.dtype.numpy:
        flat = flat.view(one.dtype.numpy)
    step = flat.itemsize
    if not one.numel:
        return flat[:0].reshape(one.facts[0])
    strides = tuple([stride * step for stride in one.strides])
    return np.ndarray(one.facts[0], flat.dtype, flat, offset * step, strides)  # type: ignore[arg-type]


# Writing.


def store(tensor: TensorBase, value: Value) -> None:
    """Overwrites the tensor's elements; the value has its shape and type, and no other holder."""
    storage = tensor._storage
    if value.meta.device is not tensor._meta.device:
        lanes.check_overwritten(tensor._meta, value)
    if type(storage) is Storage and storage.value.meta is tensor._meta:  # all of it, in its order
        value.meta = tensor._meta
        storage.value = value
        storage.version += 1
    else:
        store_at(storage, tensor._meta, tensor._offset, value)


def store_at(storage: Storage, one: Meta, offset: int, value: Value) -> None:
    """Overwrites what a view of a storage shows."""
    target = storage.target if isinstance(storage, AliasStorage) else storage
    if isinstance(target, HostStorage):
        array = look(value)
        host_view(target.host, one, offset)[...] = array
    else:
        base = target.value
        if base.meta is one:
            value.meta = one
            target.value = value
        elif one.numel:
            frame = recipes.frame(base.meta, one)
            how, starts = frame.at(offset)
            if how.reads_all and one.dtype is base.meta.dtype:
                value.meta = one
                target.value = value
            else:
                target.value = _written(frame, how, starts, base, value)
    storage.version += 1


def _written(frame: Any, how: Any, starts: Any, base: Value, value: Value) -> Value:
    """The storage's value after a view of it has been overwritten."""
    key = (how is frame.how, value.meta)
    entry = frame.cached.get(key)
    if entry is None:
        entry = frame.cached[key] = spec(
            ("write", how), "write",
            lambda: lambda old, new, *numbers: recipes.write(how, old, new, *numbers),
            [base.meta, value.meta], "i" * len(starts),
        )  # fmt: skip
    section = section_of(base.meta)
    (written,) = section.append(entry, (base, value), starts)
    written.meta = base.meta
    if section.eager:
        local.recorder.run_now(section)
    return written


# Looking.


def look(value: Value) -> np.ndarray[Any, Any]:
    """The value's elements as a NumPy array: runs what is pending. Not to be written to."""
    _deliver(value)
    try:
        return np.asarray(value.array)
    except (jax.errors.JaxRuntimeError, MemoryError) as error:  # of a launch before
        raise_as_torch(error)


def _deliver(value: Value) -> None:
    """Makes sure that the value's array is there and that the data were right."""
    report.counters["looks"] += 1
    if report.looks is not None:
        report.looks[user_line()] += 1
    if value.array is None:
        if value.section is None:
            raise NotImplementedError("Cannot copy out of meta tensor; no data!")
        value.section.recorder.deliver(value, value.section)
    from_checks()


def elements(tensor: TensorBase) -> np.ndarray[Any, Any]:
    """The tensor's elements as a NumPy array, not to be written to. What the host has already
    ends no section, even as a view."""
    found = _at_hand(tensor)
    return look(value_of(tensor)) if found is None else found


def one_element(tensor: TensorBase) -> Any:
    """The element of a tensor that has only one, as a Python number."""
    value = tensor._storage.value
    if value.meta is not tensor._meta or value.meta.shape:
        found = _at_hand(tensor)
        if found is not None:
            return found.item()
        value = value_of(tensor)
        if value.meta.shape:
            return look(value).item()
    _deliver(value)
    return element(value.array)


def _at_hand(tensor: TensorBase) -> np.ndarray[Any, Any] | None:
    """What the host can read already; None for other tensors, and while looks are counted."""
    if report.looks is not None:
        return None
    found = known(tensor)
    if found is None:
        array = getattr(tensor._storage.value, "array", None)
        if array is None or tensor._meta.device.type != "cpu" or tensor._meta.device.is_traced:
            return None
        try:  # a view of what a program has computed needs no program of its own
            found = _shown(tensor, np.asarray(memoryview(array)))
        except NO_BUFFER:
            return None
    if found is not None:
        from_checks()
    return found


def from_checks() -> None:
    """Raises what checks on data found wrong in what has run."""
    if checks:
        cache.raise_failed_checks()


def on_device(array: np.ndarray[Any, Any], one: Meta) -> Any:
    """A host array as it can be an operand on the meta's device; in a trace it is a constant."""
    if one.device.type == "cpu" or one.device.is_traced:
        return array
    import jax

    with jax.enable_x64(True):
        return jax.device_put(array, jax_device(one.device))
