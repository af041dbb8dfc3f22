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
FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you "
    "call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward "
    "through the graph a second time or if you need to access saved tensors after calling "
    "backward."
)


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
    sums     for each operand the depths whose samples share it, though the result has them
    """

    __slots__ = (
        "rule", "edges", "mask", "saved", "numbers", "outs", "seq", "hooks", "extra", "sums",
        "line", "metadata", "__weakref__",
    )  # fmt: skip

    rule: Any
    edges: Sequence[Tape | None]
    mask: int
    saved: Sequence[Any] | None
    numbers: tuple[Any, ...]
    outs: Sequence[Meta]
    seq: int
    hooks: dict[int, OrderedDict[int, Callable[..., Any]]] | None
    extra: NodeHooks | None
    sums: list[list[int]] | None
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
        self.hooks = self.extra = self.sums = None

    def note_levels(self, operands: Sequence[Value]) -> None:
        """Notes which operands are shared by samples that others have each their own of."""
        levels = [levels_of(one) for one in operands]
        every = sorted(set().union(*levels))
        sums = [[depth for depth in every if depth not in own] for own in levels]
        self.sums = sums if any(sums) else None

    def name(self) -> str:
        """As PyTorch calls it: "AddBackward0"."""
        return self.rule.name

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """For each input the node its gradient flows to, and which result of it the input is."""
        return tuple(
            (None, 0) if tape is None else (tape.target(), tape.index) for tape in self.edges
        )

    def __getattr__(self, name: str) -> Any:
        """A tensor that backward reads, as PyTorch names it: `_saved_` and its parameter, `self`
        for the first one, or `result`."""
        if name.startswith("_saved_"):
            if self.saved is None:
                raise RuntimeError(FREED)
            known = self._saved_names()
            if name in known:
                return self._saved_at(*known[name])
        raise AttributeError(f"'{self.name()}' object has no attribute '{name}'")

    def _saved_names(self) -> dict[str, tuple[int, Tape | None]]:
        """For each name the place of what is saved, and the tape of an input."""
        rule = getattr(self.rule, "rule", self.rule)  # hooks put a rule around it
        ins, outs = rule.kept(self.mask)
        given = dict(enumerate(getattr(rule, "names", ())))
        known = {}
        for place, at in enumerate(ins):
            for name in filter(None, (given.get(at), "self" if at == 0 else None)):
                known[f"_saved_{name}"] = place, self.edges[at]
        for place, at in enumerate(outs, len(ins)):
            known[f"_saved_result{at or ''}"] = place, None
        return known

    def _saved_at(self, place: int, tape: Tape | None) -> Any:
        packed = getattr(self.rule, "packed", None)
        if packed is not None:
            return packed[place].tensor()
        assert self.saved is not None
        return wrap(self.saved[3 * place], tape)  # noqa: F821

    def _sequence_nr(self) -> int:
        return self.seq

    def register_hook(self, fn: Callable[..., Any]) -> Any:
        """Calls `fn(grad_inputs, grad_outputs)` after each backward of the operation; a tuple
        that it returns takes the place of grad_inputs."""
        return _register(_hooks_of(self).after_hooks, fn)

    def register_prehook(self, fn: Callable[..., Any]) -> Any:
        """Calls `fn(grad_outputs)` before each backward of the operation; a tuple that it
        returns takes their place."""
        return _register(_hooks_of(self).before_hooks, fn)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


def levels_of(value: Value) -> list[int]:
    """How deep the functions are mapped whose samples a value is: see `tape/lanes.py`."""
    found = []
    below: Value | None = value
    while below is not None and below.meta.device.depth:
        found.append(below.meta.device.depth)
        below = getattr(below.array, "value", None)  # a constant has none
    return found


class NodeHooks:
    """The functions that see what comes into a node's backward and what goes out of it."""

    __slots__ = ("before_hooks", "after_hooks")

    def __init__(self) -> None:
        self.before_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()
        self.after_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()

    def before(self, gradients: Sequence[Any]) -> list[Any]:
        """The gradients of the results after the pre-hooks have seen them."""
        for hook in list(self.before_hooks.values()):
            gradients = _after_hook(hook, hook(_shown(gradients)), gradients)
        return list(gradients)

    def after(self, results: Sequence[Any], gradients: Sequence[Any]) -> list[Any]:
        """The gradients of the inputs after the hooks have seen them."""
        for hook in list(self.after_hooks.values()):
            results = _after_hook(hook, hook(_shown(results), _shown(gradients)), results)
        return list(results)


