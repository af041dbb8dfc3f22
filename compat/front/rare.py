"""Methods that few programs use: orders of dims, names, places, calls into Python."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.core.device import device
from compat.core.errors import require
from compat.front.base import look, value_of
from compat.front.call import sorted_dims
from compat.front.create import from_host
from compat.front.derive import FUNCTIONS


def dim_order(self: Any, *, ambiguity_check: Any = False) -> tuple[int, ...]:
    """The dims in the order in which they lie in memory, the outermost first.

    RuntimeError when the order is not the only one and ambiguity_check asks for that; a list of
    memory formats asks for one of those.
    """
    strides = self.stride()
    found = tuple(reversed(sorted_dims(self.shape, [strides])))
    if ambiguity_check is not False:
        if isinstance(ambiguity_check, list | tuple):
            known = sum(self.is_contiguous(memory_format=each) for each in ambiguity_check) == 1
        else:
            known = len(set(strides)) == len(strides) and 1 not in self.shape
        require(
            known, "The tensor does not have unique dim order, or cannot map to exact one of the "
            "given memory formats.",
        )  # fmt: skip
    return found


def dequantize(self: Any) -> Any:
    """The tensor itself, which is not quantised, in float32."""
    return self.float()


def const_data_ptr(self: Any) -> int:
    """The address of the first element, for reading."""
    return self.data_ptr()


def is_distributed(self: Any) -> bool:
    """Whether the tensor is spread over processes, which none is."""
    return False


def record_stream(self: Any, stream: Any) -> None:
    """Nothing: memory lives until no program needs it, whatever the stream."""


def resize_as(self: Any, tensor: Any) -> Any:
    """The elements in the shape of another tensor with as many; deprecated."""
    warnings.warn("non-inplace resize_as is deprecated", UserWarning, stacklevel=2)
    shape, own = tensor.shape, self.shape
    require(
        shape.numel() == own.numel(),
        f"requested resize to {'x'.join(map(str, shape))} ({shape.numel()} elements in total), "
        f"but the given tensor has a size of {'x'.join(map(str, own))} ({own.numel()} elements). "
        "autograd's resize can only change the shape of a given tensor, while preserving the "
        "number of elements. ",
    )
    return self.contiguous().view(shape)


def map2_(self: Any, x: Any, y: Any, callable: Callable[[Any, Any, Any], Any]) -> Any:
    """Replaces each element by what a Python function makes of it and two others'; on the host."""
    require(
        not self.requires_grad,
        "Can't call map2_() on Variable that requires grad. Use var.detach().map2_() instead.",
    )
    array = np.array(look(value_of(self)))
    others = [look(value_of(each.expand_as(self))).reshape(-1) for each in (x, y)]
    flat = array.reshape(-1)
    for at in range(flat.size):
        flat[at] = callable(flat[at].item(), others[0][at].item(), others[1][at].item())
    return self.copy_(from_host(array, self._meta.dtype, self._meta.device))


def _shape_as_tensor(self: Any) -> Any:
    """The sizes as a tensor."""
    return from_host(np.array(self.shape, np.int64), d.int64, device("cpu"))


def storage_type(self: Any) -> type | None:
    """The class of the tensor's storage, as `torch.FloatStorage`."""
    from compat.storage import class_of

    return class_of(self._meta.dtype)


def module_load(self: Any, other: Any, assign: bool = False) -> Any:
    """What `load_state_dict` makes of another tensor in the place of this one: the other itself
    (assign), or its elements written into this one; in either case without history."""
    return other.detach() if assign else self.copy_(other).detach()


def chalf(self: Any, *, memory_format: Any = None) -> Any:
    """NotImplementedError: JAX has no complex numbers of two float16."""
    raise NotImplementedError("Tensor.chalf: torch.complex32")


def _elsewhere(name: str, refusal: Exception) -> Callable[..., Any]:
    def move(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise refusal

    move.__name__ = move.__qualname__ = name
    move.__doc__ = f"Raises: there is no {name.upper()} here, as in PyTorch's CPU builds."
    return move


xpu = _elsewhere("xpu", AssertionError("Torch not compiled with XPU enabled"))
ipu = _elsewhere("ipu", RuntimeError("PyTorch is not linked with support for ipu devices"))
mtia = _elsewhere("mtia", AssertionError("Torch not compiled with MTIA enabled."))


def derive_rare(tensor: type) -> None:
    """Puts everything here on Tensor."""
    for function in (
        dim_order, dequantize, const_data_ptr, is_distributed, record_stream, resize_as, map2_,
        storage_type, module_load, chalf, xpu, ipu, mtia,
    ):  # fmt: skip
        setattr(tensor, function.__name__, function)
    FUNCTIONS["torch"]["_shape_as_tensor"] = _shape_as_tensor
    tensor.name = property(lambda self: None)  # type: ignore[attr-defined]  (TorchScript's names)
