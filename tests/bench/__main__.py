"""`python -m tests.bench [--only WORD] [--quick]`: compat beside real torch and hand-written JAX.

Every figure is a ratio against something measured in the same run, in turns, each in a fresh
process; steps and recording on one pinned core, by CPU time. BENCH_DEVICE=cuda measures steps
on a GPU, by wall time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from tests.bench import loading as files
from tests.bench.architectures import LSTMS, SIZES
from tests.bench.dynamic import PROGRAMS as DYNAMIC
from tests.bench.measure import DEVICE
from tests.bench.models import PROGRAMS as STEPS

LIMITS = {"MLP SGD": 1.3, "MLP Adam": 1.3, "CNN": 1.1, "ResNet-18": 1.05, "LSTM": 1.1, "GPT": 1.05}
AHEAD = {"MLP SGD", "MLP Adam", "CNN", "GPT"}  # where compat must beat torch eager


def measured(kind: str, side: str, name: str, cache: str, pinned: bool = True) -> dict[str, Any]:
    """One measurement in a process of its own."""
    environment = {**os.environ, "COMPAT_CACHE_DIR": cache, "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if side == "handwritten":
        environment["JAX_COMPILATION_CACHE_DIR"] = cache and cache + "/jax"
    core = {max(os.sched_getaffinity(0))}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.measure", kind, side, name],
        env=environment, capture_output=True, text=True,
        preexec_fn=(lambda: os.sched_setaffinity(0, core)) if pinned and DEVICE == "cpu" else None,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{kind} {side} {name}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def in_turns(
    kind: str, sides: list[str], name: str, rounds: int, **how: Any
) -> dict[str, list[Any]]:
    """Rounds of measurements, the sides one after the other in each."""
    found: dict[str, list[Any]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            found[side].append(measured(kind, side, name, **how))
    return found


def best(rows: list[Any], key: str) -> float:
    return min(row[key] for row in rows)


def mark(good: bool) -> str:
    return "ok" if good else "OVER"


def steps(only: str, rounds: int) -> None:
    how = "CPU ms on one core" if DEVICE == "cpu" else f"wall ms on {DEVICE}"
    print(f"\nTraining steps: {how}, minimum (median) of all rounds")
    head = (
        "torch",
        "by hand",
        "compat",
        "/hand",
        "limit",
        "/torch",
        "launches",
        "compiles",
        "RSS/hand",
    )
    print(
        f"{'':<11}"
        + "".join(f"{title:>16}" if at < 3 else f"{title:>10}" for at, title in enumerate(head))
    )
    for name in STEPS:
        if only and only.lower() not in name.lower():
            continue
        found = in_turns("step", ["torch", "handwritten", "compat"], name, rounds, cache="")
        low = {side: best(rows, "min") for side, rows in found.items()}
        middle = {s: statistics.median(r["median"] for r in rows) for s, rows in found.items()}
        ours = found["compat"][-1]
        by_hand, by_torch = low["compat"] / low["handwritten"], low["compat"] / low["torch"]
        memory = best(found["compat"], "rss_mb") / best(found["handwritten"], "rss_mb")
        cells = "".join(f"{f'{low[s]:.3f} ({middle[s]:.3f})':>16}" for s in low)
        good = by_hand <= LIMITS[name] and (name not in AHEAD or by_torch < 1)
        print(
            f"{name:<11}{cells}{by_hand:>10.2f}{LIMITS[name]:>10.2f}{by_torch:>10.2f}"
            f"{ours['launches']:>10.2f}{ours['compiles']:>6}/{ours['own_compiles']:<3}{memory:>10.2f}"
            f"  {mark(good)}",
            flush=True,
        )


def architectures(only: str, rounds: int) -> None:
    """Steps of the twelve networks beside compat.pure in jax.jit; LSTM layers beside torch."""
    how = "CPU ms on one core" if DEVICE == "cpu" else f"wall ms on {DEVICE}"
    print(f"\nArchitectures: {how}, minimum (median) of all rounds")
    heads = ("torch", "by hand", "compat")
    print(f"{'':<21}" + "".join(f"{head:>18}" for head in heads)
          + f"{'ratio':>8}{'limit':>7}{'/torch':>8}{'launches':>10}{'compiles':>10}")  # fmt: skip
    for name in [*SIZES, *LSTMS]:
        if only and only.lower() not in name.lower():
            continue
        other = "torch" if name in LSTMS else "handwritten"
        sides = ["torch", "handwritten", "compat"] if name in SIZES else ["torch", "compat"]
        with tempfile.TemporaryDirectory() as cache:  # the rounds after the first compile nothing
            found = in_turns("step", sides, name, rounds, cache=cache)
        low = {side: best(rows, "min") for side, rows in found.items()}
        middle = {s: statistics.median(r["median"] for r in rows) for s, rows in found.items()}
        cells = [f"{low[s]:.2f} ({middle[s]:.2f})" if s in low else "" for s in
                 ("torch", "handwritten", "compat")]  # fmt: skip
        ours, ratio = found["compat"][-1], low["compat"] / low[other]
        limit = 1.0 if name in LSTMS else 1.1
        print(
            f"{name:<21}"
            + "".join(f"{cell:>18}" for cell in cells)
            + f"{ratio:>8.2f}{limit:>7.1f}{low['compat'] / low['torch']:>8.2f}"
            f"{ours['launches']:>10.2f}{ours['compiles']:>6}/{ours['own_compiles']:<3}"
            f"  {mark(ratio <= limit)}",
            flush=True,
        )


def first_steps(only: str) -> None:
    print("\nFirst step: CPU seconds; XLA compile seconds in a first and a second run (disk cache)")
    print(f"{'':<11}{'by hand':>10}{'compat':>10}{'ratio':>8}{'cold':>10}{'warm':>10}{'ratio':>8}")
    for name in STEPS:
        if only and only.lower() not in name.lower():
            continue
        with tempfile.TemporaryDirectory() as cache:
            hand = measured("step", "handwritten", name, "")
            cold = measured("step", "compat", name, cache)
            warm = measured("step", "compat", name, cache)
        first = cold["first"] / hand["first"]
        share = warm["compile_seconds"] / max(cold["compile_seconds"], 1e-9)
        print(
            f"{name:<11}{hand['first']:>10.2f}{cold['first']:>10.2f}{first:>8.2f}"
            f"{cold['compile_seconds']:>10.2f}{warm['compile_seconds']:>10.2f}{share:>8.2f}"
            f"  {mark(first <= 1.2 and share <= 0.25)}",
            flush=True,
        )


def dynamic(only: str) -> None:
    print(
        "\nDynamic programs: wall seconds, compiles included; "
        "first run with empty caches, then warm"
    )
    print(f"{'':<13}{'torch':>8}{'first':>9}{'ratio':>7}{'warm':>9}{'ratio':>7}{'compiles':>10}")
    for name in DYNAMIC:
        if only and only.lower() not in name.lower():
            continue
        with tempfile.TemporaryDirectory() as cache:
            torch = measured("dynamic", "torch", name, "", pinned=False)["seconds"]
            cold = measured("dynamic", "compat", name, cache, pinned=False)
            warm = measured("dynamic", "compat", name, cache, pinned=False)
        first, later = cold["seconds"] / torch, warm["seconds"] / torch
        print(
            f"{name:<13}{torch:>8.1f}{cold['seconds']:>9.1f}{first:>7.2f}{warm['seconds']:>9.1f}"
            f"{later:>7.2f}{cold['compiles']:>10}  {mark(first <= 3 and later <= 1.5)}",
            flush=True,
        )


def recording(only: str, rounds: int) -> None:
    limits = {"add": 1.5, "add with grad": 2.5, "chain": 1.1}
    print("\nRecording: CPU us an operation (chain: 100 small ops forward and backward, looked at)")
    for name, limit in limits.items():
        if only and only not in "recording":
            continue
        found = in_turns("record", ["torch", "compat"], name, rounds, cache="")
        torch, ours = best(found["torch"], "us"), best(found["compat"], "us")
        print(f"{name:<15}{torch:>9.2f}{ours:>9.2f}  ratio {ours / torch:5.2f}  limit {limit}  "
              f"{mark(ours / torch <= limit)}", flush=True)  # fmt: skip
    found = in_turns("import", ["jax", "compat"], "", rounds + 1, cache="")
    jax, ours = best(found["jax"], "seconds"), best(found["compat"], "seconds")
    print(f"{'import':<15}{jax:>9.2f}{ours:>9.2f}  ratio {ours / jax:5.2f}  limit 1.25  "
          f"{mark(ours / jax <= 1.25)}")  # fmt: skip


def per_op(rounds: int) -> None:
    print("\nOne call: CPU us on one core, torch and compat's ratio, 8x8 and 1024x1024")
    print(f"{'':<14}" + "".join(
        f"{title:>10}" for title in ("small", "eager", "recorded", "large", "eager", "recorded")
    ))  # fmt: skip
    sides = [("torch", ""), ("compat", "eager"), ("compat", "recorded")]
    torch, eager, recorded = (measured("ops", *side, cache="") for side in sides)

    def ratios(name: str) -> list[float]:
        ours = (eager, recorded)
        return [one[name][size] / torch[name][size] for size in (0, 1) for one in ours]

    # A busy machine spoils single figures: what is over is measured again, and the least counts.
    for _ in range(rounds - 1):
        again = ",".join(name for name in torch if max(ratios(name)[2:]) > 3)
        for found, (side, how) in zip((torch, eager, recorded), sides, strict=True):
            more = measured("ops", side, f"{how}:{again}", cache="") if again else {}
            for name, times in more.items():
                found[name] = [min(pair) for pair in zip(found[name], times, strict=True)]
    for name, (small, large) in torch.items():
        small_eager, small_recorded, large_eager, large_recorded = ratios(name)
        print(f"{name:<14}{small:>10.2f}{small_eager:>10.2f}{small_recorded:>10.2f}"
              f"{large:>10.0f}{large_eager:>10.2f}{large_recorded:>10.2f}")  # fmt: skip
    over = [name for name in torch if max(ratios(name)[2:]) > 3]
    print(f"over 3x torch when large: {', '.join(over) or 'none'}  {mark(len(over) <= 4)}")
    for name in over:
        spent = measured("profile", "compat", name, cache="")
        call = spent.pop("call")
        parts = ", ".join(f"{loop} {each:.0f}" for loop, each in spent.items())
        print(f"  {name}: {call:.0f} us a call; of XLA's loops in it {parts}", flush=True)


def loading(only: str, rounds: int) -> None:
    """Files to tensors. The folder of them is made by real torch and left when all is measured."""
    with tempfile.TemporaryDirectory() as folder, environment(**{files.FOLDER: folder}):
        size = measured("make", "torch", "", "")["mb"]
        sides = ["torch", "compat"]
        print(f"\nLoading {size:.0f} MB: wall s, minimum (median); compat's peak / size, limit 1.3")
        for name in ("read", "mapped", "mapped, summed"):
            if only.lower() not in f"checkpoint {name}":
                continue
            found = in_turns("checkpoint", sides, name, rounds, cache="", pinned=False)
            low = {side: best(rows, "seconds") for side, rows in found.items()}
            middle = {s: statistics.median(r["seconds"] for r in rows) for s, rows in found.items()}
            cells = "".join(f"{f'{low[s]:.3f} ({middle[s]:.3f})':>16}" for s in sides)
            ratio, peak = low["compat"] / low["torch"], best(found["compat"], "mb") / size
            good = peak <= 1.3 and (name != "read" or ratio <= 1)
            print(f"{name:<15}{cells}  ratio {ratio:5.2f}  peak {peak:5.2f}  {mark(good)}",
                  flush=True)  # fmt: skip
        print("\nJPEGs, 2 workers: images a second, greatest (median), limit 0.9; CPU ms an image")
        for name in ("plain", "torchvision"):
            if only.lower() not in f"jpeg {name}":
                continue
            try:
                found = in_turns("pictures", sides, name, rounds, cache="", pinned=False)
            except RuntimeError as error:  # torchvision is not everywhere
                print(f"{name:<15}not measured: {str(error).splitlines()[-1]}")
                continue
            high = {side: max(row["rate"] for row in rows) for side, rows in found.items()}
            middle = {s: statistics.median(r["rate"] for r in rows) for s, rows in found.items()}
            cells = "".join(f"{f'{high[s]:.0f} ({middle[s]:.0f})':>16}" for s in sides)
            cpu = best(found["compat"], "cpu_ms") / best(found["torch"], "cpu_ms")
            ratio = high["compat"] / high["torch"]
            print(f"{name:<15}{cells}  ratio {ratio:5.2f}  CPU {cpu:5.2f}  {mark(ratio >= 0.9)}",
                  flush=True)  # fmt: skip


@contextlib.contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Variables for the measuring processes."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default="", help="a word of the names to run")
    everything = "steps,architectures,first,recording,ops,dynamic,loading"
    parser.add_argument("--parts", default=everything)
    parser.add_argument("--rounds", type=int, default=3, help="processes a side")
    chosen = parser.parse_args()
    parts = chosen.parts.split(",")
    if "steps" in parts:
        steps(chosen.only, chosen.rounds)
    if "architectures" in parts:
        architectures(chosen.only, chosen.rounds)
    if "first" in parts:
        first_steps(chosen.only)
    if "recording" in parts:
        recording(chosen.only, chosen.rounds)
    if "ops" in parts:
        per_op(chosen.rounds)
    if "dynamic" in parts:
        dynamic(chosen.only)
    if "loading" in parts:
        loading(chosen.only, chosen.rounds)


if __name__ == "__main__":
    main()
