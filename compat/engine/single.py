"""A section run entry by entry: each on the host by NumPy, or through a small executable."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import jax
import jax.core
import numpy as np
from jax.stages import Compiled

from compat.engine import disk, report
from compat.engine.blas import OneThread
from compat.engine.program import Entry, Known, decode, on_device, set_array
from compat.engine.section import Section
from compat.engine.spec import SINGLE_LAUNCH, Spec

# The host runs an entry as long as launching an executable takes longer. It runs dearer ones, up
# to a limit, until that has cost what compiling one would have.
DEAREST, COMPILE = 2e-3, 0.06
LARGEST = 1 << 16  # elements of the largest result that the host is tried with
host_only = False  # whether this process has no XLA (engine/forked.py)
HOST_ALLOWED = os.environ.get("COMPAT_RUN", "") in ("", "host")


def prepare(known: Known, platform: str) -> None:
    """Chooses for each op of a section that has no executable yet whether the host may run it.

    Not when so many are too large that the section is going to be compiled whole anyway.
    """
    if known.prepared or platform != "cpu" or not HOST_ALLOWED:
        return
    known.prepared = True
    fresh = [spec for spec in known.distinct if not spec.tried]
    small = [spec for spec in fresh if spec.largest <= LARGEST]
    if known.is_dear(len(fresh) - len(small)):
        return
    for spec in fresh:
        spec.tried = True
    for spec in small:
        _put_on_host(spec)


def _put_on_host(spec: Spec, dearest: float = DEAREST) -> None:
    from compat.engine.host import Unsupported, plain, translated

    place = disk.mark("host", spec)
    kept = disk.recall(place)
    if kept is False:
        return
    program = plain(spec.jaxpr()) if kept is None else kept
    try:
        function, products, rest = translated(program)
    except Unsupported:
        return disk.remember(place, False)
    if kept is None:
        disk.remember(place, program)
    if products + rest <= dearest and (spec.runner is None or host_only):
        spec.runner, spec.on_host, spec.program = function, True, program
        spec.seconds, spec.products = products + rest, products


JOINED = 30  # runs after which a section that is mostly on the host becomes one function


class Joined(NamedTuple):
    """A section as one function of arrays and numbers: what it runs, and how."""

    function: Callable[..., Any]
    hosted: int
    launches: int
    multiplies: bool  # whether there is a product of matrices among what the host runs


def run_known(known: Known, live: Sequence[int], section: Section, device: Any) -> None:
    """Runs what the live results of a section depend on."""
    if known.visits > JOINED and device.platform == "cpu" and HOST_ALLOWED:
        key = tuple(live)
        joined = known.joined.get(key)
        if joined is None:
            if len(known.joined) >= 4:
                known.joined.clear()
            with jax.enable_x64(True), jax.default_device(device):  # it may have to compile
                joined = known.joined[key] = _joined(known.needed(live), live)
        if joined:
            if any([_rent(spec) for spec in known.dear()]):
                known.host_changed()
            return _run_joined(joined, live, section, device)
    if run_single(known.needed(live), section, device):
        known.host_changed()


def _run_joined(joined: Joined, live: Sequence[int], section: Section, device: Any) -> None:
    arrays = [leaf.array for leaf in section.leaves]
    given = arrays, section.floats, section.ints
    with np.errstate(all="ignore"), OneThread() if joined.multiplies else nullcontext():
        if joined.launches:
            with jax.enable_x64(True), jax.default_device(device):
                results = joined.function(*given)
        else:
            results = joined.function(*given)
    report.counters["launches"] += joined.launches
    report.counters["on_host"] += joined.hosted
    values = section.values
    deque(map(set_array, [values[place] for place in live], results), maxlen=0)


def _joined(entries: Sequence[Entry], live: Sequence[int]) -> Any:
    """Entries that mostly run on the host as one function; False when they do not."""
    hosted = sum(entry.spec.on_host for entry in entries)
    if 2 * hosted < len(entries):
        return False
    from compat.engine.host import joined

    steps = []
    for entry in entries:
        spec = entry.spec
        given = [f"r{at}" if at >= 0 else f"x[{-1 - at}]" for at in entry.operands]
        given += [_NUMBERS[kind].format(at=at, next=at + 1) for kind, at in entry.numbers]
        program = spec.program if spec.on_host else spec.runner or spec.compiled("cpu")
        steps.append((program, given, entry.first, len(spec.outs)))
    multiplies = any(entry.spec.products for entry in entries if entry.spec.on_host)
    return Joined(joined(steps, live), hosted, len(entries) - hosted, multiplies)


_NUMBERS = {
    "f": "float64(floats[{at}])", "i": "int64(ints[{at}])", "b": "bool_(ints[{at}])",
    "c": "complex(floats[{at}], floats[{next}])",
}  # fmt: skip


def run_single(entries: Sequence[Entry], section: Section, device: Any) -> bool:
    """Runs entries one by one. Tells whether any has left the host, having been too dear there."""
    values, floats, ints = section.values, section.floats, section.ints
    arrays: list[Any] = [value.array for value in values]
    leaves = list(section.leaves)
    launches, left = 0, False
    with (
        jax.enable_x64(True), jax.default_device(device), np.errstate(all="ignore"), OneThread()
    ):  # fmt: skip
        for entry in entries:
            spec = entry.spec
            places = entry.operands
            if spec.on_host:
                operands = [arrays[at] if at >= 0 else leaves[-1 - at].array for at in places]
                operands = [
                    one if type(one) is np.ndarray else np.asarray(one) for one in operands
                ]
            else:
                operands = [arrays[at] if at >= 0 else on_device(leaves[-1 - at]) for at in places]
            for kind, at in entry.numbers:
                operands.append(number(kind, at, floats, ints))
            if spec.on_host:
                made = spec.runner(*operands)
                if spec.seconds > SINGLE_LAUNCH and spec.excess > 0:
                    left |= _rent(spec)
            else:
                made = (spec.runner or spec.compiled(device.platform))(*operands)
                launches += 1
                if type(spec.runner) is Compiled:  # from the second call on without the wrapper
                    spec.runner = getattr(spec.runner, "_call", None) or spec.runner
            if type(made) is tuple:
                arrays[entry.first : entry.first + len(made)] = made
            else:
                arrays[entry.first] = made
    report.counters["launches"] += launches
    report.counters["on_host"] += len(entries) - launches
    deque(map(set_array, values, arrays), maxlen=0)
    return left


def _rent(spec: Spec) -> bool:
    """Counts a dear run on the host. Once compiling would have cost as much the host is left:
    tells whether."""
    if spec.on_host:
        spec.spent += spec.excess
        if spec.spent > COMPILE:
            spec.on_host, spec.runner = False, None
            spec.seconds, spec.products = SINGLE_LAUNCH, 0.0
    return not spec.on_host


def run_on_host(entries: Sequence[Entry], section: Section) -> None:
    """Runs entries by NumPy whatever they cost. RuntimeError for what NumPy cannot do."""
    leaves = [_readable(leaf.array) for leaf in section.leaves]
    with np.errstate(all="ignore"), OneThread():
        _run_by(_host_runner, entries, section, leaves)
    report.counters["on_host"] += len(entries)


def _host_runner(spec: Spec) -> Callable[..., Any]:
    if not spec.on_host:
        _put_on_host(spec, dearest=float("inf"))
    if not spec.on_host:
        raise RuntimeError(
            f"{spec.name}: a forked process has no XLA; start processes by 'spawn' or "
            "'forkserver' (DataLoader: multiprocessing_context='forkserver')"
        )
    return spec.runner


def _readable(array: Any) -> Any:
    if type(array) is np.ndarray:
        return array
    if any(device.platform != "cpu" for device in array.devices()):
        raise RuntimeError(
            "Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, "
            "you must use the 'spawn' start method"
        )
    return np.asarray(array)



# What runs sections of samples of mapped functions: `tape/lanes.py` sets it.
run_lanes: Callable[[Section], None] | None = None


def run_traced(section: Section) -> None:
    """Runs entries in the trace of a user's jax.jit, which compiles them itself, or in a mapped
    function."""
    if section.device.depth:
        assert run_lanes is not None
        return run_lanes(section)
    leaves = [_as_traced(leaf.array) for leaf in section.leaves]
    _run_by(lambda spec: spec.run, decode(section.wiring), section, leaves)


def _as_traced(array: Any) -> Any:
    """An operand of the trace: where that has no 64-bit types, constants have none either."""
    if isinstance(array, jax.core.Tracer):
        return array
    return jax.numpy.asarray(array, jax.dtypes.canonicalize_dtype(array.dtype))


def _run_by(
    runner: Callable[[Spec], Callable[..., Any]], entries: Sequence[Entry], section: Section,
    leaves: Sequence[Any],
) -> None:  # fmt: skip
    """Runs entries one by one, each by the function that the runner has for it."""
    arrays: list[Any] = [value.array for value in section.values]
    for entry in entries:
        operands = [arrays[at] if at >= 0 else leaves[-1 - at] for at in entry.operands]
        for kind, at in entry.numbers:
            operands.append(number(kind, at, section.floats, section.ints))
        made = runner(entry.spec)(*operands)
        made = made if isinstance(made, tuple) else (made,)
        arrays[entry.first : entry.first + len(made)] = made
    deque(map(set_array, section.values, arrays), maxlen=0)


def number(kind: str, at: int, floats: list[float], ints: list[int]) -> Any:
    """A number of an entry, from those that the section packs."""
    if kind == "f":
        return np.float64(floats[at])
    if kind == "c":
        return np.complex128(complex(floats[at], floats[at + 1]))
    return np.bool_(ints[at]) if kind == "b" else np.int64(ints[at])
