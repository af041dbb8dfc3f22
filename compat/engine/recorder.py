"""The thread's open section, and what happens when it closes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import jax

from compat.core.device import cpu, device, jax_device
from compat.engine import cache, memory, program, report, single
from compat.engine.section import Section
from compat.engine.value import Value

LONG = 4_000  # entries after which a section ends at the next natural boundary
SETTLED = 4  # visits after which a section's liveness is what it will be in the steady state
TOO_LONG = 20_000  # and at which it ends wherever it is, so that memory stays bounded


class Recorder:
    """Records the operations of one thread, a section for each device, and runs them."""

    def __init__(self, eager: bool) -> None:
        self.eager = eager
        self.sections: dict[device, Section] = {}
        self.failed: BaseException | None = None

    def open(self, where: device) -> Section:
        """Makes the section of a device the one that is recorded into."""
        section = self.sections.get(where)
        if section is None:
            section = self.sections[where] = Section(self, where, self.eager or where.is_traced)
        local.section = section
        return section

    def flush(self) -> None:
        """Ends and runs every open section of this thread."""
        current = local.section
        for section in list(self.sections.values()):
            if section.values:
                self.close(section)
        if current.values and current.recorder is self:  # an interrupt came between two lines
            self.close(current)

    def run_now(self, section: Section) -> None:
        """Runs a section of eager mode; samples of a mapped function alone, since what is
        recorded around it goes on."""
        if section.device.depth:
            self.close(section)
        else:
            self.flush()

    def close(self, section: Section) -> None:
        """Ends a section: runs it, unless nobody can reach any of its results."""
        fresh = Section(self, section.device, section.eager)
        if local.section is section:
            local.section = fresh
        if self.sections.get(section.device) is section:
            self.sections[section.device] = fresh
        section.reads.clear()
        live = _live(section.values)
        if section.device.type == "meta":
            section.checks.clear()
        elif live or section.checks:
            try:
                _run(section, live) if observer is None else observer(section, live, _run)
            except (jax.errors.JaxRuntimeError, MemoryError) as error:
                memory.raise_as_torch(error)
        for value in section.values:
            value.section = None
        section.values.clear()
        section.leaves.clear()
        for value, spec, line in () if section.device.is_traced else section.checks:
            cache.await_check(value.array, spec, line)
        section.checks.clear()

    def deliver(self, value: Value, section: Section) -> None:
        """Computes a pending value of a section of this recorder for whoever asks.

        The thread that recorded closes the section. Another thread must not touch it, since
        its owner may be writing: it runs a copy of what the value depends on, which is
        possible because entries are pure.
        """
        if local.recorder is self:
            if local.refuse_look is not None:
                local.refuse_look()
            self.close(section)
        else:
            value.array = _prefix(section, value)


# Runs sections in place of `_run`, which it is given, while a profiler is on.
observer: Callable[[Section, list[int], Callable[..., None]], None] | None = None


def _live(values: list[Value]) -> list[int]:
    """The places of the results that somebody outside the section refers to."""
    count = sys.getrefcount
    return [place for place, value in enumerate(values) if count(value) > _UNREACHABLE]


def _calibrate() -> int:
    """What `getrefcount` gives, in the loop above, for a value that only the list holds."""
    global _UNREACHABLE
    _UNREACHABLE = -1
    values = [Value()]
    for candidate in range(1, 10):
        _UNREACHABLE = candidate
        if not _live(values):
            return candidate
    raise RuntimeError("reference counts cannot be calibrated")


_UNREACHABLE = _calibrate()


def _free(section: Section) -> frozenset[int]:
    """Leaves whose buffers may be destroyed: ours, and overwritten by this section."""
    count = sys.getrefcount
    leaves = section.leaves.items()
    return frozenset(
        [place for leaf, place in leaves if count(leaf) <= _UNREACHABLE_LEAF and leaf.slot >= 0]
    )


def _calibrate_leaf() -> int:
    global _UNREACHABLE_LEAF
    section = Section(None, cpu)
    leaf = Value()
    leaf.slot = 0
    section.leaves[leaf] = -1
    del leaf
    for candidate in range(1, 10):
        _UNREACHABLE_LEAF = candidate
        if _free(section):
            return candidate
    raise RuntimeError("reference counts cannot be calibrated")


_UNREACHABLE_LEAF = _calibrate_leaf()


def _run(section: Section, live: list[int]) -> None:
    """Runs a closed section the way that is cheaper."""
    if section.device.is_traced:
        return single.run_traced(section)
    known = cache.known(tuple(section.wiring))
    if single.host_only:
        wanted = sorted({*live, *(value.slot for value, _, _ in section.checks)})
        return single.run_on_host(known.needed(wanted), section)
    known.visits += 1
    report.counters["sections"] += 1
    where = jax_device(section.device)
    if section.checks:
        live = sorted({*live, *(value.slot for value, _, _ in section.checks)})
    free, ready = frozenset(), None
    if known.programs and not section.eager:
        free = _free(section)
        ready = known.ready(live, free)
    if ready is not None:
        if ready.executable is None:
            cache.load(known, ready, section, where)
        if known.visits == SETTLED:
            cache.improve_later(known, ready, section, live, free, where)
    else:
        if known.excess != 0.0 or not known.hosted or section.eager:  # else op by op is as fast
            single.prepare(known, where.platform)
            ready = None if section.eager else _compiled(known, section, live, where)
        if ready is None:
            report.counters["op_by_op"] += 1
            begin = report.working()
            single.run_known(known, live, section, where)
            return known.note(report.working() - begin)
    report.counters["whole"] += 1
    program.run_whole(ready, section, known)


def _compiled(known: Any, section: Section, live: list[int], where: Any) -> Any:
    """A program for a section that has none for these results, if it should have one now."""
    compiles = bool(known.loaded) or (known.visits == 1 and program.prefers_whole(known))
    if compiles:
        return cache.compile_now(known, section, live, _free(section), where)
    if known.excess is None:
        known.weigh(len(live), program.transfers(section, _free(section)))
    if program.deserves_program(known) and not known.waiting:
        cache.compile_later(known, section, live, _free(section), where)
    return None


def _prefix(section: Section, value: Value) -> Any:
    """The array of a value of another thread's open section, from a copy of its beginning."""
    copy = Section(None, section.device)
    copy.leaves = dict(section.leaves)
    copy.floats, copy.ints = list(section.floats), list(section.ints)
    entries = program.decode(list(section.wiring[: _end_of(section, value.slot)]))
    count = entries[-1].first + len(entries[-1].spec.outs)
    copy.values = [Value() for _ in range(count)]
    for each in copy.values:
        each.array = None
    single.run_single(program.needed(entries, [value.slot]), copy, jax_device(section.device))
    return copy.values[value.slot].array


