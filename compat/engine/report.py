"""What recording did: counters, and the record of every compilation."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

SHOWN = 12  # lines of each part of a summary

counters: Counter[str] = Counter()
seconds: Counter[str] = Counter()
compilations: deque[tuple[str, float]] = deque(maxlen=256)  # what, seconds; newest last
looks: Counter[tuple[str, int]] | None = None  # where programs looked at values, when asked for
_gauges: dict[str, Callable[[], int]] = {}


def gauge(name: str, read: Callable[[], int]) -> None:
    """Adds a size that `stats` reads when it is asked."""
    _gauges[name] = read


def compiled(what: str, build: Callable[[], Any]) -> Any:
    """Runs a build of an executable, counted and timed."""
    started = time.perf_counter()
    made = build()
    took = time.perf_counter() - started
    counters["compiles"] += 1
    seconds["compile"] += took  # type: ignore
    compilations.append((what, took))
    return made


def working() -> float:
    """A clock in seconds that stands still while something is compiled."""
    return time.perf_counter() - seconds["compile"]


def watch_looks() -> None:
    """Counts from now on where the program looks at values."""
    global looks
    looks = Counter()


def summary() -> str:
    """What ran, what was compiled, where the program looked, as lines of text."""
    lines = ["compat ran"]
    lines += [f"  {name:<16} {value}" for name, value in stats().items()]
    if compilations:
        lines.append("compiled, the dearest first (seconds, what)")
        dearest = sorted(compilations, key=lambda one: -one[1])[:SHOWN]
        lines += [f"  {took:8.3f}  {what}" for what, took in dearest]
    if looks:
        lines.append("looked at values (times, where)")
        lines += [
            f"  {count:8}  {file}:{line}" for (file, line), count in looks.most_common(SHOWN)
        ]
    return "\n".join(lines)


def stats() -> dict[str, Any]:
    """What recording and running did so far in this process.

    sections         sections closed, whole ones run as one program, the others op by op
    launches         executables launched, of whole sections and of single ops
    on_host          entries run on the host, by NumPy
    looks            values asked for that the host had not at hand: prints, items, results whose
                     shape depends on data
    compiles         executables built (each perhaps out of the cache on disk)
    compile_seconds  time spent building them, in whichever thread
    """
    result: dict[str, Any] = dict(counters)
    for name in ("sections", "whole", "op_by_op", "launches", "on_host", "looks",
                 "compiles"):  # fmt: skip
        result.setdefault(name, 0)
    result["compile_seconds"] = round(seconds["compile"], 3)
    result |= {name: read() for name, read in _gauges.items()}
    return result


def reset_stats() -> None:
    """Sets the counters back to zero; sizes of caches stay what they are."""
    counters.clear()
    seconds.clear()
    compilations.clear()
