"""The graph: what each tensor's gradient flows through."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from compat.engine.value import Meta, Value

sequence = itertools.count(1)
# How a value becomes a tensor for hooks and `.grad`: the floor above sets it.
wrap: Callable[[Value, Any], Any]


class Node:
    """One operation that was applied: PyTorch's `grad_fn`.

    rule     knows how to turn gradients of the results into gradients of the inputs
    edges    for each input the tape its gradient flows to, None where none is needed
    mask     a bit for each edge that is there
    saved    flat: value, storage and version for each thing that backward reads
    numbers  the Python numbers the operation was called with
    outs     the metas of its results
    seq      its place in time; backward goes from the latest to the earliest
    hooks    for each result the functions that see its gradient
    extra    pre-hooks and post-hooks of the node itself
    """

    __slots__ = (
        "rule", "edges", "mask", "saved", "numbers", "outs", "seq", "hooks", "extra", "line",
        "metadata", "__weakref__",
    )  # fmt: skip

    rule: Any
    edges: Sequence[Tape | None]
    mask: int
    saved: Sequence[Any] | None
    numbers: tuple[Any, ...]
    outs: Sequence[Meta]
    seq: int
    hooks: dict[int, OrderedDict[int, Callable[..., Any]]] | None
    extra: Any
    line: str | None

    def __init__(
        self,
        rule: Any,
        edges: Sequence[Tape | None],
        saved: Sequence[Any],
        numbers: tuple[Any, ...],
        outs: Sequence[Meta],
    ) -> None:
        self.rule, self.edges, self.saved = rule, edges, saved
        self.numbers, self.outs = numbers, outs
        self.mask = sum(1 << at for at, edge in enumerate(edges) if edge is not None)
        self.seq = next(sequence)
        self.hooks = self.extra = None

    def name(self) -> str:
        """As PyTorch calls it: "AddBackward0"."""
        return self.rule.name

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """For each input the node its gradient flows to, and which result of it the input is."""
        return tuple(
            (None, 0) if tape is None else (tape.target(), tape.index) for tape in self.edges
        )

    def _sequence_nr(self) -> int:
        return self.seq

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class Tape:
    """A tensor's part in the graph.

    node, index   the operation and which result of it the tensor is; None for a leaf
    requires      whether a gradient flows through
    extra         what few tensors have: `.grad`, hooks
    """

    __slots__ = ("node", "index", "requires", "extra", "__weakref__")

    is_view = False
    node: Node | None
    index: int
    requires: bool
    extra: Extra | None

    def target(self) -> Any:
        """What the graph shows at this place: the node, or a leaf's accumulator."""
        return self.node if self.node is not None else self.more().accumulator(self)

    def more(self) -> Extra:
        """The rarely used part, made when first asked for."""
        if self.extra is None:
            self.extra = Extra()
        return self.extra


class ViewTape(Tape):
    """The tape of a view: when its base is written, its history starts again from there.

    base      the tensor that is not a view
    made      "default", or why the view may not be written in place: "no_grad", "multi"
    version   of the storage, when the node was made
    """

    __slots__ = ("base", "made", "version")

    is_view = True
    base: Any
    made: str
    version: int


class Extra:
    """The rarely used part of a tape."""

    __slots__ = ("grad", "hooks", "post_hooks", "owner", "retains", "_accumulator")

    def __init__(self) -> None:
        self.grad: Any = None
        self.hooks: OrderedDict[int, Callable[..., Any]] | None = None
        self.post_hooks: OrderedDict[int, Callable[..., Any]] | None = None
        self.owner: ref[Any] | None = None
        self.retains = False
        self._accumulator: AccumulateGrad | None = None

    def accumulator(self, tape: Tape) -> AccumulateGrad:
        """The node that stands for the leaf in `next_functions`."""
        if self._accumulator is None:
            self._accumulator = AccumulateGrad(tape)
        return self._accumulator


class AccumulateGrad:
    """Stands in the graph for a leaf, whose `.grad` it adds to."""

    next_functions: tuple[Any, ...] = ()

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    @property
    def variable(self) -> Any:
        """The leaf tensor."""
        owner = self.tape.more().owner
        return owner() if owner is not None else None

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self):#x}>"


_new = object.__new__


def result_tape(node: Node, index: int) -> Tape:
    """The tape of a result of an operation."""
    tape = _new(Tape)
    tape.node, tape.index, tape.requires, tape.extra = node, index, True, None
    return tape


def leaf_tape(requires: bool) -> Tape:
    """The tape of a tensor that a user made."""
    tape = _new(Tape)
    tape.node, tape.index, tape.requires, tape.extra = None, 0, requires, None
    return tape