def _end_of(section: Section, slot: int) -> int:
    """Where in the wiring the entry that makes a slot ends."""
    at = made = 0
    wiring = section.wiring
    while made <= slot:
        spec = wiring[at]
        made += len(spec.outs)
        at += 1 + spec.arity
    return at


class Local(threading.local):
    """What each thread has of its own.

    recorder, section   its recorder, and the section that is being recorded into
    grad                whether operations are recorded for backward
    inference           whether `inference_mode` is on
    casts               what autocast does with the arguments of a call, None while it is off
    refuse_look         raises where looks are not allowed
    """

    def __init__(self) -> None:
        self.recorder = Recorder(eager=_eager_default)
        self.section = Section(self.recorder, cpu, _eager_default)
        self.recorder.sections[cpu] = self.section
        self.grad = True
        self.inference = False
        self.casts: Any = None
        self.refuse_look: Callable[[], None] | None = None


_eager_default = os.environ.get("COMPAT_EAGER", "") not in ("", "0")
local = Local()


def run_if_long() -> None:
    """A natural boundary: runs a section that has grown long, and leaves a short one open."""
    if len(local.section.values) > LONG:
        local.recorder.flush()


class eager:
    """Runs every operation as it is called, op by op: `with compat.eager(): ...`, for debugging.

    Results are those of recorded programs, to rounding; errors that depend on data are raised
    at the call.
    """

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def __enter__(self) -> eager:
        self.before = local.recorder.eager
        self._switch(self.mode)
        return self

    def __exit__(self, *exc: object) -> None:
        self._switch(self.before)

    @staticmethod
    def _switch(mode: bool) -> None:
        local.recorder.flush()
        local.recorder.eager = mode
        for section in local.recorder.sections.values():
            section.eager = mode
