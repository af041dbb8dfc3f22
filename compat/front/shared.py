"""`torch.asarray`: the caller's data as a tensor, sharing its memory or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.core import dtype as d
from compat.core.dtype import TYPE_NAMES
from compat.core.dtype import dtype as DType
from compat.front.base import TensorBase
from compat.front.create import as_tensor, tensor, where


def asarray(obj: Any, *, dtype: DType | None = None, device: Any = None, copy: bool | None = None,
            requires_grad: bool | None = None) -> Any:  # fmt: skip
    """The data as a tensor that shares its memory (copy=False), has its own (True), or as it comes.

    requires_grad  None: as obj does; False detaches
    raises         ValueError or RuntimeError for what cannot be shared
    """
    if copy is False:
        _check_shared(obj, dtype, device)
    if isinstance(obj, TensorBase):
        made = as_tensor(obj, dtype, device)
        made = made.clone() if copy and made is obj else made
    elif copy and isinstance(obj, np.ndarray):
        made = tensor(obj, dtype=dtype, device=device)
    else:
        made = as_tensor(obj, dtype, device)
    if requires_grad is None or requires_grad == made.requires_grad:
        return made
    if not requires_grad:
        return made.detach()
    if not made._meta.differentiable:
        raise RuntimeError(
            "Only Tensors of floating point and complex dtype can require gradients"
        )
    return made.requires_grad_()


def _check_shared(obj: Any, dtype: DType | None, device: Any) -> None:
    if isinstance(obj, np.generic):
        raise RuntimeError(
            "can't alias NumPy scalars. Either remove copy=False or transform it in a ndarray. "
        )
    if isinstance(obj, np.ndarray):
        found, place = d.from_numpy_type(obj.dtype), where(None)
    elif isinstance(obj, TensorBase):
        found, place = obj._meta.dtype, obj._meta.device
    else:
        raise ValueError("can't alias arbitrary sequence into a tensor.")
    if device is not None and where(device) is not place:
        raise ValueError(f"can't alias tensor from device '{place}' to '{where(device)}'.")
    if dtype is not None and dtype is not found:
        raise ValueError(
            f"can't alias tensor with dtype '{TYPE_NAMES[found]}' into dtype '{TYPE_NAMES[dtype]}'."
        )
