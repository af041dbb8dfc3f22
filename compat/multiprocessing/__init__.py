"""torch.multiprocessing: Python's own, with tensors sent by value, and `spawn`."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import traceback
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from typing import Any

_strategy = "file_system"


def get_all_sharing_strategies() -> set[str]:
    """The ways that tensors can travel; here they are always copied."""
    return {"file_descriptor", "file_system"}


def get_sharing_strategy() -> str:
    """The way that was chosen."""
    return _strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Remembers a way for tensors to travel."""
    global _strategy
    if new_strategy not in get_all_sharing_strategies():
        raise AssertionError(f"invalid sharing strategy {new_strategy!r}")
    _strategy = new_strategy


class ProcessException(Exception):
    """A process of `spawn` has failed."""

    def __init__(self, msg: str, error_index: int, pid: int) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.pid = msg, error_index, pid


class ProcessRaisedException(ProcessException):
    """It raised; the message holds its traceback."""


class ProcessExitedException(ProcessException):
    """It ended by a signal or with a status other than 0."""

    def __init__(self, msg: str, error_index: int, error_pid: int, exit_code: int) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code


def _call(function: Callable[..., Any], index: int, args: tuple[Any, ...], told: Any) -> None:
    try:
        function(index, *args)
    except KeyboardInterrupt:
        return
    except Exception:
        told.send(traceback.format_exc())
        raise SystemExit(1) from None


class ProcessContext:
    """The processes that `spawn` started."""

    def __init__(self, processes: list[Any], words: list[Any]) -> None:
        self.processes, self._words = processes, words

    def pids(self) -> list[int]:
        """Their numbers."""
        return [int(one.pid) for one in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Waits for one to end; whether all have. A failure ends the others and is raised."""
        running = {one.sentinel: at for at, one in enumerate(self.processes) if one.is_alive()}
        if running:
            multiprocessing.connection.wait(list(running), timeout)
        for at, one in enumerate(self.processes):
            if one.exitcode:
                self._fail(at, one)
        return not any(one.is_alive() for one in self.processes)

    def _fail(self, at: int, failed: Any) -> None:
        for one in self.processes:
            if one.is_alive():
                one.terminate()
            one.join()
        if self._words[at].poll():
            words = self._words[at].recv()
            raise ProcessRaisedException(
                f"\n\n-- Process {at} terminated with the following error:\n{words}",
                at, failed.pid,
            )  # fmt: skip
        how = "signal" if failed.exitcode < 0 else "exit code"
        raise ProcessExitedException(
            f"process {at} terminated with {how} {abs(failed.exitcode)}", at, failed.pid,
            failed.exitcode,
        )  # fmt: skip


def start_processes(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True,
    daemon: bool = False, start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """Starts `fn(index, *args)` in `nprocs` processes; by default waits for them."""
    kind = multiprocessing.get_context(start_method)
    processes, words = [], []
    for index in range(nprocs):
        ours, theirs = kind.Pipe(duplex=False)
        one = kind.Process(target=_call, args=(fn, index, args, theirs), daemon=daemon)  # type: ignore[attr-defined]
        one.start()
        theirs.close()
        processes.append(one)
        words.append(ours)
    context = ProcessContext(processes, words)
    if not join:
        return context
    while not context.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True,
    daemon: bool = False, start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """`start_processes` with the start method spawn."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)
