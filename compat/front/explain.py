"""What a function records, and the program that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from compat.engine import program
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
    recorder = local.recorder
    recorder.flush()
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
