"""Real programs by the clock: wall seconds of each training script, beside real torch.

    python -m tests.bench.corpus RUNNER --mirror DIR --torch PYTHON --compat PYTHON [--only ID ...]

RUNNER is the corpus' `run.py`, DIR its sources; the two interpreters have its packages, and torch
or compat. Each program is run by torch, and by compat with caches that an earlier run has warmed,
in turns; of several rounds the least counts. Prints the table and writes `corpus.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

KEPT = Path(__file__).with_name("corpus.json")
LIMIT, MOST = 1.0, 2.0  # at most a fifth of the programs over the first, none over the second


def seconds(given: argparse.Namespace, mode: str, name: str, folder: Path) -> float | None:
    """Wall seconds of one run of a program; None when it did not pass its checks."""
    result = folder / "result.json"
    python = given.torch if mode == "torch" else given.compat
    environment = {**os.environ, "COMPAT_CACHE_DIR": str(folder / "cache")}
    subprocess.run(
        [sys.executable, given.runner, "--python", python, "--mode", mode, "--mirror",
         given.mirror, "--json", str(result), "--only", name, "--timeout", "300"],
        env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    rows = json.loads(result.read_text())["results"]
    (row,) = [one for one in rows if one["id"] == name]
    return row["wall_s"] if row["status"] == "pass" else None


def main() -> int:
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("runner")
    for name in ("--mirror", "--torch", "--compat"):
        parser.add_argument(name, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    given.runner, given.mirror = os.path.abspath(given.runner), os.path.abspath(given.mirror)
    corpus = tomllib.loads(Path(given.runner).with_name("corpus.toml").read_text())["program"]
    names = given.only or [one["id"] for one in corpus if one["tier"] != 2]
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    print(f"{'':<30}{'torch':>8}{'first':>8}{'warm':>8}{'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            first = seconds(given, "compat", name, Path(folder))
            turns = [
                seconds(given, mode, name, Path(folder))
                for _ in range(given.rounds) for mode in ("torch", "compat")
            ]  # fmt: skip
            passed = [one for one in (first, *turns) if one is not None]
            if len(passed) < 1 + len(turns):  # a crash is quick: it is no time
                print(f"{name:<30}{'failed':>8}", flush=True)
                kept.pop(name, None)
                continue
            torch, warm = min(passed[1::2]), min(passed[2::2])
            kept[name] = {"torch": torch, "first": passed[0], "warm": warm}
            columns = "".join(f"{one:>8.1f}" for one in kept[name].values())
            print(f"{name:<30}{columns}{warm / torch:>7.2f}", flush=True)
    lines = [f" {json.dumps(name)}: {json.dumps(row)}" for name, row in kept.items()]
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    ratios = [row["warm"] / row["torch"] for row in kept.values()]
    over, far = (sum(ratio > limit for ratio in ratios) for limit in (LIMIT, MOST))
    print(f"{over} of {len(ratios)} over {LIMIT:g}x, {far} over {MOST:g}x")
    return over * 5 > len(ratios) or far > 0


if __name__ == "__main__":
    sys.exit(main())
