"""`Variable`, which became one with Tensor, and its `volatile` flag, which became `no_grad`."""

from __future__ import annotations

import warnings
from typing import Any

from compat.front import create
from compat.front.base import TensorBase
from compat.tape.node import volatile_tape


class _AnyTensor(type):
    """`isinstance(x, Variable)` holds for every tensor."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TensorBase)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, TensorBase)


class Variable(metaclass=_AnyTensor):
    """`Variable(data)` is data itself, as a tensor without history.

    requires_grad  whether the tensor collects a gradient
    volatile       whether what is computed from it keeps no history; use `no_grad` instead
    """

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: bool = False) -> Any:
        made = create.empty(0) if data is None else data.detach()
        if volatile:
            warnings.warn(
                "volatile was removed after PyTorch 0.3; use `with torch.no_grad():` instead.",
                UserWarning,
                stacklevel=2,
            )
            made._tape = volatile_tape()
            return made
        return made.requires_grad_(requires_grad)
