"""Parameter and Buffer: tensors that a Module keeps track of once they are its attributes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import compat as torch


class _KindOfTensor(type(torch.Tensor)):
    """Lets `isinstance(t, Parameter)` hold for a tensor of another class with the mark, too."""

    _mark: str

    def __instancecheck__(cls, instance: Any) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        return isinstance(instance, torch.Tensor) and getattr(instance, cls._mark, False)


class Parameter(torch.Tensor, metaclass=_KindOfTensor):
    """A tensor that is learned: a Module that gets it as an attribute lists it in `parameters()`.

    data           the initial values (shared, not copied); an empty tensor when not given
    requires_grad  whether it collects a gradient

    A tensor of a class of its own keeps that class and is only marked as a parameter.
    """

    _mark = "_is_param"

    def __new__(cls, data: torch.Tensor | None = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = torch.empty(0)
        if type(data) is torch.Tensor or type(data) is Parameter:
            return torch.Tensor._make_subclass(cls, data, requires_grad)
        marked = data.detach().requires_grad_(requires_grad)
        if type(marked) is not type(data):
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {type(data).__name__} "
                "requires that detach() returns an instance of the same type, but return "
                f"type {type(marked).__name__} was found instead. To use the type as a "
                "Parameter, please correct the detach() semantics defined by "
                "its __torch_dispatch__() implementation."
            )
        marked._is_param = True
        return marked

    def __init__(self, data: torch.Tensor | None = None, requires_grad: bool = True) -> None:
        # `__new__` has made the tensor; a tensor's own constructor would make another.
        pass

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        shown = super().__repr__() if tensor_contents is None else tensor_contents
        return "Parameter containing:\n" + shown

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            values = self.data.clone(memory_format=torch.preserve_format)
            memo[id(self)] = type(self)(values, self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: int) -> tuple[Any, ...]:
        # Hooks do not survive pickling: the empty OrderedDict is their place in the format.
        told = (self.data, self.requires_grad, OrderedDict())
        attributes = dict(self.__dict__)
        if not attributes:
            return torch._utils._rebuild_parameter, told
        return torch._utils._rebuild_parameter_with_state, (*told, attributes)


class Buffer(torch.Tensor, metaclass=_KindOfTensor):
    """A tensor that belongs to a Module's state but is not learned, as running statistics.

    data        the values (shared, not copied); an empty tensor when not given
    persistent  whether `state_dict()` contains it

    What is made is a plain tensor that carries a mark.
    """

    _mark = "_is_buffer"

    def __new__(cls, data: torch.Tensor | None = None, *, persistent: bool = True) -> torch.Tensor:
        if data is None:
            data = torch.empty(0)
        marked = data.detach().requires_grad_(data.requires_grad)
        marked.persistent = persistent
        marked._is_buffer = True
        return marked


def __getattr__(name: str) -> Any:
    # They are made of parameters, so that they come after them.
    if name in ("UninitializedParameter", "UninitializedBuffer", "is_lazy"):
        from . import lazy_tensors

        return getattr(lazy_tensors, name)
    raise AttributeError(f"module 'torch.nn.parameter' has no attribute '{name}'")
