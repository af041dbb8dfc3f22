"""Writes the lists of names that `python -m compat ops --table` looks up.

    python -m tests.oracle.names                        # PyTorch 2.13's public names
    python -m tests.oracle.names --documented A.tsv B.tsv --programs USAGE.tsv

The tables are tab-separated with a head: (chapter, symbol, ...) and (symbol, programs).
"""

from __future__ import annotations

import argparse
import csv
import inspect
import re
import textwrap
import types
from pathlib import Path
from typing import Any

import torch

from compat.coverage import HERE

NAMESPACES = ("torch", "torch.Tensor", "torch.nn.functional", "torch.linalg", "torch.fft",
              "torch.special")  # fmt: skip
_CLASSES = {"Tensor": "torch.Tensor", "Module": "torch.nn.Module",
            "Optimizer": "torch.optim.Optimizer"}  # fmt: skip
_NAME = re.compile(r"(torch|torchvision)(\.\w+)*$")


def public(path: str) -> list[str]:
    """The names of a namespace that are PyTorch's own, without modules and typing's."""
    home: Any = torch
    for part in path.split(".")[1:]:
        home = getattr(home, part)
    told = getattr(home, "__all__", None) if path in ("torch", "torch.linalg", "torch.fft",
                                                       "torch.special") else None  # fmt: skip
    found = []
    for name in sorted(set(told or dir(home))):
        one = inspect.getattr_static(home, name, None) if path == "torch.Tensor" else getattr(
            home, name)  # fmt: skip
        origin = getattr(one, "__module__", None) or ""
        foreign = inspect.isclass(one) and not origin.startswith("torch")
        # what the compiler and the profiler keep in this namespace is not documented there
        made_by = {type(one).__name__, type(type(one)).__name__}
        foreign |= "pybind11_type" in made_by and name != "Generator"
        if name.startswith("_") or isinstance(one, types.ModuleType) or foreign:
            continue
        if path == "torch.nn.functional" and (
            not callable(one) or origin in ("typing", "torch._jit_internal", "torch.overrides")
            or inspect.isclass(one)
        ):  # fmt: skip
            continue
        found.append(f"{path}.{name}")
    return found


def documented(files: list[Path]) -> dict[str, list[str]]:
    """The symbols of tables of the documentation, by chapter."""
    found: dict[str, list[str]] = {}
    for file in files:
        with file.open() as source:
            for row in csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE):
                symbol = row["symbol"]
                if _NAME.match(symbol):  # "A .. B" and "x / y" stand for several: left out
                    chapter = found.setdefault(row["chapter"], [])
                    if symbol not in chapter:
                        chapter.append(symbol)
    return found


def used(file: Path) -> dict[str, list[str]]:
    """The names that programs use, by their first part."""
    found: dict[str, list[str]] = {}
    with file.open() as source:
        for row in csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE):
            symbol = row["symbol"].removeprefix("import ").rstrip("?")
            first, dot, rest = symbol.partition(".")
            symbol = _CLASSES.get(first, first) + dot + rest
            chapter = found.setdefault(_CLASSES.get(first, first), [])
            if _NAME.match(symbol) and symbol not in chapter:
                chapter.append(symbol)
    return {title: sorted(names) for title, names in found.items()}


def write(listed: str, chapters: dict[str, list[str]]) -> None:
    """Writes a list: a chapter's title and common prefix, then the rest of its names."""
    lines: list[str] = []
    for title, names in chapters.items():
        prefix = names[0][: names[0].index(".") + 1] if "." in names[0] else ""
        for depth in range(names[0].count("."), 0, -1):
            tried = ".".join(names[0].split(".")[:depth]) + "."
            if all(name.startswith(tried) for name in names):
                prefix = tried
                break
        else:
            prefix = ""
        text = " ".join(name.removeprefix(prefix) for name in names)
        lines += [f"[{title} | {prefix}]", textwrap.fill(text, 118, break_on_hyphens=False), ""]
    (HERE / f"{listed}.txt").write_text("\n".join(lines))


def main() -> None:
    """Writes what can be written from what is given."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--documented", nargs="*", type=Path, default=[])
    parser.add_argument("--programs", type=Path)
    given = parser.parse_args()
    assert torch.__version__.startswith("2.13"), torch.__version__
    write("names_2_13", {path: public(path) for path in NAMESPACES})
    if given.documented:
        write("documented", documented(given.documented))
    if given.programs:
        write("programs", used(given.programs))


if __name__ == "__main__":
    main()
