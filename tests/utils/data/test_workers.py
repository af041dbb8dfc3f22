"""Worker processes of DataLoader: the same batches, seeds and errors as PyTorch's."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import compat

torch = pytest.importorskip("torch")

LIBRARIES = (compat, torch)


def squares(library: Any, **extra: Any) -> Any:
    class Squares(library.utils.data.Dataset):
        def __len__(self) -> int:
            return 23

        def __getitem__(self, at: int) -> Any:
            return library.full((3, 50, 50), float(at)), at * at, f"n{at}"

    return library.utils.data.DataLoader(Squares(), **extra)


def read(loader: Any) -> Any:
    return [(x.mean((1, 2, 3)).tolist(), y.tolist(), names) for x, y, names in loader]


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_batches_in_order(method: str) -> None:
    expected = read(squares(compat, batch_size=4, shuffle=False))
    rows = compat.utils.data.TensorDataset(compat.arange(40).reshape(20, 2))
    assert read(squares(compat, batch_size=4, num_workers=2)) == expected
    loader = compat.utils.data.DataLoader(
        rows, batch_size=6, num_workers=2, multiprocessing_context=method
    )
    assert compat.cat([one for (one,) in loader]).tolist() == rows.tensors[0].tolist()


def test_shuffles_as_pytorch() -> None:
    found = []
    for library in LIBRARIES:
        library.manual_seed(3)
        loader = squares(library, batch_size=5, shuffle=True, num_workers=2)
        found.append([read(loader), read(loader), library.rand(2).tolist()])
    assert found[0] == found[1]


def test_seeds() -> None:
    found = []
    for library in LIBRARIES:

        class Draws(library.utils.data.Dataset):
            def __len__(self) -> int:
                return 4

            def __getitem__(self, at: int) -> Any:
                info = library.utils.data.get_worker_info()
                assert (info.id, info.num_workers) == (at % 2, 2)
                return info.seed, random.random(), np.random.rand(), library.rand(2)  # noqa: B023

        library.manual_seed(11)
        loader = library.utils.data.DataLoader(Draws(), batch_size=None, num_workers=2)
        found.append([(*row[:3], row[3].tolist()) for row in loader])
    assert found[0] == found[1]
    assert compat.utils.data.get_worker_info() is None


def test_streams_and_persistent_workers() -> None:
    found = []
    for library in LIBRARIES:

        class Stream(library.utils.data.IterableDataset):
            def __iter__(self) -> Iterator[int]:
                info = library.utils.data.get_worker_info()  # noqa: B023
                return iter(range(info.id * 10, info.id * 10 + 4 + 3 * info.id))

        loader = library.utils.data.DataLoader(
            Stream(), batch_size=2, num_workers=2, persistent_workers=True
        )
        found.append([[batch.tolist() for batch in loader] for _ in range(3)])
        del loader
    assert found[0] == found[1]


def test_an_exception_reaches_the_parent() -> None:
    class Broken(compat.utils.data.Dataset):
        def __len__(self) -> int:
            return 8

        def __getitem__(self, at: int) -> int:
            return {0: 1}[at]

    loader = compat.utils.data.DataLoader(Broken(), batch_size=2, num_workers=1)
    with pytest.raises(KeyError, match=r"Caught KeyError in DataLoader worker process 0\."):
        list(loader)
    loader = squares(compat, batch_size=2, num_workers=1, worker_init_fn=lambda at: 1 / 0)
    with pytest.raises(ZeroDivisionError, match="worker process 0"):
        list(loader)


def test_a_killed_worker_ends_the_pass() -> None:
    class Deadly(compat.utils.data.Dataset):
        def __len__(self) -> int:
            return 8

        def __getitem__(self, at: int) -> int:
            if at == 5:
                os.kill(os.getpid(), signal.SIGKILL)
            return at

    before = time.monotonic()
    loader = compat.utils.data.DataLoader(Deadly(), num_workers=2)
    with pytest.raises(RuntimeError, match="exited unexpectedly by signal 9"):
        list(loader)
    assert time.monotonic() - before < 5


def test_a_slow_worker_times_out() -> None:
    class Slow(compat.utils.data.Dataset):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, at: int) -> int:
            time.sleep(60)
            return at

    loader = compat.utils.data.DataLoader(Slow(), num_workers=1, timeout=0.3)
    with pytest.raises(RuntimeError, match="timed out after 0.3 seconds"):
        list(loader)


def test_workers_leave_nothing_behind() -> None:
    iterator = iter(squares(compat, batch_size=2, num_workers=2))
    next(iterator)
    processes = iterator._workers.processes
    del iterator
    assert not any(one.is_alive() for one in processes)


def test_options_are_checked() -> None:
    for options in (
        {"num_workers": 1, "prefetch_factor": -1}, {"prefetch_factor": 2},
        {"persistent_workers": True}, {"multiprocessing_context": "fork"},
        {"num_workers": 1, "multiprocessing_context": "thread"},
    ):  # fmt: skip
        said = []
        for library in LIBRARIES:
            with pytest.raises((ValueError, TypeError)) as raised:
                library.utils.data.DataLoader([1], **options)
            said.append(str(raised.value))
        assert said[0] == said[1]


class Arrays:
    """Samples of each kind that a worker copies straight into the memory of its batch."""

    def __init__(self) -> None:
        self.half = compat.tensor(np.arange(60_000.0), dtype=compat.bfloat16)

    def __len__(self) -> int:
        return 6

    def __getitem__(self, at: int) -> Any:
        big = np.full((3, 80, 80), at, np.float32)
        turned = compat.from_numpy(big[0].T.copy().T) + 0.5
        return big, compat.tensor(big), turned, self.half


def test_large_arrays_and_tensors_arrive_whole() -> None:
    loaders = [compat.utils.data.DataLoader(Arrays(), 3, num_workers=n) for n in (0, 2)]
    for here, there in zip(*loaders, strict=True):
        for mine, sent in zip(here, there, strict=True):
            assert mine.dtype is sent.dtype and mine.equal(sent)
            assert mine.stride() == sent.stride()
            sent[0] = 7  # is the reader's own
            assert sent[0].eq(7).all() and sent[1].equal(mine[1])


def test_workers_end_with_their_loader() -> None:
    loader = compat.utils.data.DataLoader(Arrays(), num_workers=1, persistent_workers=True)
    assert len(list(loader)) == 6
    (process,) = loader._iterator._workers.processes
    assert process.is_alive()
    del loader
    assert not process.is_alive()


def test_workers_of_a_pass_end_while_those_of_another_run() -> None:
    """Forked later, these had held the other pass' pipes open: closing it took five seconds."""
    first = iter(squares(compat, batch_size=4, num_workers=2, multiprocessing_context="fork"))
    second = iter(squares(compat, batch_size=4, num_workers=2, multiprocessing_context="fork"))
    next(first), next(second)
    processes = first._workers.processes
    first._workers.close()
    assert [process.exitcode for process in processes] == [0, 0]  # and not -9, killed
    assert len(list(second)) == 5
