"""Another type, device or layout: `to` and its many short forms."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.core.device import device as Device
from compat.core.device import placed
from compat.core.dtype import dtype as DType
from compat.core.size import (
    Size,
    channels_last,
    contiguous_format,
    memory_format,
    preserve_format,
    strides_in,
)
from compat.engine.recorder import local
from compat.engine.value import concrete, meta
from compat.front import ahead
from compat.front.base import TensorBase, alias, look, store, value_of, wrap
from compat.front.call import elementwise_strides, number_code
from compat.front.create import constant, hidden
from compat.front.into import assign, one_cell, refuse_overlap, refuse_shared
from compat.tape import history
from compat.tape.differentiate import taped
from compat.tape.node import Node


def to(self: Any, *args: Any, **kwargs: Any) -> Any:
    """The tensor in another type or on another device; itself when nothing changes.

    Forms: `to(dtype)`, `to(device, dtype)`, `to(other)`; `non_blocking`, `copy` and
    `memory_format` by keyword.
    """
    place, kind, copy, format = parse_to(args, kwargs)
    place = self._meta.device if place is None else placed(place)
    kind = kind or self._meta.dtype
    result = self
    if kind is not self._meta.dtype:
        result = hidden("cast")(result, kind)
    if place is not self._meta.device and not self._meta.device.is_traced:
        result = _transferred(result, place)
    if format not in (None, preserve_format):
        return contiguous(result, memory_format=format)
    return clone(self) if copy and result is self else result


def parse_to(args: Any, kwargs: Any) -> tuple[Device | None, DType | None, bool, Any]:
    """Device, type, whether to copy, and memory format of a call of `to`."""
    place, kind = kwargs.get("device"), kwargs.get("dtype")
    rest = list(args)
    flags = []
    for given in rest:
        if isinstance(given, DType):
            kind = given
        elif isinstance(given, TensorBase):
            place, kind = given._meta.device, given._meta.dtype
        elif isinstance(given, bool):
            flags.append(given)
        elif isinstance(given, str | Device | int):
            place = given
        elif isinstance(given, memory_format):
            kwargs = {**kwargs, "memory_format": given}
        elif given is not None:
            raise TypeError(
                "to() received an invalid combination of arguments - got "
                f"({', '.join(type(one).__name__ for one in args)})"
            )
    other = kwargs.get("other")
    if other is not None:
        place, kind = other._meta.device, other._meta.dtype
    copy = kwargs.get("copy", flags[1] if len(flags) > 1 else False)
    found = Device(place) if place is not None else None
    return found, kind, copy, kwargs.get("memory_format")


class _TransferRule:
    """Backward of a copy between devices: the gradient is copied back."""

    name = "ToCopyBackward0"

    def __init__(self, source: Any, target: Any) -> None:
        self.source, self.outs = source, (target,)

    def kept(self, mask: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (), ()

    def pull(self, node: Node, gradients: Any, create: bool) -> list[Any]:
        value = _on_other(gradients[0][0], self.source.device)
        rule = _TransferRule(gradients[0][0].meta, value.meta)
        tapes = [gradients[0][1]] if create else [None]
        return taped(rule, [value], [gradients[0][0]], tapes, ())


def _on_other(value: Any, place: Device) -> Any:
    one = meta(value.meta.shape, value.meta.dtype, None, place)
    if place.type == "meta":
        return concrete(one, None)
    found = ahead.begun(value, place)
    if found is not None:
        return found
    host = look(value)
    if place.is_traced:  # as a constant
        return concrete(one, host)
    return ahead.copied(host, one)


def _transferred(self: Any, place: Device) -> Any:
    if self._answer is not None:
        return self._answer("moved", (self, place), {})
    value = value_of(self)
    moved = _on_other(value, place)
    tapes = [history.current(self)]
    (made,) = taped(_TransferRule(value.meta, moved.meta), [moved], [value], tapes, ())
    return wrap(*made)


def clone(input: Any, *, memory_format: memory_format | None = None) -> Any:
    """A copy of its own; gradients flow through to the original."""
    if memory_format not in (None, preserve_format):
        return _laid_out(input, strides_in(memory_format, input._meta.shape))
    made = hidden("cloned")(input)
    return made


def contiguous(self: Any, memory_format: memory_format = contiguous_format) -> Any:
    """The tensor itself when it lies in memory as asked, else a copy that does."""
    if memory_format is contiguous_format:
        return self if self._meta.contiguous else hidden("packed")(self)
    if is_contiguous(self, memory_format):
        return self
    return _laid_out(self, strides_in(memory_format, self._meta.shape))


def _laid_out(self: Any, strides: tuple[int, ...]) -> Any:
    made = hidden("laid_out")(self, strides)
    one = meta(made._meta.shape, made._meta.dtype, strides, made._meta.device)
    made._meta = made._storage.value.meta = one
    return made


def is_contiguous(self: Any, memory_format: memory_format = contiguous_format) -> bool:
    """Whether the elements lie in memory in this order."""
    if memory_format is contiguous_format:
        return self._meta.contiguous
    if len(self._meta.shape) != (4 if memory_format is channels_last else 5):
        return False
    wanted = strides_in(memory_format, self._meta.shape)
    return all(
        n == 1 or a == b
        for n, a, b in zip(self._meta.shape, self._meta.strides, wanted, strict=True)
    )


def copy_(self: Any, src: Any, non_blocking: bool = False, **legacy: Any) -> Any:
    """Overwrites the tensor with src, expanded and cast; gradients flow to src."""
    if not isinstance(src, TensorBase):
        if number_code(src) is None:
            raise TypeError(
                f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}"
            )
        src = constant((), src, self._meta.dtype, self._meta.device)
    if self._tape is not None:
        history.check_writable(self)
    shape = self._meta.shape
    if self._meta.device.type == "meta":  # nothing is there to be overwritten
        return self
    lead = len(shape) - len(src._meta.shape)
    own = src._meta.shape
    if lead < 0 or any(n not in (1, shape[lead + dim]) for dim, n in enumerate(own)):
        _refuse_copy(shape, own)
    if src._meta.device is not self._meta.device:
        src = to(src, self._meta.device)
    if 0 in self._meta.strides:
        refuse_overlap(self._meta)
    if src is not self and one_cell(self, src):
        refuse_shared(self, src.expand(shape))  # type: ignore
    if _shares(self, src):
        store(self, value_of(src))
        return self
    return assign(self, hidden("copied")(self, src), "copy")


def _shares(self: Any, src: Any) -> bool:
    """Whether a copy needs no entry of its own: values are immutable, so src's can be stored as
    it is when nothing about it changes and no gradient flows."""
    mine, its = self._meta, src._meta
    if its.dtype is not mine.dtype or its.shape != mine.shape or its.strides != mine.strides:
        return False
    tracked = (self._tape is not None and _tracked(self)) or (
        src._tape is not None and src.requires_grad
    )
    return not tracked and value_of(src).meta is mine


def _tracked(self: Any) -> bool:
    tape = self._tape
    return self.requires_grad or (tape.is_view and tape.base.requires_grad)


def _refuse_copy(shape: Any, own: Any) -> None:
    lead = len(shape) - len(own)
    if lead < 0:
        raise RuntimeError(
            f"output with shape {list(shape)} doesn't match the broadcast shape {list(own)}"
        )
    for dim in reversed(range(len(own))):
        if own[dim] not in (1, shape[lead + dim]):
            raise RuntimeError(
                f"The size of tensor a ({shape[lead + dim]}) must match the size of tensor b "
                f"({own[dim]}) at non-singleton dimension {lead + dim}"
            )


def resize_(self: Any, *sizes: Any, memory_format: Any = None) -> Any:
    """Another shape over the same storage, which grows when it is too small."""
    from compat.engine.storage import HostStorage
    from compat.front.create import size_of
    from compat.front.looking import storage_size

    if local.grad and self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    shape = size_of(sizes)
    need = self._offset + shape.numel()
    have = storage_size(self)
    if need > have:
        if isinstance(self._storage, HostStorage):
            raise RuntimeError("Trying to resize storage that is not resizable")
        whole = alias(self, meta((have,), self._meta.dtype, None, self._meta.device), 0)
        grown = constant((need,), 0, self._meta.dtype, self._meta.device)
        if have:
            grown[:have] = whole
        self._storage.value = grown._storage.value
    strides = None if memory_format is None else strides_in(memory_format, shape)
    if shape != self._meta.shape or strides is not None:
        self._meta = meta(shape, self._meta.dtype, strides, self._meta.device)
    return self


def set_(self: Any, source: Any = None, storage_offset: int = 0, size: Any = None,
         stride: Any = None) -> Any:  # fmt: skip
    """Makes the tensor a view of source's storage."""
    if source is None:
        source = constant((0,), 0, self._meta.dtype, self._meta.device)
    if not isinstance(source, TensorBase):
        source = source._tensor()
        size = (source._meta.numel,) if size is None else size
    if source._meta.dtype is not self._meta.dtype:
        raise RuntimeError(
            f"Could not set tensor of type {source._meta.dtype} to a tensor of type "
            f"{self._meta.dtype}"
        )
    self._storage, self._meta, self._offset = source._storage, source._meta, source._offset
    if size is not None:
        shape = Size(size)
        strides = None if stride is None else tuple(stride)
        self._meta = meta(shape, self._meta.dtype, strides, self._meta.device)
        self._offset = int(storage_offset)
    return self


