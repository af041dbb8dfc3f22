"""Functions of one sample, run for all samples at once: what is below `vmap`.

Inside of a mapped function a tensor shows one sample, and lives on a device of its own, one a
depth of nesting. What it holds is a lane: the value of all samples, on the device below, with one
dimension more at the front. A section of such a device is run entry by entry: each is recorded
below as one entry, `jax.vmap` of the same function. So a mapped function is recorded like
any other, runs in the program around it, and its gradients are those of its own graph: an entry
whose operands differ in depth notes it, since the gradient of an operand that all samples share is
the sum of theirs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compat.core.device import TRACE, cpu, device
from compat.engine import single
from compat.engine.program import decode
from compat.engine.section import Section
from compat.engine.spec import Spec, spec
from compat.engine.value import Meta, Value, concrete, meta
from compat.tape.differentiate import Gradient, record, taped
from compat.tape.node import Node, levels_of

LOOKED = (
    "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We "
    "don't support that yet"
)


class Lane:
    """The values of all samples, and how many there are; None where all have the same."""

    __slots__ = ("value", "size")

    def __init__(self, value: Value, size: int | None) -> None:
        self.value, self.size = value, size

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError(LOOKED)


def lane_device(depth: int) -> device:
    """Where samples of a function that is mapped so deep live; not mapped, the host."""
    return device("xla", TRACE + depth) if depth else cpu


def entered(value: Value, depth: int, size: int) -> Value:
    """The sample that stands for all in the first dimension of a value."""
    return _sample(Lane(value, size), meta(value.meta.shape[1:], value.meta.dtype), depth)


def lane_of(sample: Value) -> Lane:
    """What a sample holds; runs what is pending. A constant is the same for all."""
    if sample.array is None and sample.section is not None:
        sample.section.recorder.close(sample.section)
    if type(sample.array) is not Lane:
        return Lane(concrete(_under(sample.meta), sample.array), None)
    return sample.array


def root(value: Value) -> device:
    """The device that a value really lives on."""
    while value.meta.device.depth:
        value = lane_of(value).value
    return value.meta.device


def left(sample: Value, depth: int, size: int) -> Value:
    """All samples of a value, in its first dimension."""
    above = sample.meta.device.depth
    if above < depth:
        return _repeated(sample, size)
    lane = lane_of(sample)
    if above == depth:
        return lane.value if lane.size is not None else _repeated(lane.value, size)
    value = left(lane.value, depth, size)  # below the samples of a function mapped inside
    value = value if lane.size is None else _turned(value)
    return _sample(Lane(value, lane.size), sample.meta, above, (size,))


def _sample(lane: Lane, one: Meta, depth: int, lead: tuple[int, ...] = ()) -> Value:
    return concrete(meta((*lead, *one.shape), one.dtype, None, lane_device(depth)), lane)


def _repeated(value: Value, size: int) -> Value:
    (made,) = _recorded(
        ("repeated", size), "expand", [value],
        lambda one: jnp.broadcast_to(one[None], (size, *one.shape)),
    )  # fmt: skip
    return made


def _turned(value: Value) -> Value:
    """The first two dimensions the other way round."""
    (made,) = _recorded(("turned",), "transpose", [value], lambda one: jnp.swapaxes(one, 0, 1))
    return made


def _recorded(key: Any, name: str, values: Sequence[Value], function: Any) -> list[Value]:
    entry = spec(("lanes", *key), name, lambda: function, [one.meta for one in values])
    return record(entry, values)


# Running.


def _run(section: Section) -> None:
    """Runs the section of a depth: each entry becomes one of the device below."""
    depth, floats, ints = section.device.depth, section.floats, section.ints
    values, leaves = section.values, list(section.leaves)
    for entry in decode(section.wiring):
        operands = [values[at] if at >= 0 else leaves[-1 - at] for at in entry.operands]
        numbers = tuple([single.number(kind, at, floats, ints) for kind, at in entry.numbers])
        results = values[entry.first : entry.first + len(entry.spec.outs)]
        lanes = _lanes(entry.spec, operands, numbers, depth)
        for value, lane in zip(results, lanes, strict=True):
            one = value.meta
            if one.device is not section.device:
                value.meta = meta(one.shape, one.dtype, one.strides, section.device)
            value.array = lane


single.run_lanes = _run


def _lanes(
    entry: Spec, operands: Sequence[Value], numbers: tuple[Any, ...], depth: int
) -> list[Any]:
    """What the results of an entry hold."""
    below, mask, size = [], 0, None
    for bit, one in enumerate(operands):
        if one.meta.device.depth != depth:  # the same for all samples
            below.append(one)
        else:
            lane = lane_of(one)
            below.append(lane.value)
            if lane.size is not None:
                mask, size = mask | 1 << bit, lane.size
    mapped = _mapped(entry, [one.meta for one in below], mask)
    made = record(mapped, below, numbers, _deepest(below) if below else _next_below(depth))
    lanes: list[Any] = [Lane(value, size) for value in made]
    return [*lanes, np.True_] if entry.guarded else lanes


def _under(one: Meta) -> Meta:
    return meta(one.shape, one.dtype, one.strides, cpu)


def _next_below(depth: int) -> device:
    """Where what is made of nothing is made: by samples of all functions being mapped."""
    return lane_device(max((one for one in local.mapped if one < depth), default=0))


def _deepest(values: Sequence[Value]) -> device:
    devices = [one.meta.device for one in values]
    return max(devices, key=lambda one: (one.depth, one.is_traced, one.type != "cpu"))


def _mapped(entry: Spec, metas: Sequence[Meta], mask: int) -> Spec:
    """The entry for all samples of the operands in the mask."""
    axes = [0 if mask >> at & 1 else None for at in range(len(metas))]
    axes += [None] * len(entry.kinds)

    def make() -> Callable[..., Any]:
        if not mask:
            return entry.run
        mapped = jax.vmap(entry.run, in_axes=tuple(axes))
        return _all_right(mapped) if entry.guarded else mapped

    return spec(("mapped", entry, mask), entry.name, make, metas, entry.kinds, entry.message)


def _all_right(mapped: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose last result says whether the data of all samples were right."""

    def checked(*operands: Any) -> Any:
        *made, fine = mapped(*operands)
        return *made, jnp.all(fine)

    return checked


