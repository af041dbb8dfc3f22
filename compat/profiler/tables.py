"""Events added up by name, and shown as the table that users of PyTorch know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from compat.profiler.recording import FunctionEvent


@dataclass
class FunctionEventAvg:
    """All events of one name."""

    key: str
    count: int = 0
    cpu_time_total: float = 0.0
    self_cpu_time_total: float = 0.0
    input_shapes: Any = ""
    device_time_total: float = 0.0
    self_device_time_total: float = 0.0

    @property
    def cpu_time(self) -> float:
        """Microseconds an event."""
        return self.cpu_time_total / self.count if self.count else 0.0

    cuda_time_total = property(lambda self: self.device_time_total)
    self_cuda_time_total = property(lambda self: self.self_device_time_total)

    def add(self, event: FunctionEvent) -> None:
        """Takes one more event in."""
        self.count += 1
        self.cpu_time_total += event.cpu_time_total
        self.self_cpu_time_total += event.self_cpu_time_total


class EventList(list[Any]):
    """Events, or averages of them."""

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all together."""
        return sum(one.self_cpu_time_total for one in self)

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> EventList:
        """The events added up by name, or by name and shapes."""
        found: dict[Any, FunctionEventAvg] = {}
        for event in self:
            shapes = str(event.input_shapes) if group_by_input_shape else ""
            place = event.key, shapes
            if place not in found:
                found[place] = FunctionEventAvg(event.key, input_shapes=shapes)
            found[place].add(event)
        return EventList(found.values())

    def total_average(self) -> FunctionEventAvg:
        """All events as one."""
        made = FunctionEventAvg("Total")
        for event in self:
            made.count += event.count
            made.cpu_time_total += event.cpu_time_total
            made.self_cpu_time_total += event.self_cpu_time_total
        return made

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int = 55,
        max_shapes_column_width: int = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
    ) -> str:
        """A table of the events.

        sort_by     "cpu_time_total", "self_cpu_time_total", "cpu_time", "count", ...
        row_limit   how many rows; -1 for all
        """
        rows = list(self)
        if sort_by is not None:
            rows.sort(key=lambda one: getattr(one, sort_by.replace("cuda", "device")), reverse=True)
        whole = self.self_cpu_time_total
        shapes = any(one.input_shapes for one in rows if isinstance(one, FunctionEventAvg))
        heads = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg",
                 "# of Calls"]  # fmt: skip
        if shapes:
            heads.append("Input Shapes")
        lines = [
            _row(one, whole, max_name_column_width, shapes and max_shapes_column_width)
            for one in rows[: None if row_limit < 0 else row_limit]
        ]
        widths = [
            max(12, *(len(line[at]) for line in [heads, *lines])) for at in range(len(heads))
        ]
        rule = "  ".join("-" * width for width in widths) + "  "
        shown = [
            "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) + "  "
            for line in [heads, *lines]
        ]
        top = [] if header is None else ["=" * len(rule), header]
        end = [rule, f"Self CPU time total: {time_text(whole)}", ""]
        return "\n".join([*top, rule, shown[0], rule, *shown[1:], *end])

    def __str__(self) -> str:
        return self.table()


def _row(one: Any, whole: float, width: int, shapes: int | bool) -> list[str]:
    name = one.key if len(one.key) <= width else one.key[: width - 3] + "..."
    average = one.cpu_time_total / max(one.count, 1)
    cells = [
        name,
        _share(one.self_cpu_time_total, whole),
        time_text(one.self_cpu_time_total),
        _share(one.cpu_time_total, whole),
        time_text(one.cpu_time_total),
        time_text(average),
        str(one.count),
    ]
    if shapes:
        cells.append(str(one.input_shapes)[:shapes])
    return cells


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "0.00%"


def time_text(microseconds: float) -> str:
    """A time with the unit that fits."""
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:.3f}s"
    if microseconds >= 1e3:
        return f"{microseconds / 1e3:.3f}ms"
    return f"{microseconds:.3f}us"


def averages(events: Iterable[FunctionEvent], by_shape: bool = False) -> EventList:
    """Events added up by name."""
    return EventList(events).key_averages(by_shape)
