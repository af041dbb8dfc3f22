"""torch.Stream and torch.Event: queues of work of a device, and marks in them.

XLA orders work by itself, so that every queue is the one there is, and a mark is passed once
everything before it has run.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

from compat.core.device import device as Device
from compat.engine.recorder import local


class Stream:
    """A queue of work: `torch.Stream(device="cpu")`."""

    stream_id = 0

    def __init__(self, device: Any = None, *, priority: int = 0, **kwargs: Any) -> None:
        self.device = Device("cpu" if device is None else device)
        self.device_index = -1 if self.device.index is None else self.device.index

    def synchronize(self) -> None:
        """Runs what is pending and waits for it."""
        local.recorder.flush()

    def query(self) -> bool:
        """Whether everything in the queue has run: it is run first."""
        self.synchronize()
        return True

    def record_event(self, event: Any = None) -> Any:
        """Sets a mark here, a new one unless it is given, and gives it."""
        event = Event(self.device) if event is None else event
        event.record(self)
        return event

    def wait_event(self, event: Any) -> None:
        """Work is in order anyway."""

    def wait_stream(self, stream: Any) -> None:
        """Work is in order anyway."""

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __repr__(self) -> str:
        return (
            f"torch.Stream device_type={self.device.type}, device_index={self.device_index}, "
            f"stream_id={self.stream_id}"
        )


class Event:
    """A mark in a queue: `torch.Event(device="cpu", enable_timing=True)`."""

    def __init__(
        self, device: Any = None, *, enable_timing: bool = False, blocking: bool = False,
        interprocess: bool = False, external: bool = False,
    ) -> None:  # fmt: skip
        self.device = Device("cpu" if device is None else device)
        self.enable_timing = enable_timing
        self.time: float | None = None

    def record(self, stream: Any = None) -> None:
        """Sets the mark here: runs what is pending and waits for it."""
        local.recorder.flush()
        self.time = time.perf_counter()

    def query(self) -> bool:
        """Whether everything before the mark has run."""
        return True

    def synchronize(self) -> None:
        """Waits for the mark, which has been passed."""

    def wait(self, stream: Any = None) -> None:
        """Work is in order anyway."""

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this mark to another; both were made with `enable_timing`."""
        if not (self.enable_timing and end_event.enable_timing):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self.time is None or end_event.time is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        return (end_event.time - self.time) * 1000

    def __repr__(self) -> str:
        return f"torch.Event device_type={self.device.type}, event_flag={int(self.enable_timing)}"
