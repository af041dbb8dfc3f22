"""A tensor as text."""

from __future__ import annotations

from typing import Any

from compat.front import printing
from compat.front.looking import fetch

SMALL = 4_096  # elements fetched at once; of larger tensors only what is shown


def shown(tensor: Any) -> str:
    """`repr(tensor)`, as PyTorch prints it."""
    grad_fn = tensor.grad_fn
    plain = tensor.detach()
    whole = fetch(plain) if not tensor.is_meta and tensor.numel() <= SMALL else None

    def take(index: tuple[slice, ...]) -> Any:
        return whole[index] if whole is not None else fetch(plain[index])

    return printing.tensor_str(
        take,
        tuple(tensor.shape),
        tensor.dtype,
        device=tensor.device,
        requires_grad=tensor.requires_grad,
        grad_fn=None if grad_fn is None else grad_fn.name(),
        class_name="tensor" if type(tensor).__name__ in ("Tensor", "Parameter") else
        type(tensor).__name__,
    )
