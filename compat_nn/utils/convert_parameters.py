"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

import compat as torch

Tensor = torch.Tensor


def _checked_device(parameter: Tensor, first: torch.device | None) -> torch.device:
    if first is not None and parameter.device != first:
        raise TypeError(
            "Found two parameters on different devices, this is currently not supported."
        )
    return parameter.device


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters, one after the other."""
    device = None
    flat = []
    for parameter in parameters:
        device = _checked_device(parameter, device)
        flat.append(parameter.view(-1))
    return torch.cat(flat)


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Gives the parameters the elements of a vector; they then share its memory."""
    if not isinstance(vec, torch.Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {torch.typename(vec)}")
    device = None
    start = 0
    for parameter in parameters:
        device = _checked_device(parameter, device)
        end = start + parameter.numel()
        parameter.data = vec[start:end].view_as(parameter).data
        start = end