def type_(self: Any, dtype: Any = None, non_blocking: bool = False, **legacy: Any) -> Any:
    """The type string without arguments, as 'torch.FloatTensor'; else the tensor in that type."""
    wanted = dtype if dtype is not None else legacy.get("new_type")
    if wanted is None:
        prefix = "torch." if self._meta.device.type == "cpu" else f"torch.{self._meta.device.type}."
        return f"{prefix}{d.TYPE_NAMES[self._meta.dtype]}Tensor"
    if isinstance(wanted, DType):
        return to(self, wanted)
    name = wanted if isinstance(wanted, str) else f"{wanted.__module__}.{wanted.__name__}"
    kind, place = type_named(name)
    return to(self, place or Device("cpu"), kind)


def type_named(name: str) -> tuple[DType, Device | None]:
    """The type and device of a type string; ValueError when there is none of that name."""
    short = name.rpartition(".")[2]
    if short == "Tensor":
        return d.get_default_dtype(), None
    for kind, title in d.TYPE_NAMES.items():
        if short == f"{title}Tensor":
            return kind, Device("cuda", 0) if ".cuda." in name else None
    raise ValueError(f"invalid type: '{name}'")


def _typed(kind: DType) -> Any:
    def convert(self: Any, memory_format: Any = None) -> Any:
        return to(self, kind, memory_format=memory_format)

    convert.__doc__ = f"`self.to(torch.{kind.name})`."
    return convert


