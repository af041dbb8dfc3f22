"""What a worker process does: fetches what it is asked for until nobody asks any more."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import random
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np

import compat as torch

from . import transport
from .fetch import Fetcher


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker process knows of itself.

    id           its number, from 0
    num_workers  how many there are
    seed         of its random numbers
    dataset      its copy of the data set
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any

    def __repr__(self) -> str:
        facts = ("id", "num_workers", "seed", "dataset")
        return f"WorkerInfo({', '.join(f'{name}={getattr(self, name)}' for name in facts)})"


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """What a worker process knows of itself; None outside of one."""
    return _info


class Failure:
    """An exception on its way to the parent."""

    def __init__(self, error: BaseException, where: str) -> None:
        self.kind, self.text, self.where = type(error), traceback.format_exc(), where

    def raise_again(self) -> None:
        """Raises one of the same type, with the worker's traceback in its text."""
        text = f"Caught {self.kind.__name__} {self.where}.\nOriginal {self.text}"
        if self.kind is KeyError:
            text = _Verbatim(text)
        try:
            error = self.kind(text)
        except Exception:  # a type whose constructor wants something else
            raise RuntimeError(text) from None
        raise error


class _Verbatim(str):
    """Text that KeyError shows as it is."""

    def __repr__(self) -> str:
        return str(self)


class Ended(NamedTuple):
    """A worker's stream has no more batches."""

    worker: int


class Job(NamedTuple):
    """What a worker needs to begin."""

    dataset: Any
    fetcher: Callable[[], Fetcher]
    seed: int
    worker: int
    workers: int
    worker_init_fn: Callable[[int], None] | None


NEW_PASS = "new pass"


def work(job: Job, pipe: Connection, others: list[Connection]) -> None:
    """Fetches for the parent at the other end of the pipe; ends when that end is closed.

    others  ends of pipes that a forked process has inherited and must not keep open
    """
    global _info
    for one in others:
        one.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    seed = job.seed + job.worker
    random.seed(seed)
    torch.manual_seed(seed)
    entropy = [job.worker, job.seed & 0xFFFFFFFF, job.seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))
    torch.set_num_threads(1)
    transport.in_worker = True
    _info = WorkerInfo(job.worker, job.workers, seed, job.dataset)
    fetcher: Any = None
    problem: Failure | None = None
    where = f"in DataLoader worker process {job.worker}"
    try:
        if job.worker_init_fn is not None:
            job.worker_init_fn(job.worker)
        fetcher = job.fetcher()
    except Exception as error:
        problem = Failure(error, where)
    parent = multiprocessing.parent_process()
    wanted = [pipe] if parent is None else [pipe, parent.sentinel]
    while pipe in multiprocessing.connection.wait(wanted):
        try:
            asked = pipe.recv()
        except (EOFError, ConnectionResetError):  # reset: what was sent last has not been read
            return
        if asked == NEW_PASS:
            fetcher = job.fetcher()
            continue
        number, index = asked
        made: Any
        try:
            made = problem or fetcher.fetch(index)
        except StopIteration:
            made = Ended(job.worker)
        except Exception as error:
            made = Failure(error, where)
        _answer(pipe, number, made, where)
        problem = None


def _answer(pipe: Connection, number: int, made: Any, where: str) -> None:
    try:
        transport.send(pipe, (number, made))
    except (BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:  # what cannot be pickled is the data set's error
        transport.send(pipe, (number, Failure(error, where)))
