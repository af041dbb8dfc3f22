"""Views and in-place writes in the graph: how history is rewritten as PyTorch does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compat.core.size import contiguous_strides
from compat.engine import view as recipes
from compat.engine.recorder import local
from compat.engine.spec import spec
from compat.engine.value import Meta, meta
from compat.ops.declare import Geometry
from compat.tape.differentiate import Gradient, Rule, record, taped
from compat.tape.node import Node, Tape, ViewTape, _new, leaf_tape, result_tape, sequence


class ViewRule:
    """Backward of taking a view: the gradient goes back to where its elements came from."""

    __slots__ = ("name", "how", "starts", "fixed", "outs", "base", "view")

    def __init__(
        self, name: str, base: Meta, base_offset: int, view: Meta, view_offset: int,
        fixed: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self.how, self.starts, self.base = relative(base, base_offset, view, view_offset)
        self.fixed: tuple[int, ...] = ()
        if fixed:  # a piece of a split is always there: part of the program
            self.fixed, self.starts = self.starts, ()
        self.view = view
        self.outs = (view,)

    def kept(self, mask: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (), ()

    def entry(self, gradient: Meta) -> Any:
        """The spec that takes a gradient back; looked up by the geometry alone when it is known."""
        known = recipes.frame(self.base, self.view)
        key = ("back", self.how is known.how, gradient, self.fixed)
        is_its = self.how is known.how or self.how is known.gathering
        found = known.cached.get(key) if is_its else None
        if found is None:
            kinds = "i" * len(self.starts)
            found = _transposed(self.how, self.base, gradient, self.fixed, kinds)
            if is_its:
                known.cached[key] = found
        return found

    def pull(self, node: Node, gradients: Sequence[Gradient | None], create: bool) -> list[Any]:
        (gradient,) = gradients
        assert gradient is not None
        entry = self.entry(gradient[0].meta)
        made = record(entry, [gradient[0]], self.starts)
        if not create:
            return [(made[0], None)]
        rule = Rule(f"{self.name}Backward", entry, [gradient[0].meta])
        return taped(rule, made, [gradient[0]], [gradient[1]], self.starts)


class PutRule:
    """Backward of a write through a view into its base.

    The base's old gradient is the new one with the view's elements cleared; the gradient of
    what was written is the view of it.
    """

    __slots__ = ("how", "starts", "outs", "base", "view")

    name = "CopySlices"

    def __init__(self, base: Meta, base_offset: int, view: Meta, view_offset: int) -> None:
        self.how, self.starts, self.base = relative(base, base_offset, view, view_offset)
        self.view = view
        self.outs = (self.base,)

    def kept(self, mask: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (), ()

    def pull(self, node: Node, gradients: Sequence[Gradient | None], create: bool) -> list[Any]:
        (gradient,) = gradients
        assert gradient is not None
        results: list[Any] = [None, None]
        for at, (name, make) in enumerate((("clear", _clearing), ("read", _reading))):
            if node.edges[at] is None:
                continue
            how = self.how
            numbers = self.starts
            entry = spec(
                (name, how), f"view_{name}", lambda make=make, how=how: make(how),
                [gradient[0].meta],
                "i" * len(numbers),
            )  # fmt: skip
            made = record(entry, [gradient[0]], numbers)
            rule = Rule("CopySlicesBackward", entry, [gradient[0].meta])
            tapes = [gradient[1]] if create else [None]
            results[at] = taped(rule, made, [gradient[0]], tapes, numbers)[0]
        return results


def _clearing(how: Relation) -> Any:
    def clear(gradient: jax.Array, *starts: Any) -> jax.Array:
        zeros = jnp.zeros(how.shape, gradient.dtype)
        return _write(how, gradient, zeros, *starts)

    return clear


def _reading(how: Relation) -> Any:
    return lambda gradient, *starts: _read(how, gradient, *starts)


def _transposed(
    how: Relation, base: Meta, gradient: Meta, fixed: tuple[int, ...], kinds: str
) -> Any:
    def scatter(given: jax.Array, *starts: Any) -> jax.Array:
        zeros = jnp.zeros(base.shape, base.dtype.numpy)
        _, pull = jax.vjp(lambda x: _read(how, x, *(fixed or starts)), zeros)
        (moved,) = pull(given.conj() if jnp.iscomplexobj(given) else given)
        return moved.conj() if jnp.iscomplexobj(moved) else moved

    return spec(("view back", how, fixed), "view_backward", lambda: scatter, [gradient], kinds)


@dataclass(frozen=True)
class Gapped:
    """A view of a base that has gaps in memory, or that the view reaches out of.

    Both are views of the stretch of memory they lie in; what is not the base's there is zero.
    """

    base: recipes.Recipe
    begin: tuple[int, ...]
    view: recipes.Recipe

    @property
    def shape(self) -> tuple[int, ...]:
        return self.view.shape

    def stretch(self, base: jax.Array) -> jax.Array:
        """The memory around the base, which alone is set."""
        empty = jnp.zeros(self.base.stored, base.dtype)
        return recipes.write(self.base, empty, base, *map(np.int64, self.begin))


Relation = recipes.Recipe | Gapped


def _read(how: Relation, base: jax.Array, *starts: Any) -> jax.Array:
    """The view's elements, out of the base's."""
    if isinstance(how, Gapped):
        return recipes.read(how.view, how.stretch(base), *starts)
    return recipes.read(how, base, *starts)


def _write(how: Relation, base: jax.Array, new: jax.Array, *starts: Any) -> jax.Array:
    """The base's elements after the view has been overwritten by new."""
    if isinstance(how, Gapped):
        written = recipes.write(how.view, how.stretch(base), new, *starts)
        return recipes.read(how.base, written, *map(np.int64, how.begin))
    return recipes.write(how, base, new, *starts)


def relative(
    base: Meta, base_offset: int, view: Meta, view_offset: int
) -> tuple[Relation, tuple[int, ...], Meta]:
    """The recipe from a base tensor to a view of it, and the starts of its cuts."""
    begin, base_end = base_offset, base_offset + base.span
    end = view_offset + view.span
    inside = begin <= view_offset and end <= base_end
    if base.dense and (inside or not view.numel):
        how, starts = recipes.recipe(base, view, view_offset - base_offset)
        return how, starts, base
    lowest = min(begin, view_offset)
    stretch = meta((max(base_end, end) - lowest,), base.dtype, None, base.device)
    outer, fixed = recipes.recipe(stretch, base, base_offset - lowest)
    inner, starts = recipes.recipe(stretch, view, view_offset - lowest)
    return Gapped(outer, fixed, inner), starts, base


class Sight:
    """One way to look at a tensor of a certain geometry: what `view` and its like give.

    view    the geometry that is seen
    shift   how many elements behind the source's first one it begins
    how     maps any geometry of the source's shape to that of the view
    name    of the backward node
    made    "default", or "multi:<n>" for the n-th result of an op that gives several views
    rules   how a gradient goes back, and how it does for a piece of a split; made when needed
    """

    __slots__ = ("view", "shift", "how", "name", "made", "rules")

    def __init__(
        self,
        view: Meta,
        shift: int,
        how: Callable[[Geometry], Geometry],
        name: str,
        made: str = "default",
    ) -> None:
        self.view, self.shift, self.how, self.name, self.made = view, shift, how, name, made
        self.rules: list[ViewRule | None] = [None, None]

    def rule(self, source: Any, fixed: bool) -> ViewRule:
        """Takes a gradient of the view back to a source of the geometry that this is for."""
        one = source._meta
        base, begin, view, end = one, 0, self.view, self.shift
        if not one.contiguous and self.name != "AsStridedBackward0":
            shape = tuple(one.shape)
            base = meta(shape, one.dtype, None, one.device)
            logical = self.how(Geometry(shape, contiguous_strides(shape), 0))
            view = meta(logical.shape, one.dtype, logical.strides, one.device)
            end = logical.offset
        rule = ViewRule(self.name, base, begin, view, end, fixed)
        rule.outs = (self.view,)
        self.rules[fixed] = rule
        return rule


def view_tape(source: Any, sight: Sight) -> Tape:
    """The tape of a new view of a tensor."""
    grad = local.grad
    source_tape: Tape | None = source._tape
    tape = _new(ViewTape)
    tape.extra = tape.node = None
    tape.requires = tape.asked = False
    tape.index = 0
    tape.version = source._storage.version
    tape.made = made = sight.made if grad else "no_grad"
    if source_tape is None:
        tape.base = source
        return tape
    if grad and source_tape.is_view:
        source_tape = current(source)
    if source_tape.is_view:  # type: ignore[union-attr]
        tape.base = source_tape.base  # type: ignore[union-attr]
        if made == "default":
            inherited = source_tape.made  # type: ignore[union-attr]
            tape.made = made = "multi:0" if inherited.startswith("multi") else inherited
    else:
        tape.base = source
    view = sight.view
    if source_tape.requires and grad and view.differentiable:  # type: ignore[union-attr]
        source_tape = edge(source_tape)  # type: ignore[arg-type]
        fixed = made.startswith("multi")
        node = _new(Node)  # not by its constructor: this is the path of every view
        node.rule = sight.rules[fixed] or sight.rule(source, fixed)
        node.edges, node.mask, node.saved, node.numbers = (source_tape,), 1, (), ()
        node.outs, node.seq = (view,), next(sequence)
        node.hooks = node.extra = node.sums = None
        tape.node, tape.requires = node, True
    return tape


def requires_grad(view: Any) -> bool:
    """Whether a view needs a gradient: by its own history, as asked, or because its base does."""
    tape = view._tape
    return tape.node is not None or tape.asked or _follows(view)


def _follows(view: Any) -> bool:
    base_tape = view._tape.base._tape
    return base_tape is not None and base_tape.requires and view._meta.differentiable


def current(tensor: Any) -> Tape | None:
    """The tensor's tape, after what was written to its base."""
    tape = tensor._tape
    if tape is None or not tape.is_view:
        return tape
    if tape.node is None or tape.version != tensor._storage.version:
        refresh(tensor)
    return tensor._tape


def edge(tape: Tape) -> Tape:
    """What the graph keeps of a tape: of a view's its node alone, since the tape refers to the
    base, whose elements would live, and be results of the program, as long as the graph does."""
    if tape.is_view and tape.node is not None:
        return result_tape(tape.node, tape.index)
    return tape


def refresh(tensor: Any) -> None:
    """Gives a view whose base was written since a new history, starting from the base.

    RuntimeError when it was made in a way that history cannot follow.
    """
    tape = tensor._tape
    version = tensor._storage.version
    base = tape.base
    base_tape = base._tape
    follows = _follows(tensor)
    if tape.node is None:
        tape.requires = tape.asked or follows
    if tape.version == version or (tape.node is None and not follows):
        return
    if tape.made != "default":
        raise RuntimeError(_not_in_place(tape, "its base or another view of its base has been"))
    if follows:
        rule = ViewRule("AsStrided", base._meta, base._offset, tensor._meta, tensor._offset)
        rule.name = "AsStridedBackward0"
        new = _new(ViewTape)  # the old one may stand in the history of the base
        new.base, new.made, new.asked, new.extra = base, tape.made, tape.asked, tape.extra
        new.node = Node(rule, (base_tape,), (), (), (tensor._meta,))
        new.index, new.requires, new.version = 0, True, version
        tensor._tape = new
        return
    tape.version = version


def is_sink(tape: Tape) -> bool:
    """Whether gradients that arrive here are dropped: at a view that requires them only because
    its base does."""
    return tape.node is None and isinstance(tape, ViewTape) and not tape.asked


def check_writable(tensor: Any, gradient_flows: bool = False) -> None:
    """Refuses an in-place operation that autograd could not follow, in PyTorch's words.

    gradient_flows   whether what is written requires a gradient
    """
    tape = tensor._tape
    if tape is None or not local.grad:
        return
    if isinstance(tape, ViewTape):
        base_tape = tape.base._tape
        requires = requires_grad(tensor)
        if tape.made != "default" and (requires or gradient_flows):
            raise RuntimeError(_not_in_place(tape, "is being"))
        if requires and (base_tape is None or base_tape.node is None):
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place "
                "operation."
            )
        refresh(tensor)
        return
    if tape.requires and tape.node is None:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation."
        )


_MULTIPLE = (
    "This view is the output of a function that returns multiple views. Such functions do not "
    "allow the output views to be modified inplace. You should replace the inplace operation by "
    "an out-of-place one."
)
_AMBIGUOUS = (
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your "
    "code by moving both the view and the inplace either both inside the no_grad block (if you "
    "don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)


def _not_in_place(tape: ViewTape, done: str) -> str:
    several = tape.made.startswith("multi")
    why = _MULTIPLE if several else _AMBIGUOUS
    if tape.node is None:
        what = (
            f"A view was created in no_grad mode and {done} modified inplace with grad mode enabled"
        )
    else:
        name = tape.node.name().removesuffix("Backward0")
        if several:
            what = f"Output {tape.made[6:]} of {name} is a view and {done} modified inplace"
        else:
            what = (
                f"Output {tape.index} of {name} is a view of a view which was created in no_grad "
                f"mode and {done} modified inplace with grad mode enabled"
            )
    return f"{what}. {why}"


def rewrite(tensor: Any, written: Tape | None) -> None:
    """After a write: the tensor's history is now the written result's.

    written is the tape of the result of the operation, None when no gradient flows into it.
    The storage's version has already moved on.
    """
    tape = tensor._tape
    if not local.grad:
        return
    if not isinstance(tape, ViewTape):
        if written is not None:
            _replace(tensor, written)
        elif tape is not None and tape.node is not None:
            _replace(tensor, leaf_tape(False))
        return
    base = tape.base
    base_tape = base._tape
    if written is None and (base_tape is None or not base_tape.requires):
        return
    if base_tape is not None and not base_tape.requires:
        base_tape = None
    rule = PutRule(base._meta, base._offset, tensor._meta, tensor._offset)
    node = Node(rule, (base_tape, written), (), (), (base._meta,))
    _replace(base, result_tape(node, 0))
    tape.version = -1
    refresh(tensor)


def keep_overwritten(written: Tape, target: Any, temporary: Any) -> None:
    """Before a write: what the operation saved of the tensor it overwrites stays valid, since
    values are immutable; what it saved of its result is now the target's."""
    node = written.node
    if node is None or not node.saved:
        return
    saved = list(node.saved)
    for at in range(1, len(saved), 3):
        if saved[at] is target and saved[at + 1] == target.version:
            saved[at] = None
        elif saved[at] is temporary:
            saved[at], saved[at + 1] = target, target.version + 1
    node.saved = tuple(saved)


def _replace(tensor: Any, new: Tape) -> None:
    """Puts a new history in place of a tensor's old one; `.grad` stays."""
    old = tensor._tape
    if old is not None:
        new.extra = old.extra
        if new.extra is not None:
            new.extra.hooks = None
    tensor._tape = new

