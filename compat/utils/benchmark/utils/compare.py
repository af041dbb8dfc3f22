"""A table of measurements: a row for each sub-label, a column for each description."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .common import Measurement, ordered_unique, select_unit, trim_sigfig, unit_to_english

# The style of a time that is this many times the best one, or less.
_STYLES = (
    (1.01, "\033[92m\033[1m"),
    (1.1, "\033[34m\033[1m"),
    (2.0, ""),
    (5.0, "\033[2m\033[91m"),
    (math.inf, "\033[31m\033[1m"),
)
_PLAIN = "\033[0m\033[0m"


class Compare:
    """Shows measurements side by side; those of one label make a table."""

    def __init__(self, results: Sequence[Measurement]) -> None:
        self._results: list[Measurement] = []
        self.extend_results(results)
        self._trims = self._warns = False
        self._colors: str | None = None

    def extend_results(self, results: Sequence[Measurement]) -> None:
        """Adds measurements."""
        for one in results:
            if not isinstance(one, Measurement):
                raise ValueError(
                    f"Expected an instance of `Measurement`, got {type(one)} instead."
                )
        self._results.extend(results)

    def trim_significant_figures(self) -> None:
        """Shows only the digits that can be trusted."""
        self._trims = True

    def colorize(self, rowwise: bool = False) -> None:
        """Colours the best and the worst of each column, or row."""
        self._colors = "rowwise" if rowwise else "columnwise"

    def highlight_warnings(self) -> None:
        """Marks times that vary much."""
        self._warns = True

    def print(self) -> None:
        """Prints the tables."""
        print(str(self))

    def __str__(self) -> str:
        merged = Measurement.merge(self._results)
        groups: dict[Any, list[Measurement]] = {}
        for one in merged:
            groups.setdefault(one.label, []).append(one)
        return "\n".join(self._table(label, group) for label, group in groups.items())

    __repr__ = __str__

    def _cells(
        self, rows: list[Any], columns: list[Any], found: dict[Any, Measurement], scale: float
    ) -> list[list[str]]:
        """The texts of the times, each column as wide as its widest."""
        made: list[list[str]] = []
        for column in columns:
            digits, texts = 1, []
            present = [found[row, column] for row in rows if (row, column) in found]
            values = {id(one): one.median / scale for one in present}
            if self._trims:
                figures = max(one.significant_figures for one in present)
                values = {
                    id(one): trim_sigfig(one.median / scale, one.significant_figures)
                    for one in present
                }
                largest = max(values.values())
                digits = max(figures - math.ceil(math.log10(largest)), 0) if largest > 0 else 0
                digits = min(digits, 1)
            for row in rows:
                one = found.get((row, column))
                text = "" if one is None else f"{values[id(one)]:.{digits}f}"
                if self._warns and one is not None and one.has_warnings:
                    text += f" (! {one.iqr / one.median:.0%})"
                texts.append(text)
            width = max(max(map(len, texts)), 0)
            made.append([text.rjust(width) for text in texts])
        return made

    def _table(self, label: Any, group: list[Measurement]) -> str:
        def row_of(one: Measurement) -> tuple[int, str, str]:
            return one.num_threads, one.env or "", one.as_row_name

        rows = sorted(ordered_unique(map(row_of, group)), key=lambda row: row[0])
        columns = ordered_unique(one.description for one in group)
        found = {(row_of(one), one.description): one for one in group}
        unit, scale = select_unit(min(one.median for one in group))
        cells = self._cells(rows, columns, found, scale)
        names = [(f"({row[1]})  " if row[1] else "    ") + row[2] for row in rows]
        left = max(len(name) for name in names) + 2
        widths = []
        for column, texts in zip(columns, cells, strict=True):
            widths.append(max(len(column or ""), len(texts[0])))
        heads = [str(c or "").center(w) for c, w in zip(columns, widths, strict=True)]
        head = "  |  ".join([" " * left, *heads])
        title = f" {label or group[0].stmt} "
        fill = len(head) - len(title) - 2
        lines = [f"[{'-' * (fill // 2)}{title}{'-' * (fill - fill // 2)}]", head]
        threads = None
        for at, row in enumerate(rows):
            if row[0] != threads:
                threads = row[0]
                lines.append(f"{threads} threads: ".ljust(len(head), "-"))
            parts = [
                self._styled(texts[at].rjust(width), row, column, found)
                for column, texts, width in zip(columns, cells, widths, strict=True)
            ]
            lines.append("  |  ".join([f"  {names[at]}".ljust(left), *parts]))
        lines.append(f"\nTimes are in {unit_to_english(unit)}s ({unit}).\n")
        if self._warns and any(one.has_warnings for one in group):
            lines[-1] += (
                "(! XX%) Measurement has high variance, where XX is the IQR / median * 100.\n"
            )
        return "\n".join(lines)

    def _styled(self, text: str, row: Any, column: Any, found: dict[Any, Measurement]) -> str:
        one = found.get((row, column))
        if self._colors is None or one is None:
            return text
        alike = [
            other.median for (its_row, its_column), other in found.items()
            if (its_row == row if self._colors == "rowwise"
                else its_column == column and its_row[0] == row[0])
        ]  # fmt: skip
        times = one.median / min(alike)
        style = next(style for limit, style in _STYLES if times <= limit)
        return f"{style}{text}{_PLAIN}" if style else text
