"""make_tensor: random tensors to test with."""

from __future__ import annotations

from typing import Any

import compat as torch


def make_tensor(
    *shape: Any,
    dtype: torch.dtype,
    device: Any,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: torch.memory_format | None = None,
) -> torch.Tensor:
    """Elements drawn evenly from [low, high): by default [-9, 9), [0, 10) for uint8, both bools.

    noncontiguous  every second element of a larger tensor's last dimension
    exclude_zero   zeros become the smallest positive number of the type
    """
    sizes = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
    sizes = tuple(sizes)
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive"
        )
    drawn = (*sizes[:-1], 2 * sizes[-1]) if noncontiguous and sizes else sizes
    if dtype is torch.bool:
        made = torch.randint(0, 2, drawn, device=device).to(torch.bool)
    elif dtype.is_floating_point or dtype.is_complex:
        low, high = -9 if low is None else low, 9 if high is None else high
        made = torch.empty(drawn, dtype=dtype, device=device)
        parts = torch.view_as_real(made) if dtype.is_complex else made
        parts.uniform_(low, high)
    else:
        unsigned = not dtype.is_signed
        low = (0 if unsigned else -9) if low is None else low
        high = 10 if high is None else high
        made = torch.randint(int(low), int(high), drawn, dtype=dtype, device=device)
    if exclude_zero:
        smallest = torch.finfo(dtype).tiny if dtype.is_floating_point or dtype.is_complex else 1
        made[made == 0] = smallest
    if noncontiguous and sizes:
        made = made[..., ::2]
    if memory_format is not None:
        made = made.clone(memory_format=memory_format)
    return made.requires_grad_(requires_grad)
