"""The walk back through the graph, from results to leaves."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

from compat.core.dtype import TYPE_NAMES
from compat.engine.recorder import local, run_if_long
from compat.engine.spec import spec
from compat.engine.value import Meta, Value
from compat.tape import lanes
from compat.tape import node as graph
from compat.tape.differentiate import Gradient, Rule, record, taped
from compat.tape.history import PutRule, ViewRule, is_sink
from compat.tape.node import FREED, Extra, Node, Tape
from compat.tape.pieces import Piece, whole
from compat.tape.repeated import Uses

Hooks = OrderedDict[int, Callable[..., Any]]


def backward(
    roots: Sequence[tuple[Tape, Gradient]],
    targets: Sequence[Tape] | None = None,
    keep: bool = False,
    create: bool = False,
) -> list[Gradient | None]:
    """Sends gradients from the roots to the leaves, or to the targets only.

    keep     leaves what nodes saved in place, so that backward may be run again
    create   records the backward itself, so that it can be differentiated
    Without targets the gradients are added to the leaves' `.grad`; with targets they are given.
    """
    grad_before = local.grad
    outer = getattr(running, "walk", None)
    for tape, gradient in roots:
        node = tape.node
        if node is not None and gradient[0].meta.device.is_traced:
            if not (gradient[0].meta.device.depth or node.outs[tape.index].device.is_traced):
                raise Outside
    walk = _Walk(roots, targets, keep or getattr(running, "keep", False), create)
    try:  # what an interrupt may leave changed is changed in here
        local.grad, running.walk = create, walk
        return walk.run()
    finally:
        local.grad, running.walk = grad_before, outer
        run_if_long()


class Outside(Exception):
    """A gradient of a transformation meets a graph that was recorded outside of it."""


# walk: the innermost backward that runs in this thread; keep: whether graphs are kept in any case.
running = threading.local()
check: Callable[..., None] | None = None  # looks at each result while anomalies are hunted


class _Walk:
    """One backward pass."""

    def __init__(
        self,
        roots: Sequence[tuple[Tape, Gradient]],
        targets: Sequence[Tape] | None,
        keep: bool,
        create: bool,
    ) -> None:
        self.roots, self.targets = roots, targets
        self.keep, self.create = keep, create
        self.flowing: dict[Node, list[Gradient | None]] = {}
        self.heap: list[tuple[int, Node]] = []  # nodes that gradients have reached, latest first
        self.leaves: dict[Tape, Gradient] = {}
        self.uses = Uses()
        # For nodes and leaves what came back through views of them, and which results they are of.
        self.viewed: dict[Node | Tape, list[tuple[Tape, Piece]]] = {}
        self.caught: dict[tuple[Any, int], Gradient] = {}
        self.wanted = {_place(tape) for tape in targets} if targets is not None else None

    def run(self) -> list[Gradient | None]:
        for tape, gradient in self.roots:
            self.send(tape, gradient)
        useful = self.useful_nodes() if self.wanted is not None else None
        plain = useful is None and not self.create and check is None
        heap, flowing = self.heap, self.flowing
        viewed = self.viewed
        while heap:
            node = heappop(heap)[1]
            if node in viewed:
                self.join(node)
            gradients = flowing.pop(node)
            bare = node.hooks is None and node.extra is None and node.sums is None
            kind = type(node.rule) if plain and bare else None
            if kind is Rule:
                self.visit_plainly(node, gradients)
            elif kind is ViewRule:
                self.put_off(node, gradients[0][0])  # type: ignore[index]
            else:
                self.visit(node, gradients, useful)
        for place in list(viewed):
            self.join(place)
        for tape, gradient in self.uses.gradients():
            self.send(tape, gradient)
        if self.targets is None:
            for tape, gradient in self.leaves.items():
                more = tape.extra or tape.more()
                watched = more.hooks or more.post_hooks or more.stand_in is not None
                if watched or more.grad is not None:
                    self.accumulate(tape, gradient)
                else:  # each parameter of a training step
                    more.grad = graph.wrap(*gradient)
            return []
        return [self.result_of(tape) for tape in self.targets]

    def visit_plainly(self, node: Node, gradients: list[Gradient | None]) -> None:
        """What `visit` does for an op without hooks whose backward is not recorded: the path of
        every training step."""
        saved = node.saved
        if saved is None:
            raise RuntimeError(FREED)
        for at in range(1, len(saved), 3):
            storage = saved[at]
            if storage is not None and storage.version != saved[at + 1]:
                _check_versions(node)
        rule = node.rule
        if not node.mask:  # no gradient comes back to any operand
            return
        if len(gradients) == 1:
            given: tuple[int, ...] = (0,)
            operands = [*saved[::3], gradients[0][0]]  # type: ignore[index]
        else:
            given = tuple([at for at, one in enumerate(gradients) if one is not None])
            operands = [*saved[::3], *[one[0] for one in gradients if one is not None]]
        flowing, leaves = self.flowing, self.leaves
        mask, edges = node.mask, node.edges
        if rule.shared and edges[rule.weight] in leaves:  # used again
            gradient_values = operands[len(saved) // 3 :]
            parted = self.uses.put_off(node, given, gradient_values)
            if parted is not None:
                mask = parted.mask
                edges = [edge for at, edge in enumerate(edges) if mask >> at & 1]
                operands = [saved[at] for at in parted.early] + gradient_values
        if saved and not self.keep:
            node.saved = None
        if not mask:
            return
        plan = rule.plans.get((mask, given)) or rule.backward(mask, given)
        made = iter(record(plan[0], operands, node.numbers))
        for edge in edges:
            if edge is None:
                continue
            gradient = (next(made), None)
            target = edge.node
            if target is not None and target not in flowing and len(target.outs) == 1:
                flowing[target] = [gradient]
                heappush(self.heap, (-target.seq, target))
            elif target is None and edge not in leaves and not edge.is_view:
                leaves[edge] = gradient
            else:
                self.send(edge, gradient)

    def put_off(self, view: Node, gradient: Value) -> None:
        """Keeps the gradient of a view until the walk comes to what it is a view of."""
        (edge,) = view.edges
        assert edge is not None
        node = edge.node
        if node is not None and node not in self.flowing:
            self.flowing[node] = [None] * len(node.outs)
            heappush(self.heap, (-node.seq, node))
        piece = edge, (view.rule, gradient)
        self.viewed.setdefault(edge if node is None else node, []).append(piece)

    def join(self, place: Node | Tape) -> None:
        """Sends on what came back through views."""
        found = self.viewed.pop(place)
        edges = {edge.index: edge for edge, _ in found}
        for index, edge in edges.items():
            for value in whole([piece for one, piece in found if one.index == index]):
                self.send(edge, (value, None))

    def order(self) -> list[Node]:
        """Every node that can be reached, latest first."""
        seen: set[Node] = set()
        stack = [tape.node for tape, _ in self.roots if tape.node is not None]
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                for edge in node.edges:
                    if edge is not None and edge.node is not None and edge.node not in seen:
                        stack.append(edge.node)
        return sorted(seen, key=_time, reverse=True)

    def reached(self) -> set[Any]:
        """The nodes that gradients reach in this pass, and the tapes of the leaves."""
        nodes = set(self.order())
        if self.wanted is not None:
            nodes &= self.useful_nodes() | {place for place, _ in self.wanted}
        tapes = [edge for node in nodes for edge in node.edges if edge is not None]
        tapes += [tape for tape, _ in self.roots]
        leaves = {tape for tape in tapes if tape.node is None}
        if self.wanted is not None:
            leaves &= {place for place, _ in self.wanted}
        return nodes | leaves

    def useful_nodes(self) -> set[Node]:
        """The nodes through which gradients reach a target."""
        assert self.wanted is not None
        useful: set[Node] = set()
        for node in reversed(self.order()):
            for edge in node.edges:
                if edge is not None and (edge.node in useful or _place(edge) in self.wanted):
                    useful.add(node)
        return useful

    def visit(
        self, node: Node, gradients: list[Gradient | None], useful: set[Node] | None
    ) -> None:
        if node.hooks:
            self.run_hooks(node, gradients)
        if self.wanted is not None:
            for at, one in enumerate(gradients):
                if one is not None and (node, at) in self.wanted:
                    self.caught[node, at] = one
            if useful is not None and node not in useful:
                return
        if node.saved is None:
            raise RuntimeError(FREED)
        if node.saved:
            _check_versions(node)
        if node.extra is not None:
            gradients = node.extra.before(gradients)
        results = node.rule.pull(node, gradients, self.create)
        if check is not None:
            check(node, results)
        if node.extra is not None:
            results = node.extra.after(results, gradients)
        if node.sums is not None:
            results = [
                lanes.shared(one, *levels) if one is not None and levels else one
                for one, levels in zip(results, node.sums, strict=True)
            ]
        if not self.keep:
            node.saved = None if node.saved else node.saved
        for edge, result in zip(node.edges, results, strict=True):
            if edge is not None and result is not None:
                self.send(edge, result)

    def send(self, tape: Tape, gradient: Gradient) -> None:
        """Adds a gradient to what has arrived at a place so far."""
        node = tape.node
        if type(gradient[0]) is not Value and node is not None:
            _check_takes(node, gradient[0])
        if node is None:
            if tape.requires and not (tape.is_view and is_sink(tape)):
                before = self.leaves.get(tape)
                self.leaves[tape] = self.add(before, gradient) if before else gradient
            return
        buffer = self.flowing.get(node)
        if buffer is None:
            buffer = self.flowing[node] = [None] * len(node.outs)
            heappush(self.heap, (-node.seq, node))
        before = buffer[tape.index]
        buffer[tape.index] = self.add(before, gradient) if before else gradient

    def add(self, one: Gradient, other: Gradient) -> Gradient:
        if type(one[0]) is not Value or type(other[0]) is not Value:
            if type(one[0]) is not Value:  # a strided one comes first, as PyTorch wants it
                one, other = other, one
            return (graph.wrap(*one) + graph.wrap(*other))._gradient()
        entry, rule = _addition(one[0].meta, other[0].meta)
        operands = [one[0], other[0]]
        devices = [each.meta.device for each in operands]
        made = record(entry, operands, (), max(devices, key=lambda each: each.depth))
        if self.create:
            return taped(rule, made, operands, [one[1], other[1]], ())[0]
        return made[0], None

    def run_hooks(self, node: Node, gradients: list[Gradient | None]) -> None:
        assert node.hooks is not None
        for at, hooks in node.hooks.items():
            one = gradients[at]
            if one is not None:
                gradients[at] = through_hooks(hooks, one)

    def accumulate(self, tape: Tape, gradient: Gradient) -> None:
        """Adds to a leaf's `.grad`, in place as PyTorch does when it is not recorded."""
        extra = tape.more()
        if extra.hooks:
            gradient = through_hooks(extra.hooks, gradient)
        around = extra.node_hooks
        if around is not None:
            (gradient,) = around.before([gradient])
        before = extra.grad
        if before is None:
            extra.grad = graph.wrap(*gradient)
        elif self.create and before._answer is None:
            extra.grad = before + graph.wrap(*gradient)
        elif type(gradient[0]) is Value and before._answer is not None:
            extra.grad = graph.wrap(*gradient) + before
        else:
            before.add_(graph.wrap(*gradient))
        if around is not None:
            around.after((), [gradient])
        if extra.post_hooks and extra.owner is not None:
            for hook in list(extra.post_hooks.values()):
                hook(extra.owner())

    def result_of(self, tape: Tape) -> Gradient | None:
        if tape.node is not None:
            return self.caught.get((tape.node, tape.index))
        found = self.leaves.get(tape)
        if found is not None and tape.extra is not None and tape.extra.hooks:
            found = through_hooks(tape.extra.hooks, found)
        return found


