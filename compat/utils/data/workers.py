"""A pass over the data by worker processes.

Each worker has a pipe: indices go out, batches come back. A worker that dies closes its pipe and
ends the pass with an error; when this process goes, the workers see it and end.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import multiprocessing.connection
import time
import warnings
from collections import deque
from typing import Any
from weakref import WeakSet

from .pinning import sent
from .transport import receive
from .worker import NEW_PASS, Ended, Failure, Job, work

_PATIENCE = 5.0  # seconds that a worker has to end before it is killed


class Workers:
    """Worker processes and what they have been asked for.

    place   where batches are sent as soon as they come; None when they stay on the host
    """

    def __init__(self, loader: Any, seed: int, place: Any = None) -> None:
        self.place = place
        self.timeout, self.in_order = loader.timeout, loader.in_order
        self.ahead = loader.prefetch_factor
        self.pipes: list[Any] = []
        self.processes: list[Any] = []
        context = loader.multiprocessing_context or multiprocessing
        is_fork = context.get_start_method() == "fork"
        for worker in range(loader.num_workers):
            job = Job(
                loader.dataset, loader._fetcher, seed, worker, loader.num_workers,
                loader.worker_init_fn,
            )  # fmt: skip
            ours, theirs = context.Pipe()
            _open.add(ours)
            inherited = [*_open] if is_fork else []
            process = context.Process(
                target=work, args=(job, theirs, inherited), daemon=True,
                name=f"compat-data-{worker}",
            )  # fmt: skip
            with warnings.catch_warnings():
                # JAX warns of every fork; the engine has prepared this one (engine/forked.py).
                warnings.filterwarnings("ignore", r"os\.fork\(\) was called", RuntimeWarning)
                process.start()
            theirs.close()
            self.pipes.append(ours)
            self.processes.append(process)

    def begin(self, indices: Any) -> None:
        """Starts a pass over these indices."""
        self.indices = iter(indices)
        self.asked: deque[int] = deque()  # numbers of batches under way, in order
        self.at: dict[int, int] = {}  # which worker has a number
        self.there: dict[int, Any] = {}  # what came before its turn
        self.open = set(range(len(self.pipes)))  # workers whose stream has not ended
        self.numbers = itertools.count()
        self.turn = itertools.cycle(range(len(self.pipes)))
        for _ in range(self.ahead * len(self.pipes)):
            self._ask()

    def again(self) -> None:
        """Has persistent workers begin their streams anew; drops what is still under way."""
        while self.at:
            self._receive(self.timeout)
        for pipe in self.pipes:
            pipe.send(NEW_PASS)

    def _ask(self) -> None:
        if not self.open:
            return
        index = next(self.indices, _NOTHING)
        if index is _NOTHING:
            return
        worker = next(one for one in self.turn if one in self.open)
        number = next(self.numbers)
        self.asked.append(number)
        self.at[number] = worker
        try:
            self.pipes[worker].send((number, index))
        except (BrokenPipeError, ConnectionResetError):
            self._died()

    def next(self) -> Any:
        """The next batch; StopIteration at the end. Raises what a worker raised."""
        while self.asked:
            number = self._ready()
            if number is None:
                self._receive(self.timeout)
                continue
            made = self.there.pop(number)
            self.asked.remove(number)
            if isinstance(made, Ended):
                self.open.discard(made.worker)
                self._ask()
                continue
            self._ask()
            if isinstance(made, Failure):
                made.raise_again()
            if self.place is not None:
                self._receive_what_is_there()  # so that the next batch is on its way, too
            return made
        raise StopIteration

    def _ready(self) -> int | None:
        if self.in_order:
            return self.asked[0] if self.asked[0] in self.there else None
        return next(iter(self.there), None)

    def _receive(self, timeout: float) -> None:
        busy = {self.pipes[worker]: worker for worker in set(self.at.values())}
        gone = {self.processes[worker].sentinel: worker for worker in busy.values()}
        ready = multiprocessing.connection.wait([*busy, *gone], timeout or None)
        if not ready:
            raise RuntimeError(f"DataLoader timed out after {timeout:g} seconds")
        pipes = [one for one in ready if one in busy]
        if not pipes:  # a process has ended and left nothing in its pipe
            self._died()
        for pipe in pipes:
            try:
                self._take(pipe)
            except (EOFError, ConnectionResetError):
                self._died()

    def _receive_what_is_there(self) -> None:
        pipes = [self.pipes[worker] for worker in set(self.at.values())]
        for pipe in multiprocessing.connection.wait(pipes, 0) if pipes else ():
            # A pipe that is at its end is told of when its batch is asked for.
            with contextlib.suppress(EOFError, ConnectionResetError):
                self._take(pipe)

    def _take(self, pipe: Any) -> None:
        number, made = receive(pipe)
        del self.at[number]
        if self.place is not None and not isinstance(made, Ended | Failure):
            made = sent(made, self.place)
        self.there[number] = made

    def _died(self) -> None:
        time.sleep(0.05)  # for the system to know of every one of them
        dead = [one for one in self.processes if not one.is_alive()]
        pids = ", ".join(str(one.pid) for one in dead)
        signals = [one.exitcode for one in dead if one.exitcode and one.exitcode < 0]
        self.close()
        how = f" by signal {-signals[0]}" if signals else ""
        raise RuntimeError(f"DataLoader worker (pid(s) {pids}) exited unexpectedly{how}")

    def close(self) -> None:
        """Ends the workers."""
        for pipe in self.pipes:
            with contextlib.suppress(OSError):  # the collector has closed it before it came to us
                pipe.close()
        limit = time.monotonic() + _PATIENCE
        for process in self.processes:
            process.join(max(0.0, limit - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        self.pipes, self.at = [], {}


# Our ends of the pipes of all loaders: a forked worker must not keep those of another loader open,
# whose workers would not see them closed.
_open: WeakSet[Any] = WeakSet()
_NOTHING = object()
