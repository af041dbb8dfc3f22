"""A module's tensors moved to another device or type: `to`, `float`, `cpu`, `_apply`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import compat as torch

from ..lazy_tensors import is_lazy
from ..parameter import Parameter

M = TypeVar("M", bound="Converts")

_TO_FORMS = (
    "(torch.device device = None, torch.dtype dtype = None, bool non_blocking = False, "
    "bool copy = False, *, torch.memory_format memory_format = None)",
    "(torch.dtype dtype, bool non_blocking = False, bool copy = False, *, "
    "torch.memory_format memory_format = None)",
    "(Tensor tensor, bool non_blocking = False, bool copy = False, *, "
    "torch.memory_format memory_format = None)",
)


def _parse_to(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, bool, Any]:
    """Device, dtype, non_blocking and memory format from the arguments of a `to`."""
    first = args[0] if args else None
    if isinstance(first, torch.dtype):
        names = ["dtype", "non_blocking", "copy"]
    elif isinstance(first, torch.Tensor):
        names = ["tensor", "non_blocking", "copy"]
    else:
        names = ["device", "dtype", "non_blocking", "copy"]
    if "tensor" in kwargs:
        names = ["tensor", "non_blocking", "copy"]
    given = dict(zip(names, args, strict=False))
    kinds = {
        "device": (str, int, torch.device, type(None)),
        "dtype": (torch.dtype, type(None)),
        "tensor": (torch.Tensor,),
        "non_blocking": (bool,),
        "copy": (bool,),
        "memory_format": (torch.memory_format, type(None)),
    }
    fits = len(args) <= len(names) and not given.keys() & kwargs.keys()
    given.update(kwargs)
    for name, value in given.items():
        known = name in names or name == "memory_format"
        fits = fits and known and isinstance(value, kinds[name])
    if not fits:
        got = [_kind(one) for one in args]
        got += [f"{name}={_kind(one)}" for name, one in kwargs.items()]
        listed = ", ".join(got) + (", " if kwargs and not args else "")
        forms = "".join(f" * {form}\n" for form in _TO_FORMS)
        raise TypeError(
            f"to() received an invalid combination of arguments - got ({listed}), "
            f"but expected one of:\n{forms}"
        )
    if given.get("copy"):
        raise RuntimeError(".to() does not accept copy argument")
    if "tensor" in given:
        device, dtype = given["tensor"].device, given["tensor"].dtype
    else:
        device, dtype = given.get("device"), given.get("dtype")
        device = None if device is None else torch.device(device)
    return device, dtype, given.get("non_blocking", False), given.get("memory_format")


def _kind(one: Any) -> str:
    return "torch.dtype" if isinstance(one, torch.dtype) else type(one).__name__


class Converts:
    """The part of a Module that changes what its parameters and buffers are stored as.

    Every method changes the module in place and returns it. Integer tensors keep their type.
    """

    def _apply(self: M, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> M:
        """Replaces every parameter, gradient and buffer by `fn` of it; parameters stay the same
        objects where they stay on comparable devices."""
        if recurse:
            for child in self.children():
                child._apply(fn)
        for name, parameter in self._parameters.items():
            if parameter is None:
                continue
            if is_lazy(parameter):
                self._parameters[name] = parameter.changed_by(fn)
                continue
            with torch.no_grad():
                applied = fn(parameter)
                gradient = parameter.grad
                applied_gradient = None if gradient is None else fn(gradient)
            if _can_take(parameter, applied):
                parameter.data = applied
            else:
                parameter = Parameter(applied, parameter.requires_grad)
                self._parameters[name] = parameter
            if gradient is None:
                continue
            if parameter.grad is not None and _can_take(gradient, applied_gradient):
                gradient.data = applied_gradient
            else:
                parameter.grad = applied_gradient.requires_grad_(gradient.requires_grad)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                lazy = is_lazy(buffer)
                self._buffers[name] = buffer.changed_by(fn) if lazy else fn(buffer)
        return self

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Moves and casts: `to(device)`, `to(dtype)`, `to(tensor)`, `to(memory_format=...)`.

        Only tensors of floating point or complex type are cast.
        """
        device, dtype, non_blocking, memory_format = _parse_to(args, kwargs)
        if dtype is not None:
            if not (dtype.is_floating_point or dtype.is_complex):
                raise TypeError(
                    "nn.Module.to only accepts floating point or complex "
                    f"dtypes, but got desired dtype={dtype}"
                )
            if dtype.is_complex:
                warnings.warn(
                    "Complex modules are a new feature under active development whose design may "
                    "change, and some modules might not work as expected when using complex "
                    "tensors as parameters or buffers. Please file an issue at "
                    "https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml if a "
                    "complex module does not work as expected.",
                    stacklevel=2,
                )

        def moved(one: torch.Tensor) -> torch.Tensor:
            wanted = dtype if one.is_floating_point() or one.is_complex() else None
            if memory_format is not None and one.dim() in (4, 5):
                return one.to(device, wanted, non_blocking, memory_format=memory_format)
            return one.to(device, wanted, non_blocking)

        return self._apply(moved)

    def to_empty(self: M, *, device: Any, recurse: bool = True) -> M:
        """Moves to the device without the values, as from "meta"."""
        return self._apply(lambda one: torch.empty_like(one, device=device), recurse=recurse)

    def type(self: M, dst_type: Any) -> M:
        """Casts all parameters and buffers, integer ones included."""
        return self._apply(lambda one: one.type(dst_type))

    def _cast_floating(self: M, dtype: torch.dtype) -> M:
        return self._apply(lambda one: one.to(dtype) if one.is_floating_point() else one)

    def float(self: M) -> M:
        """Casts the floating point tensors to float32."""
        return self._cast_floating(torch.float32)

    def double(self: M) -> M:
        """Casts the floating point tensors to float64."""
        return self._cast_floating(torch.float64)

    def half(self: M) -> M:
        """Casts the floating point tensors to float16."""
        return self._cast_floating(torch.float16)

    def bfloat16(self: M) -> M:
        """Casts the floating point tensors to bfloat16."""
        return self._cast_floating(torch.bfloat16)

    def cpu(self: M) -> M:
        """Moves to the processor."""
        return self._apply(lambda one: one.cpu())

    def cuda(self: M, device: Any = None) -> M:
        """Moves to a GPU, by default the current one."""
        return self._apply(lambda one: one.cuda(device))

    def share_memory(self: M) -> M:
        """Puts the tensors where other processes can see them."""
        return self._apply(lambda one: one.share_memory_())


def _can_take(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether `one.data = other` is possible: not between a meta tensor and one with elements."""
    return one.is_meta == other.is_meta and one.is_sparse == other.is_sparse
