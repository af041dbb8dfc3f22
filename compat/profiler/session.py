"""`profile`: which steps are noted, and what is done with the notes."""

from __future__ import annotations

import enum
import gzip
import json
import os
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import compat as torch
from compat.profiler.recording import Recording, record_function, trace_events
from compat.profiler.tables import EventList, averages


class ProfilerActivity(enum.Enum):
    """Where what is noted runs."""

    CPU = 0
    CUDA = 2
    XPU = 1


class ProfilerAction(enum.Enum):
    """What is done in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set[ProfilerActivity]:
    """CPU, and CUDA where there is a GPU."""
    gpu = {ProfilerActivity.CUDA} if torch.cuda.is_available() else set()
    return {ProfilerActivity.CPU} | gpu


def kineto_available() -> bool:
    """Whether traces can be made: always."""
    return True


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0,
    skip_first_wait: int = 0,
) -> Callable[[int], ProfilerAction]:  # fmt: skip
    """What to do in each step: after skip_first steps, cycles of waiting, warming up, noting.

    repeat            how many cycles; 0 for ever
    skip_first_wait   not 0 leaves out the waiting of the first cycle
    """
    if wait < 0 or warmup < 0 or active <= 0 or repeat < 0 or skip_first < 0:
        raise AssertionError("Invalid profiler schedule arguments")

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        if skip_first_wait:
            step += wait
        length = wait + warmup + active
        if repeat and step // length >= repeat:
            return ProfilerAction.NONE
        at = step % length
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        last = at == length - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[Any], None]:
    """For `on_trace_ready`: writes each trace to a file of the folder, for TensorBoard."""

    def handler(prof: Any) -> None:
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        end = ".pt.trace.json" + (".gz" if use_gzip else "")
        prof.export_chrome_trace(os.path.join(dir_name, f"{worker}.{time.time_ns()}{end}"))

    return handler


_NOTING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


class profile:
    """Notes what runs in the block, operation by operation.

    activities       taken; everything that runs is noted
    schedule         what to do in each step, as `schedule` gives; everything is noted without it
    on_trace_ready   is called with the profiler when the notes of a cycle are there
    record_shapes    lets averages be taken by shapes
    Other settings are taken, and change nothing.

    Operations run one by one meanwhile, and are waited for: compare their times with each other,
    not with those of a recorded program.
    """

    def __init__(
        self,
        *,
        activities: Iterable[Any] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[..., Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        use_cuda: bool | None = None,
        custom_trace_id_callback: Any = None,
        post_processing_timeout_s: float | None = None,
    ) -> None:
        self.activities = set(activities) if activities is not None else supported_activities()
        self.schedule = schedule or (lambda step: ProfilerAction.RECORD)
        self.on_trace_ready = on_trace_ready
        self.record_shapes = record_shapes
        self.step_num = 0
        self.current_action = ProfilerAction.NONE
        self.recording: Recording | None = None
        self._noting = False
        self._step: record_function | None = None
        self._has_schedule = schedule is not None

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begins, as the schedule says for the first step."""
        self.current_action = self.schedule(self.step_num)
        self._go_on()

    def _go_on(self) -> None:
        wanted = self.current_action in _NOTING
        if wanted and not self._noting:
            self.recording = Recording()
            self.recording.start()
            self._noting = True
        if self._noting and self._has_schedule:
            self._step = record_function(f"ProfilerStep#{self.step_num}")
            self._step.__enter__()

    def _end(self) -> None:
        """Ends the notes and hands them over."""
        if self._noting and self.recording is not None:
            self.recording.stop()
            self._noting = False
            if self.on_trace_ready is not None:
                self.on_trace_ready(self)

    def step(self) -> None:
        """Says that a step of the program has ended."""
        if self._step is not None:
            self._step.__exit__()
            self._step = None
        before = self.current_action
        self.step_num += 1
        self.current_action = self.schedule(self.step_num)
        if before is ProfilerAction.RECORD_AND_SAVE or (self.current_action not in _NOTING):
            self._end()
        self._go_on()

    def stop(self) -> None:
        """Ends."""
        if self._step is not None:
            self._step.__exit__()
            self._step = None
        self._end()

    # What was noted.

    def _noted(self) -> Recording:
        if self.recording is None:
            raise AssertionError("Profiler didn't finish running")
        return self.recording

    def events(self) -> EventList:
        """All that was noted, in order."""
        return EventList(self._noted().events)

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:  # fmt: skip
        """What was noted, added up by name, or by name and shapes."""
        return averages(self._noted().events, group_by_input_shape and self.record_shapes)

    def export_chrome_trace(self, path: str) -> None:
        """Writes what was noted as JSON that chrome://tracing reads; compressed for ".gz"."""
        noted = self._noted()
        text = json.dumps(
            {"schemaVersion": 1, "traceEvents": trace_events(noted.events, noted.began)}
        )
        if str(path).endswith(".gz"):
            Path(path).write_bytes(gzip.compress(text.encode()))
        else:
            Path(path).write_text(text)

    def add_metadata(self, key: str, value: str) -> None:
        """Taken, and left out of the trace."""

    add_metadata_json = add_metadata

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Not there: no stacks are noted."""
        raise NotImplementedError("compat's profiler does not have export_stacks")

    def export_memory_timeline(self, path: str, device: str | None = None) -> None:
        """Not there: no memory is noted."""
        raise NotImplementedError("compat's profiler does not have export_memory_timeline")
