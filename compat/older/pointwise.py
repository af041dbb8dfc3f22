"""Operators at level 0.4: no promotion, byte results, shapes of equal size, refusals in place."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import compat as torch
from compat.core.dtype import INTEGER, TYPE_NAMES
from compat.core.level import divide
from compat.front.base import TensorBase
from compat.front.call import ABSENT
from compat.front.derive import FUNCTIONS
from compat.ops.declare import OPS, Op

COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
ARITHMETIC = (
    "add", "sub", "mul", "div", "pow", "remainder", "fmod", "addcmul", "addcdiv", "lerp", "atan2",
    "rsub",
)  # fmt: skip


def generated(function: Any) -> Any:
    """A derived function with its code written: it cannot be divided before."""
    write = function.__globals__.get("__generate")
    if write is not None and function.__code__.co_name == "_stub":
        write()
    return function


# What all operators have in common.


def _type(one: Any) -> str:
    return f"torch.{TYPE_NAMES[one._meta.dtype].capitalize()}Tensor"


def _check_types(args: Sequence[Any], numbers: bool) -> list[Any]:
    """RuntimeError for operands of several types; 0-dim ones count as numbers of the first's."""
    first = next((each for each in args if isinstance(each, TensorBase)), None)
    if first is None:
        return list(args)
    kind = first._meta.dtype
    met = []
    for place, each in enumerate(args):
        if isinstance(each, TensorBase) and each._meta.dtype is not kind:
            if each._meta.shape or each._meta.dtype.category > kind.category:
                raise RuntimeError(
                    f"Expected object of type {_type(first)} but found type {_type(each)} for "
                    f"argument #{place + 1} 'other'"
                )
            each = each.to(kind)  # type: ignore[attr-defined]
        elif numbers and isinstance(each, float) and kind.category <= INTEGER:
            if each.is_integer():
                met.append(int(each))
                continue
            raise RuntimeError(
                f"a tensor of type {_type(first)} takes whole numbers only, not {each}"
            )
        met.append(each)
    return met


def _broadcasts(shapes: Sequence[Sequence[int]]) -> bool:
    for dim in range(1, max(map(len, shapes)) + 1):
        if len({shape[-dim] for shape in shapes if len(shape) >= dim} - {1}) > 1:
            return False
    return True


def level_sizes(name: str, args: Sequence[Any], level: int = 4) -> list[Any]:
    """Operands of equal counts whose shapes do not broadcast take the shape of the first."""
    tensors = [each for each in args if isinstance(each, TensorBase) and each._meta.shape]
    if len(tensors) < 2:
        return list(args)
    shape, count = tensors[0]._meta.shape, tensors[0]._meta.numel
    if all(each._meta.shape == shape for each in tensors):
        return list(args)
    equal = all(each._meta.numel == count for each in tensors)
    if _broadcasts([each._meta.shape for each in tensors]):
        if equal and torch.utils.backcompat.broadcast_warning.enabled:
            warnings.warn(
                f"{name}: the operands do not have the same shape, but are broadcastable, and "
                "have the same number of elements. Changing behavior in a backwards incompatible "
                "manner to broadcasting rather than viewing as 1-dimensional.",
                UserWarning,
                stacklevel=level,
            )
        return list(args)
    if not equal:
        return list(args)
    warnings.warn(
        f"{name}: the operands do not broadcast, but have the same number of elements; falling "
        "back to pointwise, in the shape of the first. This is deprecated.",
        UserWarning,
        stacklevel=level,
    )
    reshape = FUNCTIONS["torch"]["reshape"]
    return [
        reshape(each, shape) if isinstance(each, TensorBase) and each._meta.shape else each
        for each in args
    ]