def _shown(gradients: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(None if one is None else wrap(*one) for one in gradients)  # noqa: F821


def _after_hook(hook: Callable[..., Any], changed: Any, gradients: Sequence[Any]) -> Sequence[Any]:
    """What a hook gave, as the walk carries gradients; what there was when it gave None."""
    if changed is None:
        return gradients
    if not isinstance(changed, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(changed).__name__}'")
    if len(changed) != len(gradients):
        raise RuntimeError(
            f"hook '{hook.__name__}' has returned an incorrect number of values "
            f"(got {len(changed)}, but expected {len(gradients)})"
        )
    return [None if one is None else one._gradient() for one in changed]


def _hooks_of(node: Node | AccumulateGrad) -> NodeHooks:
    if node.extra is None:
        node.extra = NodeHooks()
    return node.extra


def _register(hooks: OrderedDict[int, Callable[..., Any]], hook: Callable[..., Any]) -> Any:
    from compat.autograd.handle import RemovableHandle

    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


class Tape:
    """A tensor's part in the graph.

    node, index   the operation and which result of it the tensor is; None for a leaf
    requires      whether a gradient flows through
    extra         what few tensors have: `.grad`, hooks
    """

    __slots__ = ("node", "index", "requires", "extra", "__weakref__")

    is_view = is_volatile = False
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


class VolatileTape(Tape):
    """The tape of a tensor that keeps history away from all that is computed from it."""

    __slots__ = ()

    is_volatile = True


def volatile_tape() -> VolatileTape:
    """A new one; as the tape of a leaf it could be changed, so each tensor has its own."""
    tape = VolatileTape()
    tape.node, tape.index, tape.requires, tape.extra = None, 0, False, None
    return tape


class ViewTape(Tape):
    """The tape of a view: when its base is written, its history starts again from there.

    base      the tensor that is not a view
    made      "default", or why the view may not be written in place: "no_grad", "multi"
    version   of the storage, when the node was made
    asked     whether `requires_grad_` was called on the view: then it is a leaf of its own

    A view without a node requires gradients as its base does, but none arrives at it.
    """

    __slots__ = ("base", "made", "version", "asked")

    is_view = True
    base: Any
    made: str
    version: int
    asked: bool


class Extra:
    """The rarely used part of a tape."""

    __slots__ = ("grad", "hooks", "post_hooks", "owner", "retains", "stand_in")

    def __init__(self) -> None:
        self.grad: Any = None
        self.hooks: OrderedDict[int, Callable[..., Any]] | None = None
        self.post_hooks: OrderedDict[int, Callable[..., Any]] | None = None
        self.owner: ref[Any] | None = None
        self.retains = False
        self.stand_in: AccumulateGrad | None = None

    @property
    def node_hooks(self) -> NodeHooks | None:
        """The hooks of the leaf's accumulator."""
        return None if self.stand_in is None else self.stand_in.extra

    def accumulator(self, tape: Tape) -> AccumulateGrad:
        """The node that stands for the leaf in `next_functions`."""
        if self.stand_in is None:
            self.stand_in = AccumulateGrad(tape)
        return self.stand_in


class AccumulateGrad:
    """Stands in the graph for a leaf, whose `.grad` it adds to."""

    next_functions: tuple[Any, ...] = ()

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.extra: NodeHooks | None = None

    register_hook = Node.register_hook
    register_prehook = Node.register_prehook

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
