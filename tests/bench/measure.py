"""One side of a benchmark, in its own process: `python -m tests.bench.measure KIND SIDE NAME`.

Prints one line of JSON. Sides that are compared are run in turns by `tests.bench.__main__`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench import loading

ROUNDS = 7


def _events() -> dict[str, int]:
    """Counts JAX's own compilation events from now on."""
    import jax

    seen = {"compiles": 0, "compile_ms": 0}

    def note(event: str, seconds: float, **_: Any) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            seen["compiles"] += 1
            seen["compile_ms"] += int(seconds * 1000)

    jax.monitoring.register_event_duration_secs_listener(note)
    return seen


# Where steps are measured: on a device other than the CPU by wall time, which it shares with none.
DEVICE = os.environ.get("BENCH_DEVICE", "cpu")
clock = time.process_time if DEVICE == "cpu" else time.perf_counter


def _library(side: str) -> Any:
    library = __import__("torch" if side == "torch" else "compat")
    if side == "torch":
        library.set_num_threads(1)
    if DEVICE != "cpu":
        library.set_default_device(DEVICE)
    return library


def step(side: str, name: str) -> dict[str, Any]:
    """Milliseconds of a training step (minimum and median of rounds), first step, memory: of CPU
    time, or on another device of wall time."""
    if side == "handwritten":
        from compat.engine.memory import tune_allocator

        tune_allocator()
        from tests.bench import architectures, handwritten

        seen = _events()
        made = handwritten.PROGRAMS.get(name)
        run = made() if made else architectures.by_hand(name)
    else:
        library = _library(side)
        from tests.bench import architectures, models

        seen = _events() if side == "compat" else {}
        made = models.PROGRAMS.get(name)
        run = made(library) if made else architectures.eager(library, name)
    start = clock()
    run(0)
    first = clock() - start
    _warm_up(run, seen)
    begin = clock()
    run(3)
    count = max(1, int(0.25 / max(clock() - begin, 1e-4)))
    result: dict[str, Any] = {"first": first}
    if seen:
        result["compile_seconds"] = seen["compile_ms"] / 1000
        seen["compiles"] = 0
    before = _stats(side)
    rounds = []
    for _ in range(ROUNDS):
        begin = clock()
        for at in range(count):
            run(at)
        rounds.append((clock() - begin) / count * 1e3)
    after = _stats(side)
    rounds.sort()
    result |= {
        "min": rounds[0],
        "median": rounds[len(rounds) // 2],
        "compiles": seen.get("compiles"),
    }
    if after:
        steps = ROUNDS * count
        result["launches"] = (after["launches"] - before["launches"]) / steps
        result["own_compiles"] = after["compiles"] - before["compiles"]
    result["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result


def _warm_up(run: Callable[[int], Any], seen: dict[str, int]) -> None:
    """Runs until what is worth compiling has been compiled: for two seconds or 300 steps, but
    three steps at least, then a pause until the compiling thread is through; again while it had
    something to compile."""
    for _ in range(6):
        before = seen.get("compiles")
        end = clock() + 2
        for at in range(1, 300):
            run(at)
            if at > 2 and clock() > end:
                break
        time.sleep(2)
        waited = time.perf_counter()
        while _compiling() and time.perf_counter() < waited + 120:
            time.sleep(0.5)
        for at in range(6):
            run(at)
        if seen.get("compiles") == before:
            break


def _compiling() -> bool:
    """Whether compat has asked for a program that is not there yet."""
    cache = sys.modules.get("compat.engine.cache")
    return cache is not None and any(known.waiting for known in cache._known.values())


def _stats(side: str) -> dict[str, Any]:
    if side != "compat":
        return {}
    import compat

    return compat.stats()


def dynamic(side: str, name: str) -> dict[str, Any]:
    """Wall seconds of a whole dynamic program, compiles included."""
    library = _library(side)
    from tests.bench import dynamic as programs

    make, iterations = programs.PROGRAMS[name]
    iterations = int(iterations * float(os.environ.get("BENCH_SCALE", "1")))
    begin = time.perf_counter()
    run = make(library)
    for at in range(iterations):
        run(at)
    result: dict[str, Any] = {"seconds": time.perf_counter() - begin, "iterations": iterations}
    if side == "compat":
        stats = library.stats()
        result |= {"compiles": stats["compiles"], "programs": stats["programs"]}
    return result


def record(side: str, name: str) -> dict[str, Any]:
    """Microseconds of CPU of small operations; the section is run every 1,000, that included."""
    torch = _library(side)
    if side == "compat":
        from compat.front.update import run_pending
    else:
        def run_pending() -> None:
            return None

    torch.manual_seed(0)
    x, y = torch.randn(8, 8), torch.randn(8, 8)
    leaf = torch.randn(8, 8, requires_grad=True)

    def add(a: Any, b: Any) -> Callable[[], None]:
        def run() -> None:
            for _ in range(1000):
                a + b
            run_pending()

        return run

    def chain() -> None:
        h = leaf
        for _ in range(33):
            h = torch.tanh(h + x) * y
        h.sum().backward()
        leaf.grad.sum().item()
        leaf.grad = None

    runs = {"add": (add(x, y), 1000), "add with grad": (add(leaf, y), 1000), "chain": (chain, 1)}
    function, per = runs[name]
    for _ in range(1500 if name == "chain" else 40):
        function()
    if side == "compat":
        time.sleep(3)  # the compiling thread swaps the program in
        for _ in range(10):
            function()
    best = min(_timed(function) for _ in range(150))
    return {"us": best / per * 1e6}


def _timed(function: Callable[[], None]) -> float:
    begin = time.process_time()
    function()
    return time.process_time() - begin


def per_op(side: str, name: str) -> dict[str, Any]:
    """Microseconds of each of the operations in `tests.bench.per_op`; "eager" or recorded, and
    behind a colon the names of those to measure, else all."""
    library = _library(side)
    from tests.bench import per_op as table

    how, _, only = name.partition(":")
    names = only.split(",") if only else ()
    if side == "torch":
        return table.measure(library, lambda result: None, names)
    library.eager(how == "eager").__enter__()
    return table.measure(library, _computed, names)


def _computed(result: Any) -> None:
    """Comes back when a result of compat is computed."""
    last = result[-1] if isinstance(result, tuple) else result
    made = last.jax()
    getattr(made, "block_until_ready", lambda: None)()


def profile(side: str, name: str) -> dict[str, Any]:
    """Where the time of one of these operations goes when it is large."""
    library = _library(side)
    from tests.bench import per_op as table

    library.eager(True).__enter__()
    return table.profile(library, name, _computed)


def imported(side: str, name: str) -> dict[str, Any]:
    """CPU seconds of an import."""
    begin = time.process_time()
    __import__(side)
    return {"seconds": time.process_time() - begin}


KINDS = {
    "step": step, "dynamic": dynamic, "record": record, "import": imported, "ops": per_op,
    "profile": profile, "make": loading.make, "checkpoint": loading.checkpoint,
    "pictures": loading.pictures,
}  # fmt: skip

if __name__ == "__main__":
    kind, which, what = sys.argv[1:4]
    print(json.dumps(KINDS[kind](which, what)))
