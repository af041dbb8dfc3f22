"""What a function records, and the program that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from compat.engine import program, recorder
from compat.engine.recorder import local


@dataclass(frozen=True)
class Explanation:
    """The recorded program of a call.

    entries   one line an operation: its place, what it does, what it reads
    text      the optimised XLA program
    cost      XLA's own estimate: operations, bytes
    result    what the call gave
    """

    entries: list[str]
    text: str
    cost: dict[str, float]
    result: Any

    def __str__(self) -> str:
        flops, read = self.cost.get("flops", 0), self.cost.get("bytes accessed", 0)
        head = f"{len(self.entries)} entries, {flops:.3g} operations, {read:.3g} bytes"
        return "\n".join([head, *self.entries])


def explain(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Explanation:
    """Calls fn and shows what it records up to its end or its last look.

    >>> print(compat.explain(lambda x: (x * 2).sum(), compat.ones(3)))  # doctest: +SKIP
    """
    local.recorder.flush()
    result = fn(*args, **kwargs)
    section = local.section
    entries = program.decode(tuple(section.wiring))
    lines = []
    for entry in entries:
        reads = ", ".join(f"%{at}" if at >= 0 else f"leaf {-1 - at}" for at in entry.operands)
        outs = ", ".join(repr(out) for out in entry.spec.outs)
        lines.append(f"%{entry.first} = {entry.spec.name}({reads}) -> {outs}")
    text, cost = "", {}
    if entries:
        made = program.compile_alone(section, entries)
        text = made.as_text() or ""
        cost = dict(made.cost_analysis() or {})
    return Explanation(lines, text, cost, result)


@dataclass(frozen=True)
class Operation:
    """One recorded entry.

    name     what it does
    reads    the values it reads, and `makes` those it gives; `value_of(tensor)` is a tensor's
    scope    what `Operations.scope` was when it was recorded
    """

    name: str
    reads: list[Any]
    makes: list[Any]
    scope: Any


class Operations:
    """Collects what this thread records in a block, looks or not: `found` has it at the end.

    >>> with Operations("here") as recorded:
    ...     made = compat.ones(3) * 2
    >>> recorded.found[-1].scope
    'here'
    """

    def __init__(self, scope: Any = None) -> None:
        self.found: list[Operation] = []
        self._scope = scope
        self._turns: dict[Any, list[tuple[int, Any]]] = {}  # where scopes begin, by section

    @property
    def scope(self) -> Any:
        """What is noted with the entries that are recorded from here on."""
        return self._scope

    @scope.setter
    def scope(self, new: Any) -> None:
        for section in local.recorder.sections.values():
            self._turns_of(section).append((len(section.values), new))
        self._scope = new

    def _turns_of(self, section: Any) -> list[tuple[int, Any]]:
        return self._turns.setdefault(section, [(0, self._scope)])

    def __enter__(self) -> Operations:
        local.recorder.flush()
        self._before, recorder.observer = recorder.observer, self._closing
        return self

    def __exit__(self, kind: type | None, *exc: object) -> None:
        recorder.observer = self._before
        for section in local.recorder.sections.values():
            self._take(section)

    def _closing(self, section: Any, live: list[int], run: Callable[..., None]) -> None:
        """Takes a section's entries as it ends, and has it run as it would have been."""
        if section.recorder is local.recorder:
            self._take(section)
        if self._before is None:
            run(section, live)
        else:
            self._before(section, live, run)

    def _take(self, section: Any) -> None:
        turns = self._turns_of(section)
        leaves = {place: value for value, place in section.leaves.items()}
        values = section.values
        for entry in program.decode(tuple(section.wiring)):
            reads = [values[at] if at >= 0 else leaves[at] for at in entry.operands]
            makes = values[entry.first : entry.first + len(entry.spec.outs)]
            scope = [scope for start, scope in turns if start <= entry.first][-1]
            self.found.append(Operation(entry.spec.name, reads, makes, scope))
        del self._turns[section]