def _prepared(op: Op, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """The operands as level 2 takes them."""
    names = [one for one in kwargs if one not in ("out", "rounding_mode", "alpha", "value")]
    numbers = op.name in ARITHMETIC
    everything = _check_types([*args, *(kwargs[one] for one in names)], numbers)
    everything = level_sizes(op.name, everything, 5)
    kwargs = kwargs | dict(zip(names, everything[len(args) :], strict=True))
    scale = [kwargs[one] for one in ("alpha", "value") if kwargs.get(one, ABSENT) is not ABSENT]
    _check_types([*everything[:1], *scale], numbers)
    if op.name == "div" and all(
        each._meta.dtype.category <= INTEGER for each in everything if isinstance(each, TensorBase)
    ):
        kwargs.setdefault("rounding_mode", "trunc")
    return everything[: len(args)], kwargs


def _function(op: Op) -> Any:
    """The level 2 form, which the library's own calls reach."""
    return FUNCTIONS[op.homes[0]][op.name]


def _operation(op: Op, swapped: bool = False) -> Callable[..., Any]:
    def older(newer: Any, *args: Any, **kwargs: Any) -> Any:
        operands = [each for each in args if isinstance(each, TensorBase | int | float | complex)]
        if len(operands) < len(args) and op.dunder:
            return newer(*args, **kwargs)  # operands of other classes find their own way
        given, settings = _prepared(op, args[::-1] if swapped else args, kwargs)
        made = _function(op)(*given, **settings)
        if op.name in COMPARISONS and settings.get("out") is None:
            return made.to(torch.uint8)
        return made

    return older


# In place.


def _needs_what_it_overwrites(op: Op, self: Any, args: Sequence[Any], kwargs: Any) -> bool:
    tape = _function(op)(self, *args, **kwargs)._tape
    node = None if tape is None else tape.node
    if node is None or node.rule is None:
        return False
    inputs, _ = node.rule.saves.get(node.mask) or node.rule.kept(node.mask)
    return 0 in inputs


def _check_shape(self: Any, args: Sequence[Any]) -> None:
    mine = self._meta.shape
    for each in args:
        if not isinstance(each, TensorBase) or not _broadcasts([mine, each._meta.shape]):
            continue
        its = each._meta.shape
        for dim in range(1, len(mine) + 1):
            if len(its) >= dim and its[-dim] not in (1, mine[-dim]):
                raise RuntimeError(
                    f"The expanded size of the tensor ({mine[-dim]}) must match the existing size "
                    f"({its[-dim]}) at non-singleton dimension {len(mine) - dim}."
                )


def _in_place(op: Op) -> Callable[..., Any]:
    several = op.name in COMPARISONS or op.name in ARITHMETIC

    def older(newer: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        if several:
            (self, *args), kwargs = _prepared(op, (self, *args), kwargs)  # type: ignore
            _check_shape(self, [*args, *kwargs.values()])
        if torch.is_grad_enabled() and self.requires_grad and not self.is_leaf:
            if _needs_what_it_overwrites(op, self, args, kwargs):
                raise RuntimeError(
                    f"{op.name}_: the gradient needs the input that it would overwrite; use "
                    f"{op.name} instead (level 0.4)"
                )
        return newer(self, *args, **kwargs)

    return older


# Others that give bytes, or take them.


def _bytes(newer: Any, *args: Any, **kwargs: Any) -> Any:
    return newer(*args, **kwargs).to(torch.uint8)


def _of_bytes(name: str) -> Callable[..., Any]:
    def older(newer: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
        if input.dtype not in (torch.uint8, torch.bool):
            raise RuntimeError(f"{name} only supports torch.uint8 dtype")
        made = newer(input, *args, **kwargs)
        return made if kwargs.get("out") is not None else made.to(torch.uint8)

    return older


def _inverted(newer: Any, input: Any) -> Any:
    """Masks are bytes, and so is their opposite."""
    return 1 - input if input.dtype is torch.uint8 else newer(input)


def _first_shape(name: str) -> Callable[..., Any]:
    """For `masked_select`, `copy_`, `normal`: the fallback to equal counts alone."""

    def older(newer: Any, *args: Any, **kwargs: Any) -> Any:
        return newer(*level_sizes(name, args), **kwargs)

    return older


def _copy(newer: Any, self: Any, src: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(src, TensorBase) and src._meta.numel == self._meta.numel:
        self, src = level_sizes("copy_", (self, src))
    return newer(self, src, *args, **kwargs)


def _get_device(newer: Any, self: Any) -> int:
    if self.device.type == "cpu":
        raise RuntimeError(f"get_device is not implemented for type {_type(self)}")
    return newer(self)


def _item(newer: Any, self: Any, index: Any) -> Any:
    """`x[0]` of a 0-dim tensor, as of a loss when losses had one element, is the tensor itself."""
    if isinstance(index, int) and index == 0 and not self._meta.shape:
        warnings.warn(
            "invalid index of a 0-dim tensor. This will be an error in PyTorch 0.5. Use "
            "tensor.item() to convert a 0-dim tensor to a Python number",
            UserWarning,
            stacklevel=3,
        )
        return self.view(())
    return newer(self, index)


def divide_operators() -> None:
    """Gives the operators their older forms."""
    tensor: Any = torch.Tensor
    functions = FUNCTIONS["torch"]
    for op in list(OPS.values()):
        if op.inplace and op.homes[0] == "torch":
            divide(generated(getattr(tensor, f"{op.name}_")), _in_place(op))
        if op.name not in (*COMPARISONS, *ARITHMETIC) or op.homes[0] != "torch":
            continue
        divide(generated(functions[op.name]), _operation(op))
        if op.dunder:
            for prefix, form in (
                ("", _operation(op)), ("r", _operation(op, swapped=True)), ("i", _in_place(op)),
            ):  # fmt: skip
                found = tensor.__dict__.get(f"__{prefix}{op.dunder}__")
                if found is not None:
                    divide(generated(found), form)
    divide(generated(functions["isnan"]), _bytes)
    for name in ("all", "any"):
        for function in {functions[name], getattr(tensor, name)}:
            divide(generated(function), _of_bytes(name))
    divide(generated(tensor.__invert__), _inverted)
    for function in {functions["masked_select"], tensor.masked_select}:
        divide(generated(function), _first_shape("masked_select"))
    divide(functions["normal"], _first_shape("normal"))
    divide(tensor.copy_, _copy)
    divide(tensor.__getitem__, _item)
    divide(tensor.get_device, _get_device)
