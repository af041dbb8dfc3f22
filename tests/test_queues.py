"""torch.Stream and torch.Event: one queue, whose marks are passed when they are set."""

from __future__ import annotations

import pytest

import compat


def test_a_stream_runs_what_is_pending() -> None:
    stream = compat.Stream(device="cpu")
    with stream as entered:
        made = compat.ones(2) + 1
    before = compat.stats()["sections"]
    assert entered is stream and stream.query() and compat.stats()["sections"] > before
    assert made.tolist() == [2.0, 2.0]
    assert repr(stream) == "torch.Stream device_type=cpu, device_index=-1, stream_id=0"


def test_marks_tell_the_time_between_them() -> None:
    first, second = (compat.Event(enable_timing=True) for _ in range(2))
    with pytest.raises(ValueError, match="must be recorded"):
        first.elapsed_time(second)
    first.record()
    assert compat.Stream().record_event(second) is second
    assert first.query() and first.elapsed_time(second) >= 0
    with pytest.raises(ValueError, match="enable_timing"):
        first.elapsed_time(compat.Event())


def test_gpu_streams_want_a_gpu() -> None:
    assert issubclass(compat.cuda.Stream, compat.Stream)
    if not compat.cuda.is_available():
        with pytest.raises(AssertionError):
            compat.cuda.Stream()
