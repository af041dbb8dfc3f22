"""The bounded caches of programs, the disk cache under them, and the compiling thread."""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time
from collections import Counter, OrderedDict
from typing import Any

import jax

from compat.engine import program, report
from compat.engine.program import Known, Program
from compat.engine.section import Section
from compat.engine.spec import Spec
from compat.engine.value import element

KNOWN_LIMIT = 2_048  # signatures remembered
KNOWN_SPECS = 8_192  # and the ops in them, all together, which hold memory too
PROGRAM_LIMIT = 256  # compiled sections kept
BACKGROUND_SHARE = 0.5  # of the wall time that the compiling thread may use

_known: OrderedDict[tuple[Any, ...], Known] = OrderedDict()
_programs: OrderedDict[Program, Known] = OrderedDict()
report.gauge("sections_known", lambda: len(_known))
report.gauge("programs", lambda: len(_programs))


def known(wiring: tuple[Any, ...]) -> Known:
    """What is known of a signature; the least recently used fall out."""
    found = _known.get(wiring)
    if found is not None:
        _known.move_to_end(wiring)
        return found
    found = _known[wiring] = Known(wiring)
    _held[0] += len(found.distinct)
    while len(_known) > KNOWN_LIMIT or (_held[0] > KNOWN_SPECS and len(_known) > 1):
        _, dropped = _known.popitem(last=False)
        _held[0] -= len(dropped.distinct)
        for each in dropped.programs:
            _programs.pop(each, None)
    return found


_held = [0]  # how many ops the known signatures refer to


def _keep(known: Known, made: Program) -> None:
    known.keep(made)
    _programs[made] = known
    if len(_programs) > PROGRAM_LIMIT:
        oldest, owner = _programs.popitem(last=False)
        owner.programs.remove(oldest)
        owner.served = None


def _planned(
    known: Known, section: Section, live: list[int], free: frozenset[int], alone: bool = False
) -> Program:
    """The program to compile: a union with those that did not cover, so that few are needed.

    A leaf is donated only where a result of its shape and type can take its buffer.
    """
    room = Counter(section.values[place].meta.facts for place in live)
    donated = frozenset()
    for leaf, place in section.leaves.items():
        if place in free and room[leaf.meta.facts]:
            room[leaf.meta.facts] -= 1
            donated |= {place}
    outputs = set(live)
    for earlier in () if alone else known.loaded:
        outputs |= set(earlier.outputs)
        donated &= earlier.donated
    return Program(program.heirs_first(known.entries, outputs, donated), donated)


def compile_now(
    known: Known, section: Section, live: list[int], free: frozenset[int], device: Any
) -> Program:
    """A program of the section that gives at least the live results, compiled while we wait."""
    made = _planned(known, section, live, free)
    program.build(known, made, _shapes(section, known), _numbers(section), device)
    _keep(known, made)
    return made


def load(known: Known, made: Program, section: Section, device: Any) -> None:
    """Loads a program of an earlier run."""
    program.build(known, made, _shapes(section, known), _numbers(section), device)
    _keep(known, made)


def compile_later(
    known: Known, section: Section, live: list[int], free: frozenset[int], device: Any
) -> None:
    """Has the compiling thread make a program, to be used from when it is there."""
    made = known.waiting = _planned(known, section, live, free)
    compiler.submit(known, made, (_shapes(section, known), _numbers(section), device))


def improve_later(
    known: Known,
    ready: Program,
    section: Section,
    live: list[int],
    free: frozenset[int],
    device: Any,
) -> None:
    """Has a program made that donates more, when buffers have come free since the first one was
    compiled: the first step may read parameters that somebody else still holds."""
    better = _planned(known, section, live, free, alone=True)
    if len(better.donated) > len(ready.donated) and not known.waiting:
        known.waiting = better
        compiler.submit(known, better, (_shapes(section, known), _numbers(section), device))


def _shapes(section: Section, known: Known) -> list[Any]:
    return [
        jax.ShapeDtypeStruct(given.shape, given.dtype)
        for given in program.arguments(section, known)
    ]


def _numbers(section: Section) -> tuple[int, int]:
    return len(section.floats), len(section.ints)


class Compiler:
    """A daemon thread that compiles, within a share of the wall time."""

    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.thread: threading.Thread | None = None
        self.idle = threading.Event()
        self.idle.set()
        self.used, self.started = 0.0, time.perf_counter()
        self.closing = False
        self.turn = threading.Lock()

    def close(self) -> None:
        """At exit: waits for a running compilation, which must not outlive the interpreter."""
        with self.turn:
            self.closing = True
        self.idle.wait()

    def hold(self) -> None:
        """Waits for a running compilation and begins no other until `go_on`."""
        self.turn.acquire()
        self.idle.wait()

    def go_on(self) -> None:
        self.turn.release()

    def submit(self, *job: Any) -> None:
        if self.thread is None:
            self.thread = threading.Thread(target=self.work, name="compat-compiler", daemon=True)
            self.thread.start()
            atexit.register(self.close)
        self.jobs.put(job)

    def work(self) -> None:
        if hasattr(os, "setpriority"):  # compiling gives way to the program where cores are few
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        while True:
            known, made, how = self.jobs.get()
            over = self.used - BACKGROUND_SHARE * (time.perf_counter() - self.started)
            if over > 0:
                time.sleep(over / BACKGROUND_SHARE)
            with self.turn:
                if self.closing:
                    return
                self.idle.clear()
            before = time.thread_time()
            try:
                program.build(known, made, *how)
                _keep(known, made)
            finally:
                known.waiting = None
                self.used += time.thread_time() - before
                self.idle.set()


compiler = Compiler()


# Checks on data: results of entries that say whether an index was in range and the like.

checks: list[tuple[Any, Spec, tuple[str, int]]] = []


def await_check(passed: Any, spec: Spec, line: tuple[str, int]) -> None:
    """Keeps a check of a launched section until the next look."""
    checks.append((passed, spec, line))


def raise_failed_checks() -> None:
    """Raises for the first check that failed, naming the line that recorded it."""
    while checks:
        passed, spec, (file, line) = checks.pop(0)
        if not element(passed):
            checks.clear()
            assert spec.message is not None
            kind, text = spec.message
            raise kind(f"{text} (recorded at {file}:{line})")

