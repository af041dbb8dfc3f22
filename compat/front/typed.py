"""`torch.FloatTensor` and its kin: constructors of one type, and what `isinstance` asks of them."""

from __future__ import annotations

from typing import Any

from compat.core import dtype as d
from compat.core.device import device as Device
from compat.core.dtype import dtype as DType
from compat.front.base import TensorBase


class TypedTensorType(type):
    """The class of `torch.FloatTensor` and its kin. Every tensor of the type is an instance."""

    dtype: DType
    is_cuda: bool

    def __instancecheck__(cls, instance: Any) -> bool:
        return (
            isinstance(instance, TensorBase)
            and instance._answer is None
            and instance._meta.dtype is cls.dtype
            and (instance._meta.device.type == "cuda") == cls.is_cuda
        )

    def __subclasscheck__(cls, subclass: type) -> bool:
        return subclass is cls

    def __call__(cls, *args: Any, device: Any = None) -> Any:
        from compat.front.tensor import legacy_tensor

        place = device if device is not None else "cuda" if cls.is_cuda else "cpu"
        return legacy_tensor(cls, cls.dtype, args, Device(place))

    def __getattr__(cls, name: str) -> Any:
        """`torch.ByteTensor.all` and other methods by way of their type."""
        from compat.front.tensor import Tensor

        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(Tensor, name)

    def __repr__(cls) -> str:
        return f"<class '{cls.__module__}.{cls.__name__}'>"


def typed(kind: DType, cuda: bool = False) -> TypedTensorType:
    """The class `FloatTensor` of float32, and so on."""
    name = f"{d.TYPE_NAMES[kind]}Tensor"
    where = "torch.cuda" if cuda else "torch"
    doc = f"`{name}(2, 3)` is uninitialised of that shape, `{name}([1, 2])` holds data."
    body = {"dtype": kind, "is_cuda": cuda, "__module__": where, "__doc__": doc}
    return TypedTensorType(name, (), body)


_KINDS = (d.float32, d.float64, d.float16, d.bfloat16, d.uint8, d.int8, d.int16, d.int32, d.int64,
          d.bool_)  # fmt: skip
CPU = {f"{d.TYPE_NAMES[kind]}Tensor": typed(kind) for kind in _KINDS}
CUDA = {f"{d.TYPE_NAMES[kind]}Tensor": typed(kind, cuda=True) for kind in _KINDS}


def class_of(kind: DType) -> TypedTensorType:
    """The typed class of a type, as `torch.FloatTensor` for float32."""
    return CPU[f"{d.TYPE_NAMES[kind]}Tensor"]