def cpu(self: Any, memory_format: Any = None) -> Any:
    """The tensor on the host."""
    return to(self, Device("cpu"))


def cuda(self: Any, device: Any = None, non_blocking: bool = False, **legacy: Any) -> Any:
    """The tensor on a GPU: the current one, unless another is named."""
    return to(self, Device("cuda", 0) if device is None else Device(device))


def type_as(self: Any, other: Any) -> Any:
    """`self.to(other.dtype)` on other's device."""
    return to(self, other._meta.device, other._meta.dtype)


def fill_(self: Any, value: Any) -> Any:
    """Every element becomes value."""
    if isinstance(value, TensorBase):
        if value._meta.shape:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{len(value._meta.shape)} dimensions."
            )
        return copy_(self, value)
    if self._tape is not None:
        history.check_writable(self)
    if number_code(value) is None:
        raise TypeError(
            f"fill_(): argument 'value' (position 1) must be Number, not {type(value).__name__}"
        )
    from compat.front.create import filled

    source = filled((), value, self._meta.dtype, self._meta.device)
    return assign(self, hidden("copied")(self, source), "fill")


def zero_(self: Any) -> Any:
    """Every element becomes zero."""
    if self._tape is not None:
        history.check_writable(self)
    source = constant((), 0, self._meta.dtype, self._meta.device)
    return assign(self, hidden("copied")(self, source), "zero")


def warn_once(text: str, seen: set[str] = set()) -> None:  # noqa: B006  (the memory of what was said)
    """Warns of a removed name, once for each text."""
    if text not in seen:
        seen.add(text)
        warnings.warn(text, FutureWarning, stacklevel=3)


SHORT_FORMS: dict[str, DType] = {
    "float": d.float32, "double": d.float64, "half": d.float16, "bfloat16": d.bfloat16,
    "int": d.int32, "long": d.int64, "short": d.int16, "char": d.int8, "byte": d.uint8,
    "bool": d.bool_, "cfloat": d.complex64, "cdouble": d.complex128,
}  # fmt: skip


def derive_conversions(tensor: type, functions: dict[str, dict[str, Any]]) -> None:
    """Puts conversions on Tensor, and what is also a function into the torch namespace."""
    for name, kind in SHORT_FORMS.items():
        setattr(tensor, name, _typed(kind))
    for function in (
        to, clone, contiguous, is_contiguous, copy_, resize_, set_, cpu, cuda, type_as, fill_, zero_
    ):
        setattr(tensor, function.__name__, function)
    tensor.type = type_  # type: ignore[attr-defined]
    tensor.__rdiv__ = lambda self, other: self.reciprocal() * other  # type: ignore[attr-defined]
    tensor.resize = resize_  # type: ignore[attr-defined]
    functions["torch"] |= {"clone": clone}
    for name in ("fill_", "zero_", "resize_"):
        functions["torch"][name] = globals()[name]


__all__ = ["derive_conversions", "elementwise_strides", "np", "store"]
