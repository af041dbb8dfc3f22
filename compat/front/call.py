"""The one path of every op: look up the plan of the call, record it, wrap the result.

What a call needs beyond its operands is worked out once for each combination of operand metas,
number kinds and settings, and kept as a plan. The steady path of `x + y` is one dictionary
look-up and a short generated function, about a microsecond.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from compat.core import device as devices
from compat.core import dtype as d
from compat.core.device import device
from compat.engine.recorder import TOO_LONG, local
from compat.engine.section import Section, user_line
from compat.engine.spec import Spec, spec
from compat.engine.storage import Storage
from compat.engine.value import Meta, Value, meta
from compat.front import base
from compat.front.base import TensorBase, read
from compat.ops.declare import Op, Parameter
from compat.ops.specialize import ZERO_DIVISION, Binding
from compat.tape import history
from compat.tape.differentiate import Rule
from compat.tape.node import Node, result_tape, sequence, volatile_tape

PLAN_LIMIT = 1_024  # plans an op keeps; the oldest falls out


class Plan:
    """What is known of a call before it is made."""

    __slots__ = ("spec", "device", "metas", "meta", "rule", "launch", "shape_of")

    spec: Spec
    device: device
    metas: tuple[Meta, ...]
    meta: Meta  # of the first result
    rule: Rule | None
    launch: Callable[..., Any]
    shape_of: Callable[[list[Any]], Any] | None


class Absent:
    """The default of a traced number that was not given."""

    def __repr__(self) -> str:
        return "..."


ABSENT = Absent()


# Making a plan.


def number_code(number: Any) -> str | None:
    """The kind of a Python (or NumPy) number as one letter, None when it is not one."""
    if isinstance(number, bool | np.bool_):
        return "b"
    if isinstance(number, int | np.integer):
        return "i"
    if isinstance(number, float | np.floating):
        return "f"
    if isinstance(number, complex | np.complexfloating):
        return "c"
    return None


def code_of(op: Op, parameter: Parameter, given: Any, call: Sequence[Any] = ()) -> str:
    """How an argument of a call travels; TypeError in PyTorch's words when it cannot."""
    role = parameter.role
    if isinstance(given, TensorBase):
        return "T" if role.kind != "arrays" else refuse(op, parameter, given, call)
    if given is ABSENT or (given is None and parameter.optional):
        return "-"
    if role.kind == "arrays":
        if not isinstance(given, list | tuple):
            return refuse(op, parameter, given, call)
        for at, each in enumerate(given):
            if not isinstance(each, TensorBase):
                raise TypeError(
                    f"expected Tensor as element {at} in argument 0, but got "
                    f"{type(each).__name__}"
                )
        return f"L{len(given)}"
    code = number_code(given)
    if code is None or (role.kind == "array" and role.numbers == "refused"):
        return refuse(op, parameter, given, call)
    return "N" if role.numbers == "static" else code


def refuse(op: Op, parameter: Parameter, given: Any, call: Sequence[Any]) -> str:
    """TypeError: in the words for one signature, or for the several that PyTorch has of an op
    that takes numbers in places of tensors."""
    if any(each.role.kind == "array" and each.role.numbers != "refused" for each in op.parameters):
        refuse_all(op, call)
    wanted = {"array": "Tensor", "arrays": "tuple of Tensors", "scalar": "Number"}
    place = [each.name for each in op.parameters].index(parameter.name) + 1
    raise TypeError(
        f"{op.name}(): argument '{parameter.name}' (position {place}) must be "
        f"{wanted[parameter.role.kind]}, not {type(given).__name__}"
    )


def refuse_all(op: Op, call: Sequence[Any]) -> None:
    """TypeError for arguments that fit none of an op's signatures."""
    given = [
        type(one).__name__
        for parameter, one in zip(op.parameters, call, strict=False)
        if one is not parameter.default and one is not ABSENT
    ]
    raise TypeError(
        f"{op.name}() received an invalid combination of arguments - got ({', '.join(given)}), "
        f"but expected one of:\n * ({op.name}{inspect.signature(op.body)})"
    )


