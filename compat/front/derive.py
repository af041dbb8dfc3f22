"""A declaration becomes its many forms: function, method, in-place, operators.

Importing an op costs a closure. The function that binds arguments is generated from the
signature at the first call, since binding them by `inspect` would cost more than the call.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from compat.core.device import default_device
from compat.core.size import wrap_dim
from compat.engine.recorder import local
from compat.front.base import TensorBase, known
from compat.front.call import ABSENT, PLAN_LIMIT, Plan, code_of, device_of, plan_for, refuse_all
from compat.front.into import inplace_of, into_of
from compat.front.speaking import speakers, spoken
from compat.front.spellings import ONCE, legacy_of, varied_of
from compat.ops.declare import OPS, Op, Parameter

_EMPTY = inspect.Parameter.empty
_plans: dict[Op, dict[Any, Plan]] = {}  # every op's, so that they can be forgotten together
_aside: dict[Op, dict[Any, Plan]] = {}  # what `put_aside` took


def forget_plans() -> None:
    """After a change of the default type, which plans depend on."""
    for each in (*_plans.values(), *_aside.values()):
        each.clear()


def put_aside(ops: Iterable[Op]) -> None:
    """Makes all calls of these ops go the slow way, where autocast is, until `put_back`."""
    for op in ops:
        plans = _plans[op]
        _aside[op] = dict(plans) if plans else {}
        for key in [key for key in plans if key[0] != "settled"] if plans else ():
            del plans[key]


def put_back() -> None:
    """Makes calls go the fast way again."""
    for op, plans in _aside.items():
        if plans:
            _plans[op].update(plans)
    _aside.clear()


# The function.


def _stub(*args: Any, **kwargs: Any) -> Any:
    return __generate()(*args, **kwargs)  # type: ignore[name-defined]  # noqa: F821


def _lazily(name: str, scope: dict[str, Any], write: Callable[[], str]) -> Callable[..., Any]:
    """A function whose source is written, and put in its place, at the first call."""
    made = types.FunctionType(_stub.__code__, scope, name)

    def generate() -> Callable[..., Any]:
        text = write()
        fresh = dict(scope)
        exec(compile(text, f"<compat {name}>", "exec"), fresh)
        source = fresh[name]
        made.__code__ = source.__code__
        made.__defaults__, made.__kwdefaults__ = source.__defaults__, source.__kwdefaults__
        return made

    scope["__generate"] = generate
    return made


def function_of(op: Op) -> Callable[..., Any]:
    """The public function of an op."""
    plans: dict[Any, Plan] = {}
    _plans[op] = plans
    slow, refuse = _slow_path(op, plans, lambda: front)
    scope: dict[str, Any] = {
        "Base": TensorBase, "plans": plans, "slow": slow, "refuse": refuse, "ABSENT": ABSENT,
        "into": into_of(op), "in_bounds": _in_bounds(op), "default_device": default_device,
        "__builtins__": __builtins__,
    }  # fmt: skip
    front = _lazily(op.name, scope, lambda: _source(op, scope))
    scope |= {"legacy": legacy_of(op, front), "varied": varied_of(op, front), "again": front}
    front.__doc__ = op.body.__doc__
    front.__wrapped__ = op.body  # type: ignore[attr-defined]
    front.op = op  # type: ignore[attr-defined]
    return front


def _source(op: Op, scope: dict[str, Any]) -> str:
    """The binder of an op: its signature, the look-up of the plan, the launch."""
    parameters = op.parameters
    head = ", ".join(_head(op, parameters, scope))
    keys = ", ".join(_key(parameter) for parameter in parameters)
    if not _takes_tensors(op):
        keys += ", default_device()"
    dynamic = "".join(f", {each.name}" for each in parameters if not each.is_static)
    everything = ", ".join(parameter.name for parameter in parameters)
    lines = [f"def {op.name}({head}):"]
    if op.varargs:
        name = op.varargs
        lines.append(f"  if rest or isinstance({name}, int): {name} = ({name}, *rest)")
    elif op.legacy:
        lines.append(
            f"  if rest: return legacy(({_positional(parameters)}, *rest), {_keywords(parameters)})"
        )
    if "bounds" in op.extras:
        _, _, _, checked = op.extras["bounds"]
        lines.append(f"  wrong = in_bounds({checked})")
        lines.append(f"  if wrong is not None: refuse(wrong, {everything})")
    if op.out:
        lines.append(
            f"  if out is not None: return into(out, lambda: again({_passed(parameters)}), "
            f"({everything},))"
        )
    lines += [
        "  if extra: return varied(extra, " + _passed(parameters) + ")",
        "  try:",
        f"    plan = plans[{keys},]",
        "  except (KeyError, AttributeError, TypeError):",
        "    plan = None",
        f"  if plan is None: return slow({everything},)",
        f"  return plan.launch(plan{dynamic})",
    ]
    return "\n".join(lines)


def _head(op: Op, parameters: tuple[Parameter, ...], scope: dict[str, Any]) -> Iterator[str]:
    """The parameters as Python source, with defaults put into the scope."""
    starred = False
    for parameter in parameters:
        if parameter.keyword_only and not starred:
            starred = True
            yield "*rest" if op.legacy or op.varargs else "*"
        default = parameter.default
        if parameter.is_required:
            if parameter.name not in ONCE.get(op.name, {}).values():
                yield parameter.name
                continue
            default = ABSENT  # it may come by its old name
        if parameter.role.kind == "scalar" and default is not None:
            default = ABSENT
        scope[f"_{parameter.name}"] = default
        yield f"{parameter.name}=_{parameter.name}"
    if not starred and (op.legacy or op.varargs):
        starred = True
        yield "*rest"
    if op.out:
        if not starred:
            yield "*"
        yield "out=None"
    yield "**extra"


def _takes_tensors(op: Op) -> bool:
    """Whether tensors say where its results are; else the default device does, at each call."""
    return any(each.role.kind in ("array", "arrays") for each in op.parameters)


def _key(parameter: Parameter) -> str:
    """What the plan is looked up by: a meta, a kind of number, or the setting itself."""
    name, role = parameter.name, parameter.role
    if role.kind == "static":
        return name
    if role.kind == "arrays":
        return f"(*[each._meta for each in {name}],)"
    if role.kind == "array" and role.numbers == "refused" and not parameter.optional:
        return f"{name}._meta"
    other = f"(type({name}), {name})" if role.numbers == "static" else f"type({name})"
    return f"{name}._meta if isinstance({name}, Base) else {other}"


def _passed(parameters: tuple[Parameter, ...]) -> str:
    return ", ".join(
        f"{each.name}={each.name}" if each.keyword_only else each.name for each in parameters
    )


def _positional(parameters: tuple[Parameter, ...]) -> str:
    return ", ".join(each.name for each in parameters if not each.keyword_only)


def _keywords(parameters: tuple[Parameter, ...]) -> str:
    inner = ", ".join(f"'{each.name}': {each.name}" for each in parameters if each.keyword_only)
    return "{" + inner + "}"


def _slow_path(
    op: Op, plans: dict[Any, Plan], front: Callable[[], Callable[..., Any]]
) -> tuple[Callable[..., Any], Callable[..., None]]:
    """The first call with these metas and settings: checks everything and makes the plan; and
    the same for a call whose data are wrong, which is refused for the rest first."""

    def planned(*given: Any) -> tuple[Plan, list[Any]]:
        if local.casts is not None:
            given = local.casts(op, given)
        codes, dynamic, statics = [], [], {}
        tensors: list[TensorBase] = []
        looked = False
        for parameter, argument in zip(op.parameters, given, strict=True):
            if parameter.is_static:
                looked |= isinstance(argument, TensorBase)
                statics[parameter.name] = settled(op, parameter, argument)
                continue
            code = code_of(op, parameter, argument, given)
            codes.append(code)
            dynamic.append(argument)
            if code == "T":
                tensors.append(argument)
            elif code[0] == "L":
                tensors += argument
        if not tensors and op.promotes and not set(codes).isdisjoint("bifcN"):
            return planned(*_with_a_tensor(op, given))
        where = device_of(tensors) if tensors else None
        if where is not None and not where.is_traced and any(
            each._meta.device is not where for each in tensors
        ):
            moved = [_moved(each, where) for each in dynamic]
            return planned(*_rejoined(op, given, moved))
        key = tuple(
            _settled_key(code, one) for code, one in zip(codes, dynamic, strict=True)
        ) + tuple(statics.values())
        if not _takes_tensors(op):
            key += (default_device(),)
        plan = plans.get(("settled", key))
        if plan is None:
            plan = plan_for(op, codes, dynamic, statics)
            _keep(plans, ("settled", key), plan)
            if not looked and op not in _aside:
                _keep(plans, _raw_key(op, given), plan)
        return plan, dynamic

    def slow(*given: Any) -> Any:
        for each in given:
            if type(each) is list or type(each) is tuple:
                each = next((one for one in each if isinstance(one, TensorBase)), None)
            if isinstance(each, TensorBase) and each._answer is not None:
                return each._answer(op.name, (), _by_name(op, given))
        found = speakers(op, given)
        if found:
            return spoken(op, front(), found, given)
        plan, dynamic = planned(*given)
        return plan.launch(plan, *dynamic)

    def refuse(wrong: Exception, *given: Any) -> None:
        planned(*given)
        raise wrong

    return slow, refuse


def _by_name(op: Op, given: tuple[Any, ...]) -> dict[str, Any]:
    """The arguments of a call, those that are left out aside."""
    names = [parameter.name for parameter in op.parameters]
    return {name: one for name, one in zip(names, given, strict=True) if one is not ABSENT}


_OF_NUMBERS = ("add", "sub", "mul", "div", "true_divide", "floor_divide")


def _with_a_tensor(op: Op, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """A call with numbers alone: arithmetic makes the first a tensor, TypeError for the rest."""
    if op.name not in _OF_NUMBERS:
        refuse_all(op, given)
    from compat.front.create import tensor

    return tensor(given[0]), *given[1:]


def _keep(plans: dict[Any, Plan], key: Any, plan: Plan) -> None:
    try:
        plans[key] = plan
    except TypeError:  # a list among the settings: such calls come this way each time
        return
    if len(plans) > PLAN_LIMIT:
        plans.pop(next(iter(plans)))


def _raw_key(op: Op, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """The key as the generated function builds it."""
    key: list[Any] = []
    for parameter, argument in zip(op.parameters, given, strict=True):
        if parameter.is_static:
            key.append(argument)
        elif isinstance(argument, TensorBase):
            key.append(argument._meta)
        elif parameter.role.kind == "arrays" and argument is not None:
            key.append(tuple(each._meta for each in argument))
        elif parameter.role.numbers == "static":
            key.append((type(argument), argument))
        else:
            key.append(type(argument))
    if not _takes_tensors(op):
        key.append(default_device())
    return tuple(key)


def _settled_key(code: str, given: Any) -> Any:
    if code == "T":
        return given._meta
    if code[0] == "L":
        return tuple(each._meta for each in given)
    return (type(given), given) if code == "N" else code


def _moved(given: Any, where: Any) -> Any:
    if isinstance(given, TensorBase):
        return given if given._meta.device is where else given.to(where)  # type: ignore[attr-defined]
    return [_moved(each, where) for each in given] if isinstance(given, list | tuple) else given


def _rejoined(op: Op, given: tuple[Any, ...], dynamic: list[Any]) -> list[Any]:
    rest = iter(dynamic)
    return [
        argument if parameter.is_static else next(rest)
        for parameter, argument in zip(op.parameters, given, strict=True)
    ]


def settled(op: Op, parameter: Parameter, given: Any) -> Any:
    """A setting as the body takes it: sequences as tuples, tensors as numbers."""
    if isinstance(given, TensorBase):
        if given._meta.numel != 1:
            raise TypeError(
                f"{op.name}(): argument '{parameter.name}' must be a number, not Tensor"
            )
        return given.item()  # type: ignore[attr-defined]
    if isinstance(given, list | tuple):
        return tuple(settled(op, parameter, each) for each in given)
    return given


def _in_bounds(op: Op) -> Callable[..., Exception | None]:
    """The check, at the call, of indices that the host knows; others are checked in the program.

    extras["bounds"] is the exception, its text, whether negative indices count from the end, and
    which arguments are the tensor, the dim (None for the flat order) and the index.
    """
    kind, text, negative, _ = op.extras.get("bounds", (IndexError, "", False, ""))

    def in_bounds(input: Any, dim: Any, index: Any) -> Exception | None:
        if not isinstance(index, TensorBase) or not isinstance(input, TensorBase):
            return None
        array = known(index)
        if array is None or not array.size or array.dtype.kind not in "iu":
            return None
        shape = input._meta.shape
        axis = 0 if dim is None else wrap_dim(dim, len(shape))
        size = input._meta.numel if dim is None else shape[axis] if shape else 1
        lowest = -size if negative else 0
        low, high = np.minimum.reduce(array, None), np.maximum.reduce(array, None)
        if low < lowest or high >= size:
            wrong = int(array[(array < lowest) | (array >= size)].flat[0])
            return kind(text.format(index=wrong, dim=axis, size=size))
        return None

    return in_bounds


# Where the forms go.

FUNCTIONS: dict[str, dict[str, Callable[..., Any]]] = {}  # by home: "torch", "nn.functional", ...


def _operators(op: Op, function: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    name = op.dunder
    if name is None:
        return
    yield f"__{name}__", _operator(op, function, f"__{name}__")
    if op.extras.get("unary"):
        return
    if op.extras.get("reflected", True):
        yield f"__r{name}__", _reflected(f"__r{name}__", function)
    if op.inplace:
        yield f"__i{name}__", inplace_of(op, function)


def _reflected(name: str, function: Any) -> Callable[..., Any]:
    """The Python operator whose tensor stands on the right."""

    def reflected(self: Any, other: Any) -> Any:
        if not isinstance(self, TensorBase):
            raise TypeError(
                f"descriptor '{name}' for 'torch._C.TensorBase' objects doesn't apply to a "
                f"'{type(self).__name__}' object"
            )
        return function(other, self)

    reflected.__name__ = reflected.__qualname__ = name
    return reflected


def _operator(op: Op, function: Any, name: str) -> Callable[..., Any]:
    """The Python operator: as the function, but it leaves strange operands to their own class."""
    parameters = op.parameters
    count = 1 if op.extras.get("unary") else 2

    def careful(*operands: Any) -> Any:
        try:
            return function(*operands)
        except TypeError:
            if isinstance(operands[-1], TensorBase | int | float | complex):
                raise
            return NotImplemented

    scope: dict[str, Any] = dict(function.__globals__)
    scope["careful"] = careful

    def write() -> str:
        head = ", ".join(each.name for each in parameters[:count])
        defaults = []
        for each in parameters[count:]:
            scope[f"_{each.name}"] = ABSENT if each.role.kind == "scalar" else each.default
            defaults.append(f"{each.name} = _{each.name}")
        keys = ", ".join(_key(parameter) for parameter in parameters)
        dynamic = "".join(f", {each.name}" for each in parameters if not each.is_static)
        return "\n".join(
            [
                f"def {name}({head}):",
                *(f"  {default}" for default in defaults),
                "  try:",
                f"    plan = plans[{keys},]",
                "  except (KeyError, AttributeError, TypeError):",
                "    plan = None",
                f"  if plan is None: return careful({head})",
                f"  return plan.launch(plan{dynamic})",
            ]
        )

    return _lazily(name, scope, write)


def _acts_alone(op: Op) -> bool:
    """Whether the op changes one tensor element by element: such are functions in place, too."""
    written = op.body.__annotations__  # as text: reading the roles would double the import time
    traced = [name for name, text in written.items() if str(text).split(" ")[0] in _TRACED]
    return op.strides == "pointwise" and len(set(traced) - {"return"}) == 1


_TRACED = {"Array", "Arrays", "Promoted", "PromotedStatic", "Operand", "Floating", "Scalar"}


def derive(tensor: type) -> None:
    """Makes every form of every declaration and puts it in its homes."""
    for op in OPS.values():
        function = function_of(op)
        for home in op.homes:
            table = FUNCTIONS.setdefault(home, {})
            for name in (op.name, *op.aliases):
                table[name] = function
                if home == "Tensor":
                    setattr(tensor, name, function)
        if op.inplace:
            written = inplace_of(op, function)
            for name in (op.name, *op.aliases):
                setattr(tensor, f"{name}_", written)
                if "torch" in op.homes and (op.extras.get("torch_inplace") or _acts_alone(op)):
                    FUNCTIONS["torch"][f"{name}_"] = written
        for name, form in _operators(op, function):
            setattr(tensor, name, form)
