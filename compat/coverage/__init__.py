"""How much of PyTorch is there: names of three lists, looked up in what is declared and defined.

The lists lie beside this file, a chapter a paragraph: the names that the 0.4 documentation has,
PyTorch 2.13's public names, and those that the programs of a corpus use. Whether a name's results
agree with PyTorch is read from the last run of its test databases, in a clone that has it.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from compat.imports import led_to

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "tests" / "oracle" / "conformance.json"
LISTS = {
    "documented": "the 0.4 documentation",
    "names_2_13": "PyTorch 2.13",
    "programs": "programs of the corpus",
}


class Row(NamedTuple):
    """The names of one chapter of a list, sorted by what is known of them."""

    title: str
    names: list[str]
    missing: list[str]
    measured: list[str]  # in PyTorch's test databases
    passing: list[str]  # with every sample right

    @property
    def present(self) -> int:
        """How many are there."""
        return len(self.names) - len(self.missing)


def chapters(listed: str) -> dict[str, list[str]]:
    """The names of a list by chapter."""
    found: dict[str, list[str]] = {}
    prefix, names = "", []
    for line in (HERE / f"{listed}.txt").read_text().splitlines():
        if line.startswith("["):
            title, _, prefix = line.strip("[]").partition(" | ")
            names = found.setdefault(title, [])
        elif line:
            names += [prefix + name for name in line.split()]
    return found


@functools.cache
def is_there(name: str) -> bool:
    """Whether a name of torch or torchvision leads to something here."""
    found, rest = led_to(name.replace("torch.autograd.Variable.", "torch.Tensor."))
    # What only instances have is seen in the source of their class.
    return not rest or (len(rest) == 1 and inspect.isclass(found) and _is_set_by(found, rest[0]))


def _is_set_by(kind: type, name: str) -> bool:
    pattern = re.compile(rf"\bself\.{re.escape(name)}\b\s*(:[^=\n]+)?(=|,)")
    ours = [one for one in kind.__mro__ if one.__module__.startswith("compat")]
    return any(pattern.search(inspect.getsource(one)) for one in ours)


def results(path: Path = RESULTS) -> dict[str, bool]:
    """Whether each name that was measured passed every sample; empty without the file."""
    if not path.exists():
        return {}
    found: dict[str, bool] = {}
    for entry in json.loads(path.read_text())["results"]:
        places = {f"torch.{entry['path']}": ("forward", "grad")}
        if entry["namespace"] == "torch":
            places[f"torch.Tensor.{entry['operator']}"] = ("method",)
            places[f"torch.Tensor.{entry['operator']}_"] = ("inplace", "inplace_grad")
        for name, wanted in places.items():
            checks = [entry["checks"][one] for one in wanted if one in entry["checks"]]
            if checks:
                right = not any(one["failed"] for one in checks)
                found[name] = found.get(name, True) and right
    return found


def rows(listed: str, measured: Mapping[str, bool]) -> Iterator[Row]:
    """The chapters of a list, and their sum at the end."""
    everything: list[Row] = []
    for title, names in chapters(listed).items():
        known = [name for name in names if name in measured]
        everything.append(
            Row(title, names, [name for name in names if not is_there(name)], known,
                [name for name in known if measured[name]])
        )  # fmt: skip
        yield everything[-1]
    yield Row(LISTS[listed], *(sum((row[at] for row in everything), []) for at in range(1, 5)))


def table(whole: bool = True) -> Iterator[str]:
    """The table as Markdown: a line for each list, and before it its chapters when whole."""
    measured = results()
    yield "| names of | listed | present | measured by PyTorch's databases | passing |"
    yield "| --- | --- | --- | --- | --- |"
    for listed in LISTS:
        *parts, total = rows(listed, measured)
        for row in [*(parts if whole else ()), total]:
            title = f"**{row.title}**" if row is total and whole else row.title
            share = row.present / max(len(row.names), 1)
            yield (
                f"| {title} | {len(row.names)} | {row.present} ({share:.0%}) | "
                f"{len(row.measured)} | {len(row.passing)} |"
            )


def missing() -> Iterator[str]:
    """The names that are missing, and those that do not pass, a chapter a line."""
    measured = results()
    for listed, source in LISTS.items():
        *parts, _ = rows(listed, measured)
        for row in parts:
            if row.missing:
                yield f"{source}, {row.title}, missing: {' '.join(row.missing)}"
            failing = sorted(set(row.measured) - set(row.passing))
            if failing:
                yield f"{source}, {row.title}, not passing: {' '.join(failing)}"
