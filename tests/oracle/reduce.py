"""Keeps of the conformance runner's results what a reader asks: how many pass, and what fails.

    python tests/oracle/reduce.py conformance_dtypes.json results_of_int64.json ...

gives, for each type and check, how many entries pass of how many, and the first failure of each
that does not. Entries that do not take the type, which the runner checks in another, are left out:
name the type in the name of the file, behind its last underscore.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def reduced(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """For each check: `passed`, `of`, and `failing`, the first failure by entry."""
    made: dict[str, Any] = {}
    for row in rows:
        for check, tally in row["checks"].items():
            kept = made.setdefault(check, {"passed": 0, "of": 0, "failing": {}})
            kept["of"] += 1
            if tally["passed"] and not tally["failed"]:
                kept["passed"] += 1
            else:
                kept["failing"][row["name"]] = (tally["failures"] or [""])[0]
    return made


def main(target: str, files: list[str]) -> None:
    """Reads the runner's files, writes the reduced one and prints the shares."""
    kept: dict[str, Any] = {}
    for file in files:
        kind = Path(file).stem.rpartition("_")[2]
        rows = json.loads(Path(file).read_text())["results"]
        kept[kind] = reduced([row for row in rows if row["dtype"] == kind])
        for check, found in kept[kind].items():
            share = 100 * found["passed"] / found["of"]
            print(f"{kind:<10} {check:<14} {found['passed']}/{found['of']} {share:.1f}%")
    Path(target).write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