def _check_takes(node: Node, gradient: Any) -> None:
    """NotImplementedError when a gradient that is not strided arrives where only strided ones
    are worked with."""
    if isinstance(node.rule, Rule | ViewRule | PutRule):
        raise NotImplementedError(
            f"{node.name()}: a gradient of the layout {gradient.layout}; compat takes them to "
            "leaves only"
        )


def _place(tape: Tape) -> tuple[Any, int]:
    return (tape if tape.node is None else tape.node, tape.index)


def _time(node: Node) -> int:
    return node.seq


def through_hooks(hooks: Hooks, gradient: Gradient) -> Gradient:
    """The gradient after each hook has seen it; what a hook returns takes its place."""
    for hook in list(hooks.values()):
        given = graph.wrap(*gradient)
        changed = hook(given)
        if changed is not None:
            gradient = changed._gradient()
    return gradient


def add_hook(tape: Tape, hook: Callable[..., Any]) -> Hooks:
    """Registers a function that sees the gradient at this tape; gives the table it is in."""
    if tape.node is None:
        extra: Extra = tape.more()
        if extra.hooks is None:
            extra.hooks = OrderedDict()
        return extra.hooks
    if tape.node.hooks is None:
        tape.node.hooks = {}
    return tape.node.hooks.setdefault(tape.index, OrderedDict())


