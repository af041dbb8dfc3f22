"""What is noted while a profiler is on: each operation as it runs, and named ranges.

While it is on, operations run one by one, as in `compat.eager()`: so each has a time of its own.
A recorded program fuses them, and takes less time than the sum.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax

from compat.engine import program, recorder
from compat.engine.recorder import eager

clock = time.perf_counter_ns


@dataclass
class FunctionEvent:
    """One operation, or one named range.

    start, end   nanoseconds of a clock that only goes forward
    shapes       of what the operation reads
    children     what ran inside
    """

    name: str
    start: int
    end: int = 0
    thread: int = 0
    shapes: list[list[int]] = field(default_factory=list)
    is_user: bool = False
    children: list[FunctionEvent] = field(default_factory=list)
    count: int = 1

    @property
    def key(self) -> str:
        """The name that averages go by."""
        return self.name

    @property
    def cpu_time_total(self) -> float:
        """Microseconds from start to end."""
        return (self.end - self.start) / 1e3

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds without those of what ran inside."""
        return self.cpu_time_total - sum(each.cpu_time_total for each in self.children)

    cpu_time = cpu_time_total

    @property
    def input_shapes(self) -> list[list[int]]:
        """The shapes of what the operation reads."""
        return self.shapes


class Recording:
    """The events of one stretch of time."""

    def __init__(self) -> None:
        self.events: list[FunctionEvent] = []
        self.open: list[FunctionEvent] = []
        self.began = clock()
        self._eager = eager()

    def start(self) -> None:
        """From here on operations are noted."""
        global active
        self._eager.__enter__()
        active = self
        recorder.observer = self.run
        self.began = clock()

    def stop(self) -> None:
        """The end of it."""
        global active
        while self.open:
            self.leave()
        active = None
        recorder.observer = None
        self._eager.__exit__()

    def run(self, section: Any, live: list[int], run: Callable[[Any, list[int]], None]) -> None:
        """Runs a section, of mostly one entry, and waits for it."""
        entries = program.decode(tuple(section.wiring))
        named = [entry.spec for entry in entries]
        event = self.enter(f"aten::{named[-1].name}" if named else "aten::none")
        event.shapes = [list(one.shape) for one in named[-1].avals] if named else []
        try:
            run(section, live)
            jax.block_until_ready([section.values[at].array for at in live])
        finally:
            self.leave()

    def enter(self, name: str, is_user: bool = False) -> FunctionEvent:
        """Begins an event inside of those that are open."""
        event = FunctionEvent(name, clock(), thread=threading.get_ident(), is_user=is_user)
        (self.open[-1].children if self.open else []).append(event)
        self.events.append(event)
        self.open.append(event)
        return event

    def leave(self) -> None:
        """Ends the innermost event."""
        self.open.pop().end = clock()


active: Recording | None = None


class record_function:
    """A named range: `with record_function("forward"): ...`, or around each call of a function.

    It costs next to nothing while no profiler is on.
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name, self.args = name, args
        self.noted: FunctionEvent | None = None

    def __enter__(self) -> record_function:
        if active is not None:
            self.noted = active.enter(self.name, is_user=True)
        return self

    def __exit__(self, *exc: object) -> None:
        noted, self.noted = self.noted, None
        if active is not None and noted in active.open:
            while active.open[-1] is not noted:
                active.leave()
            active.leave()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return inside


def trace_events(events: Sequence[FunctionEvent], began: int) -> list[dict[str, Any]]:
    """Events as chrome://tracing reads them."""
    return [
        {
            "ph": "X", "cat": "user_annotation" if one.is_user else "cpu_op", "name": one.name,
            "pid": 0, "tid": one.thread, "ts": (one.start - began) / 1e3,
            "dur": one.cpu_time_total, "args": {"Input Dims": one.shapes} if one.shapes else {},
        }
        for one in events
    ]  # fmt: skip
