"""What has been recorded since the last look: entries, wiring, leaves and numbers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from compat.core.device import device
from compat.engine.spec import Spec
from compat.engine.value import Meta, Value

_new = object.__new__


class Section:
    """A program being written down.

    wiring   for each entry its spec and then the places of its operands: results count from
             0 in the order of recording, leaves count down from -1. The tuple of it is the
             section's signature: specs carry shapes and settings, so nothing else is needed.
    values   the results, in order
    leaves   the concrete values it reads, with their places
    floats, ints   the Python numbers it uses, packed by kind in order of use
    checks   (value, entry) pairs of results that say whether the data were right
    eager    whether each entry is run as soon as it is recorded
    """

    __slots__ = (
        "wiring", "values", "leaves", "floats", "ints", "checks", "reads", "device", "eager",
        "recorder",
    )  # fmt: skip

    def __init__(self, recorder: Any, device: device, eager: bool = False) -> None:
        self.wiring: list[Any] = []
        self.values: list[Value] = []
        self.leaves: dict[Value, int] = {}
        self.floats: list[float] = []
        self.ints: list[int] = []
        self.checks: list[tuple[Value, Spec, Any]] = []
        self.reads: dict[Any, Any] = {}
        self.device = device
        self.eager = eager
        self.recorder = recorder

    def leaf(self, value: Value) -> int:
        """The place of a value that this section does not compute. For a mapped function it may
        be still to be computed, by the program around it."""
        assert value.meta.device.depth <= self.device.depth, "a sample left its function"
        if value.array is None and not self.device.depth:
            other = value.section
            if other is not None:
                other.recorder.deliver(value, other)
            else:  # on "meta" no value has elements
                assert value.meta.device.type == "meta", f"a value of {value.meta} was lost"
        place = self.leaves[value] = -1 - len(self.leaves)
        return place

    def place(self, value: Value) -> int:
        """Where an operand is found."""
        if value.section is self:
            return value.slot
        return self.leaves.get(value) or self.leaf(value)

    def number(self, kind: str, number: Any) -> None:
        """Adds a Python number to the pack of its kind."""
        if kind == "f":
            self.floats.append(number)
        elif kind == "c":
            self.floats += (number.real, number.imag)
        else:
            self.ints.append(number)

    def append(
        self, spec: Spec, operands: Sequence[Value], numbers: tuple[Any, ...] = ()
    ) -> list[Value]:
        """Records one entry and returns its results: the general way, beside the fast ones."""
        leaves = self.leaves
        wiring: list[Any] = [spec]
        for operand in operands:
            if operand.section is self:
                wiring.append(operand.slot)
            elif operand in leaves:
                wiring.append(leaves[operand])
            elif operand.array is not None and operand.meta.device is self.device:
                place = leaves[operand] = -1 - len(leaves)
                wiring.append(place)
            else:
                wiring.append(self.leaf(operand))
        values = self.values
        made = []
        try:
            if numbers:
                for kind, number in zip(spec.kinds, numbers, strict=True):
                    self.number(kind, number)
            for out in spec.outs:
                value = _new(Value)
                value.meta, value.array, value.section = out, None, self
                value.slot = len(values)
                values.append(value)
                made.append(value)
            self.wiring += wiring
        except BaseException:
            self.repair()
            raise
        if spec.guarded:
            self.checks.append((made.pop(), spec, user_line()))
        return made

    def repair(self) -> None:
        """After an interrupt in the middle of recording: drops what is not wired yet.

        Numbers and results are always added before the wiring of their entry.
        """
        at = results = floats = ints = 0
        while at < len(self.wiring):
            spec = self.wiring[at]
            results += len(spec.outs)
            floats += spec.kinds.count("f") + 2 * spec.kinds.count("c")
            ints += spec.kinds.count("i") + spec.kinds.count("b")
            at += 1 + spec.arity
        del self.values[results:], self.floats[floats:], self.ints[ints:]

    def result(self, meta: Meta) -> Value:
        """A new pending result."""
        value = Value()
        value.meta, value.array, value.section = meta, None, self
        value.slot = len(self.values)
        self.values.append(value)
        return value


# Frames that are ours: this package, its sibling compat_nn, and the fronts that are generated.
_OURS = (__file__.rpartition("engine")[0].rstrip("/\\"), "<compat")


def user_line() -> tuple[str, int]:
    """File and line of the user's call."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno
