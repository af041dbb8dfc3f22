"""Views and in-place writes in the graph: how history is rewritten as PyTorch does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from compat.engine import view as recipes
from compat.engine.recorder import local
from compat.engine.spec import spec
from compat.engine.value import Meta, meta
from compat.tape.differentiate import Gradient, Rule, record, taped
from compat.tape.node import Node, Tape, ViewTape, _new, result_tape


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

    def pull(self, node: Node, gradients: Sequence[Gradient | None], create: bool) -> list[Any]:
        (gradient,) = gradients
        assert gradient is not None
        entry = _transposed(self.how, self.base, gradient[0].meta, self.fixed)
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
                (name, how), f"view_{name}", lambda make=make: make(how), [gradient[0].meta],
                "i" * len(numbers),
            )  # fmt: skip
            made = record(entry, [gradient[0]], numbers)
            rule = Rule("CopySlicesBackward", entry, [gradient[0].meta])
            tapes = [gradient[1]] if create else [None]
            results[at] = taped(rule, made, [gradient[0]], tapes, numbers)[0]
        return results


def _clearing(how: recipes.Recipe) -> Any:
    def clear(gradient: jax.Array, *starts: Any) -> jax.Array:
        zeros = jnp.zeros(how.shape, gradient.dtype)
        return recipes.write(how, gradient, zeros, *starts)

    return clear


def _reading(how: recipes.Recipe) -> Any:
    return lambda gradient, *starts: recipes.read(how, gradient, *starts)


def _transposed(
    how: recipes.Recipe, base: Meta, gradient: Meta, fixed: tuple[int, ...] = ()
) -> Any:
    def scatter(given: jax.Array, *starts: Any) -> jax.Array:
        zeros = jnp.zeros(base.shape, base.dtype.numpy)
        _, pull = jax.vjp(lambda x: recipes.read(how, x, *(fixed or starts)), zeros)
        (moved,) = pull(given.conj() if jnp.iscomplexobj(given) else given)
        return moved.conj() if jnp.iscomplexobj(moved) else moved

    numbers = 1 if how.strides is not None else sum(cut is not None for cut in how.cuts)
    kinds = "" if fixed else "i" * numbers
    return spec(("view back", how, fixed), "view_backward", lambda: scatter, [gradient], kinds)


def relative(
    base: Meta, base_offset: int, view: Meta, view_offset: int
) -> tuple[recipes.Recipe, tuple[int, ...], Meta]:
    """The recipe from a base tensor, taken as dense, to a view of it."""
    if not is_dense(base):
        raise NotImplementedError(
            "compat does not rewrite the history of a base that is not dense in memory"
        )
    how, starts = recipes.recipe(base, view, view_offset - base_offset)
    return how, starts, base


def is_dense(one: Meta) -> bool:
    """Whether the elements fill a stretch of memory without gaps or overlap."""
    if one.numel == 0:
        return True
    pairs = sorted(
        (stride, size) for size, stride in zip(one.shape, one.strides, strict=True) if size != 1
    )
    step = 1
    for stride, size in pairs:
        if stride != step:
            return False
        step *= size
    return True


def view_tape(
    name: str,
    source: Any,
    view: Meta,
    view_offset: int,
    dense: Callable[[], tuple[Meta, int]],
    made: str = "default",
) -> Tape:
    """The tape of a new view of a tensor.

    source   the tensor it was taken of
    dense    gives the view's geometry as it would be if its source were row-major
    made     "default", or "multi:<n>" for the n-th result of an op that gives several views
    """
    source_tape: Tape | None = source._tape
    if source_tape is not None and source_tape.is_view:
        refresh(source)
    tape = _new(ViewTape)
    tape.extra, tape.node, tape.index, tape.requires = None, None, 0, False
    tape.version = source._storage.version
    tape.made = made if local.grad else "no_grad"
    if isinstance(source_tape, ViewTape):
        tape.base = source_tape.base
        if source_tape.made != "default":
            tape.made = source_tape.made
    else:
        tape.base = source
    if source_tape is not None and source_tape.requires and local.grad and view.differentiable:
        if source._meta.contiguous:
            target = view, view_offset - source._offset
        else:
            target = dense()
        logical = meta(source._meta.shape, source._meta.dtype, None, source._meta.device)
        rule = ViewRule(name, logical, 0, *target, tape.made.startswith("multi"))
        rule.outs = (view,)
        tape.node, tape.requires = Node(rule, (source_tape,), (), (), (view,)), True
    return tape


def refresh(tensor: Any) -> None:
    """Gives a view whose base was written since a new history, starting from the base."""
    tape = tensor._tape
    version = tensor._storage.version
    if tape.version == version:
        return
    base = tape.base
    base_tape = base._tape
    if base_tape is not None and base_tape.requires and tensor._meta.differentiable:
        rule = ViewRule("AsStrided", base._meta, base._offset, tensor._meta, tensor._offset)
        rule.name = "AsStridedBackward0"
        tape.node = Node(rule, (base_tape,), (), (), (tensor._meta,))
        tape.index, tape.requires = 0, True
    tape.version = version


def check_writable(tensor: Any) -> None:
    """Refuses an in-place operation that autograd could not follow, in PyTorch's words."""
    tape = tensor._tape
    if tape is None or not local.grad:
        return
    if isinstance(tape, ViewTape):
        refresh(tensor)
        base_tape = tape.base._tape
        requires = tape.requires or (base_tape is not None and base_tape.requires)
        if requires and tape.made != "default":
            raise RuntimeError(_not_in_place(tape, _name_of(tape)))
        if base_tape is not None and base_tape.requires and base_tape.node is None:
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place "
                "operation."
            )
    if tape.requires and tape.node is None:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation."
        )


def _name_of(tape: Tape) -> str:
    return tape.node.name() if tape.node is not None else "a view"


def _not_in_place(tape: ViewTape, name: str) -> str:
    if tape.made.startswith("multi"):
        return (
            f"Output {tape.made[6:]} of {name} is a view and is being modified inplace. This view is "
            "the output of a function that returns multiple views. Such functions do not allow "
            "the output views to be modified inplace. You should replace the inplace operation "
            "by an out-of-place one."
        )
    return (
        "A view was created in no_grad mode and is being modified inplace with grad mode "
        "enabled. Given that this use case is ambiguous and error-prone, it is forbidden. You "
        "can clarify your code by moving both the view and the inplace either both inside the "
        "no_grad block (if you don't want the inplace to be tracked) or both outside (if you "
        "want the inplace to be tracked)."
    )


def rewrite(tensor: Any, written: Tape | None) -> None:
    """After a write: the tensor's history is now the written result's.

    written is the tape of the result of the operation, None when no gradient flows into it.
    The storage's version has already moved on.
    """
    tape = tensor._tape
    version = tensor._storage.version
    if not local.grad:
        return
    if not isinstance(tape, ViewTape):
        if written is not None:
            _replace(tensor, written)
        elif tape is not None and tape.node is not None:
            tape.node, tape.requires = None, False
        return
    base = tape.base
    base_tape = base._tape
    if written is None and (base_tape is None or not base_tape.requires):
        tape.version = version
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

