"""A declaration becomes its many forms: function, method, in-place, `out=`, operators.

Importing an op costs a closure. The function that binds arguments is generated from the
signature at the first call, since binding them by `inspect` would cost more than the call.
"""

from __future__ import annotations

import inspect
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from compat.core.dtype import dtype
from compat.core.promotion import can_cast
from compat.core.size import wrap_dim
from compat.engine.recorder import local
from compat.front import base
from compat.front.base import TensorBase, known, store
from compat.front.call import ABSENT, PLAN_LIMIT, Plan, code_of, device_of, plan_for, refuse_all
from compat.ops.declare import OPS, Op, Parameter
from compat.tape import history

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
    scope: dict[str, Any] = {
        "Base": TensorBase, "plans": plans, "slow": _slow_path(op, plans), "ABSENT": ABSENT,
        "into": _into(op), "in_bounds": _in_bounds(op), "__builtins__": __builtins__,
    }  # fmt: skip
    front = _lazily(op.name, scope, lambda: _source(op, scope))
    scope |= {"legacy": _legacy(op, front), "varied": _varied(op, front), "again": front}
    front.__doc__ = op.body.__doc__
    front.__wrapped__ = op.body  # type: ignore[attr-defined]
    front.op = op  # type: ignore[attr-defined]
    return front


def _source(op: Op, scope: dict[str, Any]) -> str:
    """The binder of an op: its signature, the look-up of the plan, the launch."""
    parameters = op.parameters
    head = ", ".join(_head(op, parameters, scope))
    keys = ", ".join(_key(parameter) for parameter in parameters)
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
        lines.append(f"  in_bounds({checked})")
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
            if parameter.name not in _ONCE.get(op.name, {}).values():
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


def _slow_path(op: Op, plans: dict[Any, Plan]) -> Callable[..., Any]:
    """The first call with these metas and settings: checks everything and makes the plan."""

    def slow(*given: Any) -> Any:
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
            return slow(*_with_a_tensor(op, given))
        where = device_of(tensors) if tensors else None
        if where is not None and not where.is_traced and any(
            each._meta.device is not where for each in tensors
        ):
            moved = [_moved(each, where) for each in dynamic]
            return slow(*_rejoined(op, given, moved))
        key = tuple(
            _settled_key(code, one) for code, one in zip(codes, dynamic, strict=True)
        ) + tuple(statics.values())
        plan = plans.get(("settled", key))
        if plan is None:
            plan = plan_for(op, codes, dynamic, statics)
            _keep(plans, ("settled", key), plan)
            if not looked and op not in _aside:
                _keep(plans, _raw_key(op, given), plan)
        return plan.launch(plan, *dynamic)

    return slow


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


def _in_bounds(op: Op) -> Callable[..., None]:
    """The check, at the call, of indices that the host knows; others are checked in the program.

    extras["bounds"] is the exception, its text, whether negative indices count from the end, and
    which arguments are the tensor, the dim (None for the flat order) and the index.
    """
    kind, text, negative, _ = op.extras.get("bounds", (IndexError, "", False, ""))

    def in_bounds(input: Any, dim: Any, index: Any) -> None:
        if not isinstance(index, TensorBase) or not isinstance(input, TensorBase):
            return
        array = known(index)
        if array is None or not array.size or array.dtype.kind not in "iu":
            return
        shape = input._meta.shape
        axis = 0 if dim is None else wrap_dim(dim, len(shape))
        size = input._meta.numel if dim is None else shape[axis] if shape else 1
        lowest = -size if negative else 0
        if array.min() < lowest or array.max() >= size:
            wrong = int(array[(array < lowest) | (array >= size)].flat[0])
            raise kind(text.format(index=wrong, dim=axis, size=size))

    return in_bounds


# Variations of a call.

# NumPy's names of parameters, which PyTorch takes too.
_SYNONYMS = {"axis": "dim", "keepdims": "keepdim", "axes": "dims", "x": "input", "x1": "input",
             "x2": "other", "self": "input", "a": "input"}  # fmt: skip


# Names that parameters had once.
_ONCE = {
    "cat": {"seq": "tensors", "sequence": "tensors"},
    "stack": {"seq": "tensors", "sequence": "tensors"},
    "tril": {"k": "diagonal"}, "triu": {"k": "diagonal"},
}  # fmt: skip
_RESULTS_ONCE = {"max": 0, "min": 0, "values": 0, "max_indices": 1, "min_indices": 1, "indices": 1}


