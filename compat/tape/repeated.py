"""A weight that is used again and again: the gradients of its uses as one product.

A network run step by step uses its weights in each step, and a backward that adds up a gradient
for each step reads and writes the whole weight's worth of memory every time. But the sum over
steps of `g.T @ x` is `G.T @ X`, with the rows of all steps below each other. So an op tells along
which dimension of its operands and results independent samples lie (`samples` in its
declaration), and from the second use of a weight on the walk puts its gradient off, to compute
that of a batch of all uses at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import jax.numpy as jnp

from compat.engine.spec import Spec, spec
from compat.engine.value import Meta, Value, meta
from compat.tape.differentiate import Gradient, Rule, record
from compat.tape.node import Node, Tape

T = TypeVar("T")


class Uses:
    """The uses whose gradients one walk has put off: for each op, and what they share, the operands
    of their backwards."""

    def __init__(self) -> None:
        self.waiting: dict[Any, list[list[Value]]] = {}

    def put_off(
        self, node: Node, given: tuple[int, ...], gradients: Sequence[Value]
    ) -> Parted | None:
        """Keeps what the gradients of the operands that uses share depend on. None when they have
        to be computed now."""
        rule: Rule = node.rule
        parted = rule.parted.get((node.mask, given))
        if parted is None:
            parted = rule.parted[node.mask, given] = Parted(rule, node.mask, given)
        weights = parted.weights
        edges = [node.edges[at] for at in weights.places]
        for edge in edges:
            if edge.node is not None or edge.is_view or not edge.requires:  # type: ignore[union-attr]
                return None
        saved = node.saved
        operands = [saved[at] for at in parted.late] + list(gradients)  # type: ignore[index]
        key = weights, node.numbers, *edges, *[operands[at] for at in weights.same]
        self.waiting.setdefault(key, []).append(operands)
        return parted

    def gradients(self) -> Iterator[tuple[Tape, Gradient]]:
        """What was put off: gradients, and where they flow."""
        for (weights, numbers, *rest), uses in self.waiting.items():
            for taken in batches(uses):
                operands = []
                for at, dim in enumerate(weights.dims):
                    operands += [use[at] for use in (taken if dim is not None else taken[:1])]
                made = record(weights.entry(len(taken)), operands, numbers)
                for edge, value in zip(rest, made, strict=False):
                    yield edge, (value, None)


def batches(uses: Sequence[T]) -> Iterator[Sequence[T]]:
    """Uses that are computed together, of few different counts, since each is a program of its
    own."""
    while uses:
        count = _as_many(len(uses))
        yield uses[:count]
        uses = uses[count:]


def _as_many(count: int) -> int:
    if count <= 8:
        return count
    most = 1 << count.bit_length() - 1
    return most + most // 2 if count >= most + most // 2 else most


class Parted:
    """A backward in two parts: what has to flow on at once, and the gradients of what uses share.

    mask     a bit for each operand of the first part
    early    where a node keeps what the first part reads
    late     and what the second does
    """

    def __init__(self, rule: Rule, mask: int, given: tuple[int, ...]) -> None:
        shared = mask & rule.shared
        self.mask = mask & ~shared
        weights = rule.parted.get((shared, given, "weights"))
        if weights is None:
            weights = rule.parted[shared, given, "weights"] = Weights(rule, shared, given)
        self.weights: Weights = weights
        saved = _read(rule, mask)
        self.early = [3 * saved.index(one) for one in _read(rule, self.mask)] if self.mask else []
        self.late = [3 * saved.index(one) for one in _read(rule, shared)]


class Weights:
    """The backward of what uses share.

    places   of the operands among the op's
    dims     for each thing that it reads the dimension of its samples
    same     places of those things that have none, since uses share them
    """

    def __init__(self, rule: Rule, shared: int, given: tuple[int, ...]) -> None:
        assert rule.samples is not None
        of_inputs, of_results = rule.samples
        self.rule, self.shared, self.given = rule, shared, given
        self.places = [at for at in range(len(rule.inputs)) if shared >> at & 1]
        read = _read(rule, shared) + [("out", at) for at in given]
        self.dims = [(of_inputs if kind == "in" else of_results)[at] for kind, at in read]
        self.metas = [(rule.inputs if kind == "in" else rule.outs)[at] for kind, at in read]
        self.same = [at for at, dim in enumerate(self.dims) if dim is None]
        self.entries: dict[int, Spec] = {1: rule.backward(shared, given)[0]}

    def entry(self, count: int) -> Spec:
        """That of so many uses at once: the op's own backward on a batch of them."""
        found = self.entries.get(count)
        if found is None:
            rule, dims = self.rule, self.dims
            widths = [1 if dim is None else count for dim in dims]
            metas = [
                one for one, width in zip(self.metas, widths, strict=True) for _ in range(width)
            ]

            def make() -> Callable[..., Any]:
                run = _for_samples(rule, count).backward(self.shared, self.given)[0].run

                def summed(*operands: Any) -> Any:
                    rest, whole = list(operands), []
                    for dim, width in zip(dims, widths, strict=True):
                        some = [rest.pop(0) for _ in range(width)]
                        whole.append(some[0] if dim is None else jnp.concatenate(some, dim))
                    return run(*whole, *rest)

                return summed

            key = "uses", rule.entry, self.shared, self.given, count
            name = f"{rule.entry.name}_backward"
            found = self.entries[count] = spec(key, name, make, metas, rule.entry.kinds)
        return found


def _read(rule: Rule, mask: int) -> list[tuple[str, int]]:
    """What backward reads for these operands, in order."""
    ins, outs = rule.kept(mask)
    return [*(("in", at) for at in ins), *(("out", at) for at in outs)]


def _for_samples(rule: Rule, count: int) -> Rule:
    """The rule of the op for as many times the samples."""
    assert rule.samples is not None and rule.call is not None
    call, metas = rule.call, []
    for one, dim in zip(rule.inputs, rule.samples[0], strict=True):
        metas.append(one if dim is None else _longer(one, dim, count))
    entry = spec(
        call.key(), call.op.name, lambda: call.forward, metas, rule.entry.kinds, call.guard
    )
    return Rule(rule.name, entry, metas, call)


def _longer(one: Meta, dim: int, count: int) -> Meta:
    shape = list(one.shape)
    shape[dim] *= count
    return meta(shape, one.dtype, None, one.device)
