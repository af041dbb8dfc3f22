"""Functions of the torch namespace that are no ops: facts about tensors, settings, files."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from compat.core import dtype as d
from compat.core.device import default_device
from compat.core.device import device as Device
from compat.core.promotion import result_type as _result_type
from compat.front import looking
from compat.front.base import TensorBase
from compat.front.derive import forget_plans


def is_tensor(obj: Any) -> bool:
    """Whether obj is a tensor."""
    return isinstance(obj, TensorBase)


def is_floating_point(input: Any) -> bool:
    """Whether the tensor's type is a floating one."""
    return input.is_floating_point()


def is_complex(input: Any) -> bool:
    """Whether the tensor's type is complex."""
    return input.is_complex()


def is_nonzero(input: Any) -> bool:
    """The truth of a tensor of one element."""
    return bool(input)


def is_signed(input: Any) -> bool:
    """Whether the tensor's type holds negative numbers."""
    return input.is_signed()


def is_same_size(input: Any, other: Any) -> bool:
    """Whether the shapes are equal."""
    return input.is_same_size(other)


def is_inference(input: Any) -> bool:
    """Whether the tensor was made in inference mode."""
    return input.is_inference()


def get_device(input: Any) -> int:
    """The index of the tensor's device; -1 on the host."""
    return input.get_device()


def detach(input: Any) -> Any:
    """The same elements without history; gradients do not flow back through it."""
    return input.detach()


def detach_(input: Any) -> Any:
    """Makes the tensor a leaf that needs no gradient."""
    return input.detach_()


def numel(input: Any) -> int:
    """The number of elements."""
    return input.numel()


def get_default_dtype() -> d.dtype:
    """The type of floating tensors made without one."""
    return d.get_default_dtype()


def set_default_dtype(d_: d.dtype) -> None:
    """Changes the type of floating tensors made without one."""
    d.set_default_dtype(d_)
    forget_plans()


def result_type(*tensors: Any) -> d.dtype:
    """The type in which an operation on these tensors and numbers gives its result."""
    operands = [(t.dtype, t.dim()) for t in tensors if isinstance(t, TensorBase)]
    return _result_type(operands, [type(t) for t in tensors if not isinstance(t, TensorBase)])


def is_distributed(input: Any) -> bool:
    """Whether the tensor is spread over processes, which none is."""
    return False


def as_strided_(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """Makes the tensor a view of sizes and strides over its own storage."""
    return input.as_strided_(size, stride, storage_offset)


def get_device_module(device: Any = None) -> Any:
    """The module of a kind of device, as `torch.cuda`; of the default one without one."""
    kind = default_device().type if device is None else Device(device).type
    if kind not in ("cpu", "cuda"):
        raise RuntimeError(
            f"Invalid device module: torch.{kind} does not exist. Has the runtime been loaded?"
        )
    return importlib.import_module(f"compat.{kind}")


def _assert(condition: Any, message: Any) -> None:
    """AssertionError with a message when a condition does not hold."""
    assert condition, message


NAMES: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        is_signed, is_same_size, is_inference, get_device, detach, detach_, is_tensor,
        is_floating_point, is_complex, is_nonzero, numel, get_default_dtype,
        set_default_dtype, result_type, is_distributed, as_strided_,
        get_device_module, _assert,
    )
}  # fmt: skip
NAMES["equal"] = looking.equal
# What PyTorch was built with: there is LAPACK, FFT and OpenMP in XLA, and no MKL.
BUILT = {"has_lapack": True, "has_mkl": False, "has_openmp": True, "has_spectral": True}
