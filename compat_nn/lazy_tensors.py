"""Parameters and buffers whose shape is not known yet."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.front.base import TensorBase

from .parameter import Buffer, Parameter

_META: Any = TensorBase.__dict__["_meta"]
_UNKNOWN = (
    "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
    "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. "
    "Call `forward` to initialize the parameters before accessing their attributes."
)
_USED = (
    "Attempted to use an uninitialized parameter. This error happens when you are using a "
    "`LazyModule` or explicitly manipulating `torch.nn.parameter.{}` objects. When using "
    "LazyModules Call `forward` with a dummy batch to initialize the parameters before calling "
    "torch functions"
)


class UninitializedTensorMixin:
    """What such a tensor can do: say its type and device, move, and get its shape.

    Every op reads a tensor's `_meta`: here that raises, so that no op takes it for empty.
    """

    cls_to_become: type

    @property
    def _meta(self) -> Any:
        raise ValueError(_USED.format(type(self).__name__))

    @_meta.setter
    def _meta(self, value: Any) -> None:
        _META.__set__(self, value)

    @property
    def shape(self) -> Any:
        """Raises RuntimeError: it is not known."""
        raise RuntimeError(_UNKNOWN)

    @property
    def dtype(self) -> Any:
        """The type that the elements will have."""
        return _META.__get__(self).dtype

    @property
    def device(self) -> Any:
        """Where the elements will be."""
        return _META.__get__(self).device

    @property
    def is_meta(self) -> bool:
        """Whether there will be no elements but in name."""
        return self.device.type == "meta"

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Makes the tensor an ordinary one of this shape, with anything as its elements."""
        wants = self.requires_grad  # type: ignore
        made = torch.empty(shape, device=device or self.device, dtype=dtype or self.dtype)
        self.__class__ = self.cls_to_become
        self._storage, self._meta, self._offset = made._storage, made._meta, made._offset
        self._tape = None
        if wants:
            self.requires_grad_(True)  # type: ignore

    def changed_by(self, function: Any) -> Any:
        """The same in the type and on the device to which `function` takes a tensor."""
        made = function(torch.empty(0, device=self.device, dtype=self.dtype))
        return type(self)(self.requires_grad, made.device, made.dtype)  # type: ignore

    def detach(self) -> Any:
        """Itself: there is nothing to share."""
        return self

    def share_memory_(self) -> Any:
        """Raises RuntimeError: there is nothing to share."""
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to "
            "initialize the parameters before calling `module.share_memory()`."
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = self.changed_by(lambda one: one)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, self.device, self.dtype)  # type: ignore


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter without a shape; a lazy layer gives it one when it sees its first input."""

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        made = Parameter(torch.empty(0, device=device, dtype=dtype), requires_grad)
        made.__class__ = cls
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass


class UninitializedBuffer(UninitializedTensorMixin, torch.Tensor):
    """A buffer without a shape; as `UninitializedParameter`."""

    cls_to_become = torch.Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None,
        persistent: bool = True,
    ) -> Any:  # fmt: skip
        made = Buffer(torch.empty(0, device=device, dtype=dtype), persistent=persistent)
        made.__class__ = cls
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass


def is_lazy(one: Any) -> bool:
    """Whether a parameter or buffer has no shape yet."""
    return isinstance(one, UninitializedTensorMixin)