def plan_for(op: Op, codes: Sequence[str], dynamic: Sequence[Any], statics: dict[str, Any]) -> Plan:
    """Works out everything about a call that does not depend on data."""
    parameters = [each for each in op.parameters if not each.is_static]
    tensors: list[TensorBase] = []
    for code, given in zip(codes, dynamic, strict=True):
        if code == "T":
            tensors.append(given)
        elif code[0] == "L":
            tensors += given
    metas = [tensor._meta for tensor in tensors]
    statics = dict(statics)
    for parameter, code, given in zip(parameters, codes, dynamic, strict=True):
        if code == "N":
            statics[parameter.name] = given
    types = [(one.dtype, len(one.shape)) for one in metas]
    binding = Binding(op, list(zip(parameters, codes, strict=True)), statics, types)
    kinds = binding.kinds()
    plan = Plan()
    plan.device = device_of(tensors)
    plan.spec = spec(binding.key(), op.name, lambda: binding.forward, metas, kinds, binding.guard)
    outs = plan.spec.outs[: len(plan.spec.outs) - plan.spec.guarded]
    plan.metas = tuple(placed(op, out, metas, plan.device) for out in outs)
    plan.meta = plan.metas[0]
    can_differ = op.differentiable and any(out.differentiable for out in outs)
    plan.rule = Rule(node_name(op), plan.spec, metas, binding) if can_differ and metas else None
    plan.shape_of = None
    single = not gives_several(plan.spec, op)
    plan.launch = launcher("".join(_pattern(code) for code in codes), single, plan.spec.guarded)
    if op.extras.get("masked") and d.uint8 in (one.dtype for one in metas[1:2]):
        plan.launch = _with_byte_mask(plan.launch, f"{op.name}_")
    if binding.divides == "number":
        plan.launch = _not_by_zero(plan.launch)
    if op.residuals:
        plan.shape_of = lambda results: tuple(results[: -op.residuals])
    if op.results:
        plan.shape_of = named_results(_results_name(op), op.results)
    return plan


BYTE_MASK = (
    "{} received a mask with dtype torch.uint8, this behavior is now deprecated,please use a mask "
    "with dtype torch.bool instead."
)
_said: set[str] = set()


def warn_byte(text: str, once: bool = False) -> None:
    """Warns of a uint8 tensor in the place of a bool one: each time, or once in a program."""
    if not (once and text in _said):
        _said.add(text)
        warnings.warn(text, UserWarning, stacklevel=5)


