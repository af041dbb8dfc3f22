"""A tensor that is looked at through many views: what comes back through them, joined.

Taken alone, the gradient of a view is one of the whole tensor that is zero around the view, and a
sum of these reads and writes the whole once for each view. So a walk keeps what arrives through
views until it comes to the tensor itself. Views that lie one behind the other and leave nothing
out, as the pieces of a `chunk` or the steps of a sequence, are put side by side; others are added
to one tensor of zeros, each where it lies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from compat.engine import view as recipes
from compat.engine.spec import spec
from compat.engine.value import Value
from compat.tape.differentiate import record
from compat.tape.history import ViewRule
from compat.tape.repeated import batches

Piece = tuple[ViewRule, Value]


def whole(pieces: Sequence[Piece]) -> Iterator[Value]:
    """Gradients of one tensor, of which the sum is that of what came back through its views."""
    fitting: list[Piece] = []
    for piece in pieces:
        if len(pieces) > 1 and _fits(*piece, *pieces[0]):
            fitting.append(piece)
        else:
            yield _alone(*piece)
    if len(fitting) == 1:
        yield _alone(*fitting.pop())
    places = _tiling([rule for rule, _ in fitting]) if fitting else None
    if places is not None:
        yield _side_by_side([fitting[place] for place in places])
        return
    for taken in batches(fitting):
        yield _added(taken)


def _fits(rule: ViewRule, gradient: Value, first: ViewRule, other: Value) -> bool:
    """Whether a piece can be joined with others: its elements are in different places."""
    how = rule.how
    return (
        isinstance(how, recipes.Recipe)
        and how.strides is None
        and not how.expanded
        and how.dtype is how.stored_dtype
        and rule.base is first.base
        and gradient.meta.device is other.meta.device
        and gradient.meta.numel > 0
    )


def _starts(rule: ViewRule) -> tuple[int, ...]:
    return rule.fixed or rule.starts


def _tiling(rules: Sequence[ViewRule]) -> list[int] | None:
    """The order in which views lie one behind the other, if they do and leave nothing out."""
    first: Any = rules[0].how
    axis = _axis(first)
    if axis is None or not first.fills:
        return None
    places = sorted(range(len(rules)), key=lambda place: _starts(rules[place]))
    end = 0
    for place in places:
        how: Any = rules[place].how
        if how.radices != first.radices or _axis(how) != axis or _starts(rules[place]) != (end,):
            return None
        end += how.cuts[axis]
    return places if end == first.radices[axis] else None


def _axis(how: Any) -> int | None:
    """The one axis of its frame that a view is cut along."""
    axes = [axis for axis, cut in enumerate(how.cuts) if cut is not None]
    return axes[0] if len(axes) == 1 else None


def _alone(rule: ViewRule, gradient: Value) -> Value:
    return record(rule.entry(gradient.meta), [gradient], rule.starts)[0]


def _side_by_side(pieces: Sequence[Piece]) -> Value:
    hows: tuple[Any, ...] = tuple([rule.how for rule, _ in pieces])
    axis = _axis(hows[0])
    assert axis is not None

    def make() -> Callable[..., jax.Array]:
        return lambda *gradients: recipes.tiled(hows, gradients, axis)

    gradients = [gradient for _, gradient in pieces]
    metas = [gradient.meta for gradient in gradients]
    entry = spec(("side by side", hows), "view_backward", make, metas)
    return record(entry, gradients)[0]


def _added(pieces: Sequence[Piece]) -> Value:
    hows: tuple[Any, ...] = tuple([rule.how for rule, _ in pieces])
    base = pieces[0][0].base

    def make() -> Callable[..., jax.Array]:
        def added(*given: Any) -> jax.Array:
            gradients, starts = given[: len(hows)], iter(given[len(hows) :])
            made = jnp.zeros(base.shape, base.dtype.numpy)
            for how, gradient in zip(hows, gradients, strict=True):
                begin = [next(starts) for cut in how.cuts if cut is not None]
                before = recipes.read(how, made, *begin)
                made = recipes.write(how, made, before + gradient, *begin)
            return made

        return added

    gradients = [gradient for _, gradient in pieces]
    metas = [gradient.meta for gradient in gradients]
    numbers = tuple([start for rule, _ in pieces for start in _starts(rule)])
    entry = spec(("added", base, hows), "view_backward", make, metas, "i" * len(numbers))
    return record(entry, gradients, numbers)[0]
