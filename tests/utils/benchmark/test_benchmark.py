"""Measurements and their tables beside PyTorch's."""

from typing import Any

import compat
from tests.support.both import both


@both
def test_measurements(torch: Any, note: Any) -> None:
    import importlib

    bench = importlib.import_module(f"{torch.__name__}.utils.benchmark")
    task = bench.TaskSpec("x+y", "pass")
    one = bench.Measurement(100, [1e-3, 1.1e-3, 1.2e-3], task)
    note(lambda: one)
    note(lambda: (one.times, one.mean, one.median, one.iqr, one.significant_figures))
    note(lambda: (one.has_warnings, one.title, one.meets_confidence(), one.as_row_name))
    full = bench.TaskSpec("x+y\n  z", "import torch\nx=1", label="L", sub_label="s",
                          description="d", env="e", num_threads=4)  # fmt: skip
    note(lambda: bench.Measurement(1, [1e-3] * 3 + [5e-3], full))
    note(lambda: bench.Measurement.merge([one, one, bench.Measurement(10, [2.0], full)]))
    note(lambda: [bench.select_unit(t) for t in (1e-9, 2e-6, 0.5, 70.0)])


@both
def test_tables(torch: Any, note: Any) -> None:
    import importlib

    bench = importlib.import_module(f"{torch.__name__}.utils.benchmark")
    found, t = [], 1e-6
    for sub in ("[1, 1]", "[64, 10]"):
        for words in ("mul", "bmm"):
            for threads in (1, 4):
                t *= 1.7
                task = bench.TaskSpec("x", "", label="mm", sub_label=sub, description=words,
                                      num_threads=threads)  # fmt: skip
                times = [t * 10 * k for k in (1, 1.01, 1.02, 1.03)]
                found.append(bench.Measurement(10, times, task))
    table = bench.Compare(found)
    note(lambda: str(table))
    table.trim_significant_figures()
    note(lambda: str(table))
    table.colorize()
    note(lambda: str(table))
    table.colorize(rowwise=True)
    table.highlight_warnings()
    note(lambda: str(table))


def test_a_timer_waits_for_what_is_computed() -> None:
    from compat.utils.benchmark import Timer

    x = compat.ones(400, 400)
    kept: list[tuple[int, float]] = []
    one = Timer("y = x @ x\ny.sum()", globals={"x": x}, label="product").timeit(3)
    again = Timer("x @ x", globals={"x": x}).blocked_autorange(
        lambda *given: kept.append(given), min_run_time=0.02
    )
    assert one.number_per_run == 3 and len(one.raw_times) == 1 and one.title == "product"
    assert len(kept) == len(again.raw_times) and sum(again.raw_times) >= 0.02
    assert again.median > 1e-5  # a product takes longer than recording it