def _varied(op: Op, front: Callable[..., Any]) -> Callable[..., Any]:
    once = _ONCE.get(op.name, {})

    def varied(extra: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        names = {parameter.name for parameter in op.parameters}
        renamed: dict[str, Any] = {}
        old_out: dict[int, Any] = {}
        for name, given in extra.items():
            known = once.get(name) or _SYNONYMS.get(name, name)
            if op.results == ("values", "indices") and name in _RESULTS_ONCE:
                if given is not None:
                    old_out[_RESULTS_ONCE[name]] = given
                continue
            if known not in names:
                raise TypeError(f"{op.name}() got an unexpected keyword argument '{name}'")
            renamed[known] = given
        bound = inspect.signature(op.body).bind(*args, **kwargs)
        bound.arguments.update(renamed)
        made = front(*bound.args, **bound.kwargs)
        if not old_out:
            return made
        for place, target in old_out.items():
            write_out(target, made[place])
        return type(made)(*(old_out.get(place, one) for place, one in enumerate(made)))

    return varied


def _legacy(op: Op, front: Callable[..., Any]) -> Callable[..., Any]:
    """Calls with positional scalars, as `add(input, alpha, other)`; each warns once."""
    if op.legacy is None:
        return lambda *_: None
    old = [name.strip() for name in op.legacy.partition("(")[2].rstrip(") ").split(",")]

    def legacy(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        scalars = [one.name for one in op.parameters if one.role.kind == "scalar"]
        arrays = [name for name in old if name not in scalars]
        numbers = [one for one in args if not isinstance(one, TensorBase)]
        tensors: list[Any] = [one for one in args if isinstance(one, TensorBase)]
        if len(tensors) < len(arrays):  # `add(tensor, 2, 3)`: a number stands for a tensor
            tensors.append(numbers.pop() if numbers else None)
        names = [name for name in old if name in scalars]
        if len(tensors) != len(arrays) or not 0 < len(numbers) <= len(names):
            raise TypeError(
                f"{op.name}() takes {len(op.parameters)} positional arguments but {len(args)} "
                "were given"
            )
        warnings.warn(
            f"This overload of {op.name} is deprecated:\n\t{op.legacy}\nConsider using one of "
            f"the following signatures instead:\n\t{op.name}{inspect.signature(op.body)}",
            UserWarning,
            stacklevel=3,
        )
        given = dict(zip(arrays, tensors, strict=True)) | dict(zip(names, numbers, strict=False))
        return front(**(keywords | given))

    return legacy


_NOT_INTO = (
    "{}(): functions with out=... arguments don't support automatic differentiation, but one of "
    "the arguments requires grad."
)


def _into(op: Op) -> Callable[..., Any]:
    """`out=`: the result is written into tensors that exist."""

    def into(out: Any, compute: Callable[[], Any], given: tuple[Any, ...]) -> Any:
        targets = [out] if isinstance(out, TensorBase) else list(out)
        for target in targets:
            if not isinstance(target, TensorBase):
                raise TypeError(
                    f"{op.name}(): argument 'out' must be Tensor, not {type(target).__name__}"
                )
            if target._tape is not None and target.requires_grad and local.grad:  # type: ignore[attr-defined]
                raise RuntimeError(_NOT_INTO.format(op.name))
        if local.grad and any(
            isinstance(each, TensorBase) and each.requires_grad  # type: ignore[attr-defined]
            for each in given
        ):
            raise RuntimeError(_NOT_INTO.format(op.name))
        made = compute()
        results = [made] if isinstance(made, TensorBase) else made
        if any(one._tape is not None and one.requires_grad for one in results):  # type: ignore
            raise RuntimeError(_NOT_INTO.format(op.name))
        if op.strides == "pointwise":
            for each in given:
                if isinstance(each, TensorBase):
                    if each is targets[0] and each._meta.shape != results[0]._meta.shape:
                        _refuse_shape(each, results[0])
                    refuse_shared(targets[0], each)
        return into_all(out, made)

    return into


def into_all(out: Any, made: Any) -> Any:
    """Puts one result, or several, into `out=` tensors, and gives those."""
    if isinstance(made, TensorBase):
        write_out(out, made)
        return out
    for target, result in zip(out, made, strict=True):
        write_out(target, result)
    return type(made)(*out) if hasattr(made, "_fields") else tuple(out)


def given_out(out: Any, made: Any) -> Any:
    """What an operation gives: what it made, in the `out=` tensors when there are any."""
    return made if out is None else into_all(out, made)


def write_out(target: Any, result: Any) -> None:
    """Puts a result into an `out=` tensor, which is resized when its shape differs."""
    if target._meta.device is not result._meta.device:
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, "
            f"{target._meta.device} and {result._meta.device}!"
        )
    check_cast(result._meta.dtype, target._meta.dtype)
    if 0 in target._meta.strides:
        refuse_overlap(target._meta)
    if target._meta.shape != result._meta.shape:
        if target._meta.numel:
            warnings.warn(
                f"An output with one or more elements was resized since it had shape "
                f"{list(target._meta.shape)}, which does not match the required output shape "
                f"{list(result._meta.shape)}. This behavior is deprecated, and in a future "
                "PyTorch release outputs will not be resized unless they have zero elements. "
                "You can explicitly reuse an out tensor t by resizing it, inplace, to zero "
                "elements with t.resize_(0).",
                UserWarning,
                stacklevel=4,
            )
        target.resize_(result._meta.shape)
    if result._meta.dtype is not target._meta.dtype:
        result = result.to(target._meta.dtype)
    store(target, fresh(result))


def fresh(result: Any) -> base.Value:
    """The value of a tensor that only the caller holds; copied when it is somebody's view."""
    value = result._storage.value
    if value.meta is result._meta:
        return value
    return base.value_of(result.clone())


def check_cast(from_: dtype, to: dtype) -> None:
    """Refuses to write a result into a type that cannot hold its kind of numbers."""
    if not can_cast(from_, to):
        raise RuntimeError(
            f"result type {_cast_name(from_)} can't be cast to the desired output type "
            f"{_cast_name(to)}"
        )


def _cast_name(one: dtype) -> str:
    from compat.core.dtype import TYPE_NAMES

    return TYPE_NAMES[one]


# In place.


def inplace_of(op: Op, function: Callable[..., Any]) -> Callable[..., Any]:
    """`f_(x, ...)`: the function's result takes the place of x's elements."""

    def front(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._tape is not None:
            history.check_writable(self)
        for each in args:
            if isinstance(each, TensorBase):
                refuse_shared(self, each)
        return assign(self, function(self, *args, **kwargs), op.name)

    front.__name__ = front.__qualname__ = f"{op.name}_"
    front.__doc__ = f"In-place version of `{op.name}`."
    return front


def assign(target: Any, result: Any, name: str = "") -> Any:
    """Overwrites a tensor with the result of an operation on it, history included."""
    mine, its = target._meta, result._meta
    if its.shape != mine.shape:
        _refuse_shape(target, result)
    if its.dtype is not mine.dtype:
        check_cast(its.dtype, mine.dtype)
        result = result.to(mine.dtype)
    if 0 in mine.strides and mine.numel > 1 and name not in _MAY_OVERLAP:
        refuse_overlap(mine)
    tape = result._tape
    if tape is not None:
        history.check_writable(target, gradient_flows=True)
        history.keep_overwritten(tape, target._storage, result._storage)
    store(target, fresh(result))
    if tape is not None or target._tape is not None:
        history.rewrite(target, tape)
    return target


def _refuse_shape(target: Any, result: Any) -> None:
    raise RuntimeError(
        f"output with shape {list(target._meta.shape)} doesn't match the broadcast shape "
        f"{list(result._meta.shape)}"
    )


_MAY_OVERLAP = {"zero", "fill", "detach"}


def refuse_overlap(one: Any) -> None:
    if any(n > 1 and stride == 0 for n, stride in zip(one.shape, one.strides, strict=True)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )


def one_cell(one: Any, other: Any) -> bool:
    """Whether two tensors share memory, through `.data` or not."""
    a, b = one._storage, other._storage
    return getattr(a, "target", a) is getattr(b, "target", b)


def refuse_shared(target: Any, source: Any) -> None:
    """RuntimeError when two dense views share some, but not all, of their memory."""
    if target._storage is not source._storage and not one_cell(target, source):
        return
    a, b = target._meta, source._meta
    if (a is b and target._offset == source._offset) or not (a.numel and b.numel):
        return
    if not (a.dense and b.dense):
        return
    if target._offset == source._offset and a.strides == b.strides and a.shape == b.shape:
        return
    if target._offset < source._offset + b.numel and source._offset < target._offset + a.numel:
        raise RuntimeError(
            "unsupported operation: some elements of the input tensor and the written-to tensor "
            "refer to a single memory location. Please clone() the tensor before performing the "
            "operation."
        )


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
        yield f"__r{name}__", lambda self, other: function(other, self)
    if op.inplace:
        yield f"__i{name}__", inplace_of(op, function)


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