def _addition(one: Meta, other: Meta) -> tuple[Any, Rule]:
    found = _additions.get((one, other))
    if found is None:
        entry = spec("accumulate", "accumulate", lambda: lambda a, b: a + b, [one, other])
        found = _additions[one, other] = entry, Rule("AddBackward0", entry, [one, other])
        if len(_additions) > 4_096:
            _additions.pop(next(iter(_additions)))
    return found


_additions: dict[tuple[Meta, Meta], tuple[Any, Rule]] = {}


def _check_versions(node: Node) -> None:
    """Refuses when something that backward reads was overwritten in place since."""
    saved = node.saved
    assert saved is not None
    for at in range(0, len(saved), 3):
        storage = saved[at + 1]
        if storage is not None and storage.version != saved[at + 2]:
            value: Value = saved[at]
            kind = TYPE_NAMES[value.meta.dtype]
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an "
                f"inplace operation: [torch.{kind}Tensor {list(value.meta.shape)}]"
                f"{_origin(node, at // 3)}, is at version {storage.version}; expected version "
                f"{saved[at + 2]} instead. Hint: {_hint(node)}"
            )


def _origin(node: Node, place: int) -> str:
    """Which result of which operation the overwritten tensor was, when there is telling."""
    ins, outs = node.rule.kept(node.mask)
    if place >= len(ins):
        return f", which is output {outs[place - len(ins)]} of {node.name()}"
    edge = node.edges[ins[place]]
    if edge is not None and edge.node is not None:
        return f", which is output {edge.index} of {edge.node.name()}"
    return ""


def _hint(node: Node) -> str:
    from_anomaly = getattr(node, "line", None)
    if from_anomaly:
        return (
            "the backtrace further above shows the operation that failed to compute its "
            "gradient. The variable in question was changed in there or anywhere later. Good luck!"
        )
    return (
        "enable anomaly detection to find the operation that failed to compute its gradient, "
        "with torch.autograd.set_detect_anomaly(True)."
    )