@cache
def _with_byte_mask(launch: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The launch of an operation whose mask is of type uint8."""

    def warned(plan: Plan, *given: Any) -> Any:
        warn_byte(BYTE_MASK.format(name))
        return launch(plan, *given)

    return warned


@cache
def _not_by_zero(launch: Callable[..., Any]) -> Callable[..., Any]:
    """The launch of a division of whole numbers by a Python number, which comes last."""

    def checked(plan: Plan, *given: Any) -> Any:
        if not given[-1] and plan.meta.numel:
            kind, text = ZERO_DIVISION
            raise kind(text)
        return launch(plan, *given)

    return checked


def gives_several(made: Spec, op: Op) -> bool:
    """Whether the op gives several results."""
    return len(made.outs) - made.guarded > 1 or bool(op.extras.get("tuple"))


def _results_name(op: Op) -> str:
    return f"linalg_{op.name}" if op.homes[0] == "linalg" else op.name


def node_name(op: Op) -> str:
    """PyTorch's name of the backward node: "AddBackward0"."""
    name = op.extras.get("node")
    return name or "".join(part.capitalize() for part in op.name.split("_")) + "Backward0"


def placed(op: Op, out: Meta, inputs: Sequence[Meta], where: device) -> Meta:
    """The meta of a result with the strides and device PyTorch would give it."""
    if op.strides == "pointwise":
        strides = elementwise_strides(out, inputs)
    elif callable(op.strides):
        strides = op.strides(out, *inputs)
    else:
        strides = None
    return meta(out.shape, out.dtype, strides, where)  # type: ignore


def elementwise_strides(out: Meta, inputs: Sequence[Meta]) -> tuple[int, ...] | None:
    """The layout of a pointwise result: the order of dimensions of the inputs, dense.

    Inputs of the result's shape and the same dense layout pass it on; otherwise dimensions are
    sorted by the strides of the inputs, the first input that tells two apart deciding.
    """
    same = [one for one in inputs if one.shape == out.shape]
    if all(one.contiguous for one in same) and same:
        return None
    if same and all(one.strides == same[0].strides for one in same) and same[0].dense:
        if len(same) == len(inputs):
            return same[0].strides
    rank = len(out.shape)
    steps = []
    for one in inputs:
        lead = rank - len(one.shape)
        if one.numel == 1 and rank:
            continue
        steps.append(
            [0] * lead
            + [0 if n == 1 and out.shape[lead + dim] != 1 else stride
               for dim, (n, stride) in enumerate(zip(one.shape, one.strides, strict=True))]
        )  # fmt: skip
    order = sorted_dims(out.shape, steps)
    strides, step = [0] * rank, 1
    for dim in order:
        strides[dim] = step
        step *= max(out.shape[dim], 1)
    return tuple(strides)


def sorted_dims(shape: Sequence[int], steps: Sequence[Sequence[int]]) -> list[int]:
    """Dimensions, fastest first, by an insertion sort that only moves on clear evidence."""

    def should_swap(a: int, b: int) -> int:
        for each in steps:
            if each[a] == 0 or each[b] == 0:
                continue
            if each[a] != each[b]:
                return 1 if each[a] > each[b] else -1
            if shape[a] > shape[b]:
                return 1
        return 0

    order = list(reversed(range(len(shape))))
    for i in range(1, len(order)):
        at = i
        for j in range(i - 1, -1, -1):
            verdict = should_swap(order[j], order[at])
            if verdict > 0:
                order[j], order[at] = order[at], order[j]
                at = j
            elif verdict < 0:
                break
    return order


@cache
def named_results(name: str, fields: tuple[str, ...]) -> Callable[[list[Any]], Any]:
    """The named tuple of an op's results, as `torch.return_types.max`."""
    from compat.front.results import result_type

    made = result_type(name, fields)
    return lambda results: made(*results)


# Recording.


def _pattern(code: str) -> str:
    return code if code in ("T", "-", "N", "b", "i", "f", "c") else f"L{code[1:]}."


def attach(
    plan: Plan,
    tensors: Sequence[TensorBase],
    values: Sequence[Value],
    results: Sequence[TensorBase],
    numbers: tuple[Any, ...],
) -> None:
    """Gives the results their node, when a gradient flows into any operand."""
    rule = plan.rule
    if rule is None:
        return
    edges: list[Any] = []
    mask, bit = 0, 1
    for tensor in tensors:
        tape = tensor._tape
        if tape is not None:
            if tape.is_view:
                tape = history.edge(history.current(tensor))  # type: ignore[arg-type]
            if tape.requires:  # type: ignore
                mask |= bit
            elif tape.is_volatile:  # type: ignore
                for result in results:
                    result._tape = volatile_tape()
                return
            else:
                tape = None
        edges.append(tape)
        bit += bit
    if not mask:
        return
    if rule.blind:
        mask &= ~rule.blind
        edges = [None if rule.blind >> at & 1 else edge for at, edge in enumerate(edges)]
    ins, outs = rule.saves.get(mask) or rule.kept(mask)
    saved: list[Any] = []
    for at in ins:
        storage = tensors[at]._storage
        saved += (values[at], storage, storage.version)
    for at in outs:
        storage = results[at]._storage
        saved += (storage.value, storage, 0)
    node = _new(Node)  # not by its constructor: this is the path of every op
    node.rule, node.edges, node.mask, node.saved = rule, edges, mask, saved
    node.numbers, node.outs, node.seq = numbers, plan.metas, next(sequence)
    node.hooks = node.extra = node.sums = None
    if plan.device.depth:
        node.note_levels(values)
    if watchers:
        for watcher in watchers:
            watcher(node, tensors, ins)
    for at, result in enumerate(results):
        if result._meta.differentiable:
            result._tape = result_tape(node, at)


_new = object.__new__
# Called with each new node, the operands, and which of them it saves: few programs have any.
watchers: list[Callable[[Node, Sequence[TensorBase], Sequence[int]], None]] = []


def too_long() -> None:
    """Keeps the memory of a program that never looks bounded."""
    local.recorder.flush()


@cache
def launcher(pattern: str, single: bool, guarded: bool) -> Callable[..., Any]:
    """A function that records a call whose arguments have this pattern.

    It is generated, since a loop over the arguments would double the cost of a call.
    """
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        end = pattern.index(".", at) + 1 if pattern[at] == "L" else at + 1
        parts.append(pattern[at:end])
        at = end
    names = [f"a{n}" for n in range(len(parts))]
    lines = [
        f"def launch(plan{''.join(', ' + name for name in names)}):",
        "  section = local.section",
        "  if section.device is not plan.device: section = local.recorder.open(plan.device)",
        "  leaves = section.leaves.get",
        *(["  meta = plan.meta"] if single else []),
    ]
    places, values, tensors, numbers = [], [], [], []
    for name, part in zip(names, parts, strict=True):
        if part == "T":
            lines += [
                f"  v{name} = {name}._storage.value",
                f"  if v{name}.meta is not {name}._meta: v{name} = read({name})",
                f"  p{name} = v{name}.slot if v{name}.section is section "
                f"else leaves(v{name}) or section.leaf(v{name})",
            ]
            places.append(f"p{name}")
            values.append(f"v{name}")
            tensors.append(name)
        elif part[0] == "L":
            lines += [
                f"  v{name} = [base_value(each) for each in {name}]",
                f"  p{name} = [section.place(each) for each in v{name}]",
            ]
            places.append(f"*p{name}")
            values.append(f"*v{name}")
            tensors.append(f"*{name}")
        elif part in "bifc":
            numbers.append((part, name))
    lines += ["  values = section.values", "  try:"]
    for kind, name in numbers:
        if kind == "f":
            lines.append(f"    section.floats.append({name})")
        elif kind == "c":
            lines.append(f"    section.floats += ({name}.real, {name}.imag)")
        else:
            lines.append(f"    section.ints.append(int64({name}))")
    wired = "".join(f", {place}" for place in places)
    if single:
        lines += [
            "    value = new(Value); value.meta = meta; value.array = None",
            "    value.section = section; value.slot = len(values)",
            "    values.append(value)",
            *(["    check = section.result(plan.spec.outs[-1])"] if guarded else []),
            f"    section.wiring += (plan.spec{wired},)",
        ]
    else:
        lines += [
            "    made = [section.result(one) for one in plan.metas]",
            *(["    check = section.result(plan.spec.outs[-1])"] if guarded else []),
            f"    section.wiring += (plan.spec{wired},)",
        ]
    lines += ["  except BaseException:", "    section.repair(); raise"]
    if guarded:
        lines.append("  section.checks.append((check, plan.spec, user_line())); del check")
    if single:
        lines += [
            "  storage = new(Storage); storage.value = value; storage.version = 0",
            "  result = new(Tensor); result._storage = storage",
            "  result._meta = meta; result._offset = 0; result._tape = None",
        ]
    else:
        lines += ["  results = [wrap(each) for each in made]", "  del made"]
    plain = [name for name, part in zip(names, parts, strict=True) if part == "T"]
    lists = [name for name, part in zip(names, parts, strict=True) if part[0] == "L"]
    # Before the graph is made, which has to know of which functions operands are samples.
    lines += ["  if section.eager: local.recorder.run_now(section); from_checks()"]
    if plain or lists:
        flags = [f"{name}._tape is not None" for name in plain]
        flags += [f"any([each._tape is not None for each in {name}])" for name in lists]
        given = "".join(f"{name}, " for _, name in numbers)
        lines += [
            f"  if local.grad and ({' or '.join(flags)}):",
            f"    attach(plan, ({', '.join(tensors)},), ({', '.join(values)},), "
            f"{'(result,)' if single else 'results'}, ({given}))",
        ]
    lines += [
        "  if len(values) > TOO_LONG: too_long()",
        "  return result" if single else "  return plan.shape_of(results) if plan.shape_of "
        "else tuple(results)",
    ]
    scope = {
        "local": local, "read": read, "new": object.__new__, "Value": Value, "Storage": Storage,
        "Tensor": base.tensor_class, "base_value": base.value_of, "wrap": base.wrap,
        "attach": attach,
        "int64": wrapped_int, "user_line": user_line, "from_checks": base.from_checks,
        "too_long": too_long, "TOO_LONG": TOO_LONG,
    }  # fmt: skip
    exec(compile("\n".join(lines), f"<compat launcher {pattern}>", "exec"), scope)
    return scope["launch"]  # type: ignore[return-value]


def wrapped_int(number: Any) -> int:
    """A Python int as PyTorch takes it; RuntimeError beyond 64 bits."""
    number = int(number)
    if not -(2**63) <= number < 2**64:
        raise RuntimeError("Overflow when unpacking long long")
    return number if number < 2**63 else number - 2**64


def device_of(tensors: Sequence[TensorBase]) -> device:
    """The one device of all operands; 0-dim CPU tensors fit any."""
    found: device | None = None
    for tensor in tensors:
        where = tensor._meta.device
        if where.is_traced:  # everything concrete enters the trace as a constant
            depths = [one._meta.device for one in tensors if one._meta.device.is_traced]
            return max(depths, key=lambda one: one.depth)
        if found is None or (found.type == "cpu" and where.type != "cpu"):
            found = where
    for tensor in tensors:
        where = tensor._meta.device
        if found is not None and where is not found and (where.type != "cpu" or tensor._meta.shape):
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"{found} and {where}!"
            )
    return found or devices.default_device()


__all__ = ["ABSENT", "Plan", "Section", "attach", "code_of", "launcher", "plan_for"]
