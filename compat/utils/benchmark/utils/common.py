"""A measurement of a statement: what was run, how long it took, and how sure that is."""

from __future__ import annotations

import math
import statistics
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import compat as torch

_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}
_ENGLISH = {"ns": "nanosecond", "us": "microsecond", "ms": "millisecond", "s": "second"}
_LARGEST = 4  # digits that are trusted at most
# The standard error of a median is 1.2533 of that of a mean; a deviation is its IQR over 1.349.
_ERROR_OF_IQR = 1.2533 / 1.349


def select_unit(t: float) -> tuple[str, float]:
    """The unit to show a time in, and its seconds."""
    scale = min(max(math.floor(math.log10(t) / 3), -3), 0) if t > 0 else -3
    name = ("ns", "us", "ms", "s")[scale + 3]
    return name, _UNITS[name]


def unit_to_english(u: str) -> str:
    """The name of a unit in words: "us" is a microsecond."""
    return _ENGLISH[u]


def trim_sigfig(x: float, n: int) -> float:
    """A number rounded to n digits."""
    if not x:
        return 0.0
    scale = 10.0 ** (int(math.ceil(math.log10(abs(x)))) - n)
    return float(round(x / scale) * scale)


def ordered_unique(elements: Iterable[Any]) -> list[Any]:
    """The elements, each once, in order."""
    return list(dict.fromkeys(elements))


@contextmanager
def set_torch_threads(n: int) -> Iterator[None]:
    """Runs the block with this number of threads set."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(n)
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class TaskSpec:
    """What is measured: the statement, its setup, and the words for tables."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label, or the statement."""
        if self.label is not None:
            return self.label + (f": {self.sub_label}" if self.sub_label else "")
        if "\n" not in self.stmt:
            return self.stmt + (f": {self.sub_label}" if self.sub_label else "")
        return f"stmt:{f' ({self.sub_label})' if self.sub_label else ''}\n" + textwrap.indent(
            self.stmt, "  "
        )

    def setup_str(self) -> str:
        """The setup as it is shown; nothing for none."""
        if self.setup in ("", "pass"):
            return ""
        if "\n" in self.setup:
            return f"setup:\n{textwrap.indent(self.setup, '  ')}"
        return f"setup: {self.setup}"

    def summarize(self) -> str:
        """Title, description and setup, a line each."""
        parts = [self.title, self.description or "", self.setup_str()]
        return "\n".join(f"{part}\n" if "\n" in part else part for part in parts if part)


@dataclass
class Measurement:
    """Times of a statement: `raw_times` are of `number_per_run` runs each, in seconds."""

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = field(default=None)

    def __getattr__(self, name: str) -> Any:
        if name in TaskSpec.__dataclass_fields__ or name == "title":
            return getattr(self.task_spec, name)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    @property
    def times(self) -> list[float]:
        """Seconds of a run, for each measurement."""
        return [one / self.number_per_run for one in self.raw_times]

    @property
    def mean(self) -> float:
        """Seconds of a run, on average."""
        return statistics.fmean(self.times)

    @property
    def median(self) -> float:
        """Seconds of a run, in the middle of all."""
        return statistics.median(self.times)

    def _quantile(self, at: float) -> float:
        ordered = sorted(self.times)
        place = at * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    @property
    def iqr(self) -> float:
        """How far the middle half of the times reaches, in seconds."""
        return self._quantile(0.75) - self._quantile(0.25)

    @property
    def significant_figures(self) -> int:
        """How many digits of the median can be trusted."""
        error = _ERROR_OF_IQR * self.iqr / math.sqrt(len(self.times))
        if error <= 0:
            return _LARGEST
        return min(max(math.floor(math.log10(self.median / error)), 1), _LARGEST)

    @property
    def has_warnings(self) -> bool:
        """Whether the times differ so much that they say little."""
        return not self.meets_confidence()

    def meets_confidence(self, threshold: float = 0.1) -> bool:
        """Whether the middle half of the times lies within this part of the median."""
        return self.iqr <= threshold * self.median

    @property
    def as_row_name(self) -> str:
        """The name of its row in a table."""
        return self.sub_label or self.stmt or "[Unknown]"

    def __repr__(self) -> str:
        unit, scale = select_unit(self.median)
        where = f"<torch.utils.benchmark.utils.common.Measurement object at {hex(id(self))}>"
        lines = [where, self.task_spec.summarize()]
        count = len(self.raw_times)
        if count > 1:
            lines.append(f"  Median: {self.median / scale:.2f} {unit}")
        else:
            lines.append(f"  {self.median / scale:.2f} {unit}")
        if count > 3:
            low, high = self._quantile(0.25) / scale, self._quantile(0.75) / scale
            lines.append(f"  IQR:    {self.iqr / scale:.2f} {unit} ({low:.2f} to {high:.2f})")
        runs = f"{self.number_per_run} runs {'per measurement' if count > 1 else ''}"
        threads = f"{self.num_threads} thread{'s' if self.num_threads > 1 else ''}"
        lines.append(f"  {count} measurement{'s' if count > 1 else ''}, {runs}, {threads}")
        if self.has_warnings:
            part = self.iqr / self.median
            lines.append(f"  WARNING: Interquartile range is {part:.1%} of the median measurement.")
            lines.append(
                "           This suggests significant environmental influence." if part > 0.25
                else "           This could indicate system fluctuation."
            )  # fmt: skip
        return "\n".join(lines)

    @staticmethod
    def merge(measurements: Sequence[Measurement]) -> list[Measurement]:
        """Measurements of the same task as one each."""
        groups: dict[TaskSpec, list[float]] = {}
        for one in measurements:
            groups.setdefault(one.task_spec, []).extend(one.times)
        return [Measurement(1, times, task) for task, times in groups.items()]

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
