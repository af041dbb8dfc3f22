"""The backward of an entry is one more entry: `jax.vjp` of the same function, on what it saves.

What a node saves is what its backward reads: the backward is traced once with every input, and
dead code tells which inputs it does not need. An op whose backward reads its result instead
(`exp`, `softmax`) declares the rule. Backward entries are specs like any other, so they are
differentiable themselves, and `create_graph` needs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import jaxpr_as_fun

from compat.core.device import device as Device
from compat.engine import disk
from compat.engine.recorder import local
from compat.engine.spec import SCALAR_AVALS, Spec, spec
from compat.engine.value import Meta, Value
from compat.ops.specialize import Binding, unbroadcast
from compat.tape.node import Node, Tape, result_tape

# A gradient on its way: its value, and its own tape when the backward is recorded.
Gradient = tuple[Value, "Tape | None"]


class Rule:
    """How to differentiate an entry.

    name      PyTorch's name of the node
    entry     the spec of the forward
    inputs    the metas of its arrays
    binding   the op it came from, when the op declares its own gradient
    names     the parameters that the arrays were given for, where each has one
    blind     a bit for each array that no gradient comes back to: `.grad` stays None
    samples   the dimensions along which arrays and results hold independent samples, if they do
    shared    a bit for each array, as a weight, that all samples share; then `weight` is the first
    """

    __slots__ = (
        "names", "name", "entry", "inputs", "binding", "blind", "plans", "saves", "outs", "traces",
        "call", "samples", "shared", "weight", "parted",
    )  # fmt: skip

    def __init__(
        self, name: str, entry: Spec, inputs: Sequence[Meta], binding: Binding | None = None
    ) -> None:
        self.name, self.entry, self.inputs = name, entry, tuple(inputs)
        codes = binding.codes if binding else ()
        self.names = tuple(parameter.name for parameter, code in codes if code == "T")
        self.binding = binding if binding and binding.op.backward else None
        blind = binding.op.extras.get("blind") if binding else None
        self.blind: int = blind(binding.statics, *self.inputs) if binding and blind else 0
        self.outs = entry.outs[: len(entry.outs) - entry.guarded]
        self.plans: dict[Any, tuple[Spec, Rule | None]] = {}
        self.saves: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self.traces: dict[int, Any] = {}  # by mask, the backward of all results as a jaxpr
        self.call = binding
        self.samples = binding.samples(self.inputs, self.outs) if binding else None
        dims = self.samples[0] if self.samples else []
        places = [at for at, dim in enumerate(dims) if dim is None]
        self.shared = sum(1 << at for at in places)
        self.weight = min(places, default=0)
        self.parted: dict[Any, Any] = {}  # what `repeated` knows of backwards in two parts

    def kept(self, mask: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Which inputs and which results backward reads when these inputs need gradients."""
        found = self.saves.get(mask)
        if found is None:
            found = self.saves[mask] = self._find_kept(mask)
        return found

    def _find_kept(self, mask: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if self.binding:
            needs = self.binding.rule_needs()
            ins = tuple(sorted({at for where, at in needs if where == "in"}))
            return ins, tuple(sorted({at for where, at in needs if where == "out"}))
        place = disk.mark("kept", self.entry, mask)
        known = disk.recall(place)
        if known is not None:
            return tuple(known), ()
        everything = tuple(range(len(self.inputs)))
        function = self._by_vjp(mask, everything, self.cotangents)
        avals = [one.aval for one in self.inputs]
        avals += [self.outs[at].aval for at in self.cotangents]
        avals += [SCALAR_AVALS[kind] for kind in self.entry.kinds]
        with jax.enable_x64(True):
            traced = jax.make_jaxpr(function)(*avals)
        read = _inputs_read(traced.jaxpr)
        self.traces[mask] = _without_unread(traced)
        kept = tuple(at for at in everything if read[at])
        disk.remember(place, kept)
        return kept, ()

    @property
    def cotangents(self) -> tuple[int, ...]:
        """The results that gradients may arrive at."""
        return tuple(at for at, out in enumerate(self.outs) if out.differentiable)

    def backward(self, mask: int, given: tuple[int, ...]) -> tuple[Spec, Rule | None]:
        """The backward entry for these inputs and these incoming gradients."""
        found = self.plans.get((mask, given))
        if found is None:
            ins, outs = self.kept(mask)
            traced = self.traces.pop(mask, None) if given == self.cotangents else None
            make: Callable[[], Callable[..., Any]]
            if self.binding:
                make = lambda: self._by_rule(mask, ins, outs, given)  # noqa: E731
            elif traced is not None:
                make = lambda: self._as_traced(traced, ins)  # noqa: E731
            else:
                make = lambda: self._by_vjp(mask, ins, given)  # noqa: E731
            metas = [self.inputs[at] for at in ins]
            metas += [self.outs[at] for at in (*outs, *given)]
            made = spec(
                ("backward", self.entry, mask, given), f"{self.entry.name}_backward",
                make, metas, self.entry.kinds,
            )  # fmt: skip
            found = self.plans[mask, given] = made, Rule(f"{self.name}Backward", made, metas)
        return found

    def _by_vjp(self, mask: int, ins: Sequence[int], given: Sequence[int]) -> Callable[..., Any]:
        """The gradients of the masked inputs, from saved inputs, gradients and numbers."""
        count = len(self.inputs)
        wanted = [at for at in range(count) if mask >> at & 1]
        has_check = self.entry.guarded

        def backward(*operands: Any) -> Any:
            arrays = self._inputs_of(ins, operands)
            cotangents = dict(zip(given, operands[len(ins) :], strict=False))
            numbers = operands[len(ins) + len(given) :]

            def forward(*chosen: Any) -> Any:
                full = list(arrays)
                for at, array in zip(wanted, chosen, strict=True):
                    full[at] = array
                made = self.entry.run(*full, *numbers)
                made = made if isinstance(made, tuple) else (made,)
                return made[:-1] if has_check else made

            _, pull = jax.vjp(forward, *[arrays[at] for at in wanted])
            flowing = tuple(
                _conjugate(cotangents[at]) if at in cotangents else _zero(one)
                for at, one in enumerate(self.outs)
            )
            return tuple(_conjugate(gradient) for gradient in pull(flowing))

        return backward

    def _as_traced(self, traced: Any, ins: Sequence[int]) -> Callable[..., Any]:
        """The same, as it was traced to find out what it reads: tracing a vjp is dear."""
        function = jaxpr_as_fun(traced)

        def backward(*operands: Any) -> Any:
            return tuple(function(*self._inputs_of(ins, operands), *operands[len(ins) :]))

        return backward

    def _inputs_of(self, ins: Sequence[int], operands: Sequence[Any]) -> list[Any]:
        """The forward's arrays: the first operands are the saved ones, no others are read."""
        saved = dict(zip(ins, operands, strict=False))
        return [
            saved[at] if at in saved else jnp.zeros(one.shape, one.dtype.numpy)
            for at, one in enumerate(self.inputs)
        ]

    def _by_rule(
        self, mask: int, ins: Sequence[int], outs: Sequence[int], given: Sequence[int]
    ) -> Callable[..., Any]:
        binding = self.binding
        assert binding is not None

        def backward(*operands: Any) -> Any:
            rest = list(operands)
            saved = {at: rest.pop(0) for at in ins}
            results = {at: rest.pop(0) for at in outs}
            flowing: list[Any] = [None] * len(self.outs)
            for at in given:
                flowing[at] = rest.pop(0)
            made = binding.rule(flowing, saved, results, rest)
            made += [None] * (len(self.inputs) - len(made))
            return tuple(
                _fitted(gradient, self.inputs[at])
                for at, gradient in enumerate(made)
                if mask >> at & 1
            )

        return backward

    # Running it.

    def pull(self, node: Node, gradients: Sequence[Gradient | None], create: bool) -> list[Any]:
        """Records the backward entry and gives a gradient for each edge, None where none flows."""
        mask = node.mask
        if not mask:
            return [None] * len(node.edges)
        given = tuple([at for at, one in enumerate(gradients) if one is not None])
        entry, rule = self.backward(mask, given)
        saved = node.saved
        assert saved is not None
        operands = [*saved[::3], *[one[0] for one in gradients if one is not None]]
        made = iter(record(entry, operands, node.numbers))
        if create:
            ins, outs = self.kept(mask)
            tapes: list[Tape | None] = [node.edges[at] for at in ins]
            tapes += [
                result_tape(node, at) if self.outs[at].differentiable else None for at in outs
            ]
            tapes += [one[1] for one in gradients if one is not None]
            made = iter(taped(rule, list(made), operands, tapes, node.numbers))
            return [None if edge is None else next(made) for edge in node.edges]
        return [None if edge is None else (next(made), None) for edge in node.edges]


def record(
    entry: Spec,
    operands: Sequence[Value],
    numbers: tuple[Any, ...] = (),
    device: Device | None = None,
) -> list[Value]:
    """Records an entry into the section of its device: that of its operands, if it has any. The
    last one, as gradients are, is as deep as any in functions that are mapped."""
    if device is None:
        device = operands[-1].meta.device
    section = local.section
    if section.device is not device:
        section = local.recorder.open(device)
    made = section.append(entry, operands, numbers)
    if section.eager:
        local.recorder.run_now(section)
    return made


def taped(
    rule: Any,
    made: list[Value],
    operands: Sequence[Value],
    tapes: Sequence[Tape | None],
    numbers: tuple[Any, ...],
) -> list[Gradient]:
    """Recorded results with the node that differentiates them, when any operand needs it."""
    edges = tuple(tape if tape is not None and tape.requires else None for tape in tapes)
    mask = sum(1 << at for at, edge in enumerate(edges) if edge is not None)
    if not mask:
        return [(value, None) for value in made]
    ins, outs = rule.kept(mask)
    saved: list[Any] = []
    for value in [*[operands[at] for at in ins], *[made[at] for at in outs]]:
        saved += (value, None, 0)
    node = Node(rule, edges, tuple(saved), numbers, rule.outs)
    if operands[-1].meta.device.depth:
        node.note_levels(operands)
    return [
        (value, result_tape(node, at) if value.meta.differentiable else None)
        for at, value in enumerate(made)
    ]


def _conjugate(gradient: Any) -> Any:
    """PyTorch's gradients of complex numbers are the conjugates of JAX's."""
    return gradient.conj() if jnp.iscomplexobj(gradient) else gradient


def _zero(meta: Meta) -> Any:
    if meta.differentiable:
        return jnp.zeros(meta.shape, meta.dtype.numpy)
    return np.zeros(meta.shape, jax.dtypes.float0)


def _fitted(gradient: Any, meta: Meta) -> Any:
    """A gradient in the shape and type of its input; zeros where the rule gives none.

    A rule that gives an exception in the place of a gradient has it raised here."""
    if isinstance(gradient, Exception):
        raise gradient
    if gradient is None:
        return jnp.zeros(meta.shape, meta.dtype.numpy)
    gradient = unbroadcast(gradient, meta.shape)
    if jnp.iscomplexobj(gradient) and not meta.dtype.is_complex:
        gradient = gradient.real
    return gradient.astype(meta.dtype.numpy)


def _without_unread(closed: Any) -> Any:
    """A closed jaxpr without the equations that its results do not depend on."""
    wanted = {id(var) for var in closed.jaxpr.outvars}
    kept = []
    for equation in reversed(closed.jaxpr.eqns):
        if equation.effects or any(id(var) in wanted for var in equation.outvars):
            kept.append(equation)
            wanted.update(map(id, equation.invars))
    return closed.replace(jaxpr=closed.jaxpr.replace(eqns=kept[::-1]))


def _inputs_read(jaxpr: Any, used: list[bool] | None = None) -> list[bool]:
    """Which inputs of a jaxpr its results, or those that are used, depend on."""
    results = jaxpr.outvars
    wanted = {id(var) for at, var in enumerate(results) if used is None or used[at]}
    for equation in reversed(jaxpr.eqns):
        needs = [id(var) in wanted for var in equation.outvars]
        if not any(needs):
            continue
        inner = equation.params.get("jaxpr")
        if equation.primitive.name in ("jit", "pjit") and inner is not None:
            read = _inputs_read(getattr(inner, "jaxpr", inner), needs)
        else:
            read = [True] * len(equation.invars)
        wanted.update(id(var) for var, one in zip(equation.invars, read, strict=True) if one)
    return [id(var) in wanted for var in jaxpr.invars]