# In the graph.


class _Rule:
    """A way between depths in the graph; `back` leads gradients the other way round."""

    def __init__(
        self, name: str, back: Callable[..., Gradient], made: Meta, facts: tuple[int, ...]
    ) -> None:
        self.name, self.back, self.outs, self.facts = name, back, (made,), facts

    def kept(self, mask: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (), ()

    def pull(self, node: Node, gradients: Any, create: bool) -> list[Any]:
        ((value, tape),) = gradients
        return [self.back((value, tape if create else None), *self.facts)]


def _led(
    name: str, back: Callable[..., Gradient], made: Value, given: Gradient, facts: tuple[int, ...]
) -> Gradient:
    """What was made of a value and its tape, with its own."""
    rule = _Rule(name, back, made.meta, facts)
    return taped(rule, [made], [given[0]], [given[1]], ())[0]


def enter(given: Gradient, depth: int, size: int) -> Gradient:
    """A value and its tape, by sample."""
    made = _entered_at(given[0], depth, size)
    return _led("_RemoveBatchDimBackward0", leave, made, given, (depth, size))


def leave(given: Gradient, depth: int, size: int) -> Gradient:
    """A value by sample and its tape, of all samples."""
    made = left(given[0], depth, size)
    return _led("_AddBatchDimBackward0", enter, made, given, (depth, size))


def shared(given: Gradient, *levels: int) -> Gradient:
    """The gradient of an operand that samples at these depths share: the sum of theirs."""
    return _led("SumBackward0", spread, _summed(given[0], levels), given, levels)


def spread(given: Gradient, *levels: int) -> Gradient:
    """A value and its tape as the same sample for all at these depths."""
    return _led("ExpandBackward0", shared, _spread(given[0], levels), given, levels)


def lifted(given: Gradient) -> Gradient:
    """A value and its tape as samples of all functions being mapped: what is differentiated there
    has a gradient for each sample, also where all samples share it."""
    return _with_levels(given, local.mapped)


def as_deep(given: Gradient, as_is: Value) -> Gradient:
    """A value and its tape as samples of the functions that another value is samples of."""
    return _with_levels(given, _levels(as_is))


def _with_levels(given: Gradient, levels: Sequence[int]) -> Gradient:
    own = _levels(given[0])
    missing = [depth for depth in levels if depth not in own]
    return spread(given, *missing) if missing else given


def _levels(value: Value) -> list[int]:
    """`levels_of` a value that may be still to be computed."""
    if value.meta.device.depth:
        lane_of(value)
    return levels_of(value)


def _entered_at(value: Value, depth: int, size: int) -> Value:
    above = value.meta.device.depth
    if above < depth:
        return entered(value, depth, size)
    if above == depth:
        raise Crossed
    lane = lane_of(value)  # below the samples of a function mapped inside
    inner = lane.value if lane.size is None else _turned(lane.value)
    one = meta(value.meta.shape[1:], value.meta.dtype)
    return _sample(Lane(_entered_at(inner, depth, size), lane.size), one, above)


def _summed(value: Value, levels: Sequence[int]) -> Value:
    depth = value.meta.device.depth
    if not any(level <= depth for level in levels):
        return value
    lane = lane_of(value)
    inner = lane.value
    if depth not in levels:
        return _sample(Lane(_summed(inner, levels), lane.size), value.meta, depth)
    if lane.size is not None:
        (inner,) = _recorded(("summed",), "sum", [inner], lambda one: one.sum(0))
    return _summed(inner, levels)


def _spread(value: Value, levels: Sequence[int]) -> Value:
    if not levels:
        return value
    depth, deepest = value.meta.device.depth, max(levels)
    if depth > deepest:
        lane = lane_of(value)
        return _sample(Lane(_spread(lane.value, levels), lane.size), value.meta, depth)
    below = _spread(value, [level for level in levels if level != deepest])
    return _sample(Lane(below, None), value.meta, deepest)


def check_overwritten(target: Meta, made: Value) -> None:
    """RuntimeError when samples would go where there is one tensor for all."""
    if made.meta.device.depth > target.device.depth:
        size = lane_of(made).size
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape "
            f"{[size or 1, *made.meta.shape]}"
        )


class Crossed(Exception):
    """A gradient by sample meets the graph of another function that was mapped as deep."""


class _Local(threading.local):
    """depth    the deepest that is in use in this thread
    mapped   those of functions being mapped
    draws    depth and number of samples of the functions whose samples draw numbers of their own
    """

    depth = 0
    mapped: tuple[int, ...] = ()
    draws: tuple[tuple[int, int], ...] = ()


local = _Local()


class deeper:
    """In the block what is mapped is one deeper: `with deeper() as depth:`. Without `mapping` the
    depth is only kept free, for what is mapped after the block. `draws` samples draw numbers of
    their own."""

    def __init__(self, mapping: bool = True, draws: int | None = None) -> None:
        self.mapping, self.draws = mapping, draws

    def __enter__(self) -> int:
        self.before = local.depth, local.mapped, local.draws
        local.depth += 1
        if self.mapping:
            local.mapped = (*local.mapped, local.depth)
        if self.draws is not None:
            local.draws = (*local.draws, (local.depth, self.draws))
        return local.depth

    def __exit__(self, *exc: object) -> None:
        local.depth, local.mapped, local.draws = self.before
