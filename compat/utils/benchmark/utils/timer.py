"""Timing a statement: each run ends with what it recorded being run and waited for.

What PyTorch computes while a statement runs, compat records; a result that nothing reaches would
never be computed. So the value of a statement is kept until it is there.
"""

from __future__ import annotations

import ast
import enum
import textwrap
import timeit
from collections.abc import Callable
from typing import Any

import jax

import compat as torch
from compat.front.update import run_pending

from .common import Measurement, TaskSpec, set_torch_threads


class Language(enum.Enum):
    """What statements are written in."""

    PYTHON = 0
    CPP = 1


def timer() -> float:
    """Seconds on a clock, after everything recorded has been launched."""
    run_pending()
    return timeit.default_timer()


def _finish(result: Any = None) -> None:
    """Runs what was recorded; waits for the tensors of a result."""
    run_pending()
    if isinstance(result, torch.Tensor):
        jax.block_until_ready(result.jax())
    elif isinstance(result, tuple | list):
        for one in result:
            _finish(one)


def _finished(stmt: str) -> str:
    """The statement, with what it gives being waited for."""
    tree = ast.parse(stmt)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        call = ast.Call(ast.Name("_finish", ast.Load()), [last.value], [])
        tree.body[-1] = ast.copy_location(ast.Expr(call), last)
    else:
        tree.body.append(ast.Expr(ast.Call(ast.Name("_finish", ast.Load()), [], [])))
    return ast.unparse(ast.fix_missing_locations(tree))


class Timer:
    """Measures a statement.

    stmt, setup      Python source: what is timed, and what runs once before
    globals          names that the source uses
    label, sub_label, description, env   words for `Compare`
    num_threads      set while it runs
    """

    def __init__(
        self, stmt: str = "pass", setup: str = "pass", global_setup: str = "",
        timer: Callable[[], float] = timer, globals: dict[str, Any] | None = None,
        label: str | None = None, sub_label: str | None = None, description: str | None = None,
        env: str | None = None, num_threads: int = 1, language: Language | str = Language.PYTHON,
    ) -> None:  # fmt: skip
        if language not in (Language.PYTHON, "py", "python"):
            raise NotImplementedError("torch.utils.benchmark.Timer: statements in C++")
        if global_setup:
            raise ValueError("global_setup is only for statements in C++")
        scope = dict(globals or {})
        scope.setdefault("torch", torch)
        stmt, setup = textwrap.dedent(stmt).strip(), textwrap.dedent(setup).strip()
        scope["_finish"] = _finish
        self._timer = timeit.Timer(_finished(stmt), setup, timer, scope)
        self._task_spec = TaskSpec(
            stmt, setup, global_setup, label, sub_label, description, env, num_threads
        )

    def _time(self, number: int) -> float:
        return max(self._timer.timeit(number), 1e-9)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """One measurement of that many runs, after a few that do not count."""
        with set_torch_threads(self._task_spec.num_threads):
            self._time(max(number // 100, 2))
            return Measurement(number, [self._time(number)], self._task_spec)

    def _block(self, least: float) -> int:
        """How many runs a measurement takes, so that reading the clock costs little of it."""
        overhead = min(self._timer_cost() for _ in range(5))
        number = 1
        while True:
            took = self._time(number)
            if overhead / took <= 1e-4 and took >= least / 1000 or took > least:
                return number
            number *= 10

    @staticmethod
    def _timer_cost() -> float:
        return timeit.Timer("pass").timeit(1)

    def blocked_autorange(
        self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Measurements until they take `min_run_time` seconds together.

        callback   called with the runs and the seconds of each
        """
        with set_torch_threads(self._task_spec.num_threads):
            number = self._block(min_run_time)
            return self._repeated(number, callback, lambda times: sum(times) >= min_run_time)

    def adaptive_autorange(
        self, threshold: float = 0.1, *, min_run_time: float = 0.01, max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:  # fmt: skip
        """Measurements until their middle half lies within `threshold` of the median, or for
        `max_run_time` seconds."""
        with set_torch_threads(self._task_spec.num_threads):
            number = self._block(0.05)

            def enough(times: list[float]) -> bool:
                if sum(times) < min_run_time or len(times) < 4:
                    return sum(times) >= max_run_time
                sure = Measurement(number, times, self._task_spec).meets_confidence(threshold)
                return sure or sum(times) >= max_run_time

            return self._repeated(number, callback, enough)

    def _repeated(
        self, number: int, callback: Callable[[int, float], Any] | None,
        enough: Callable[[list[float]], bool],
    ) -> Measurement:  # fmt: skip
        times: list[float] = []
        while not times or not enough(times):
            times.append(self._time(number))
            if callback is not None:
                callback(number, times[-1])
        return Measurement(number, times, self._task_spec)

    def collect_callgrind(self, *args: Any, **kwargs: Any) -> Any:
        """Counting instructions: not there."""
        raise NotImplementedError("torch.utils.benchmark.Timer.collect_callgrind")
