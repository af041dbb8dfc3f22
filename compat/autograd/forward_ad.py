"""torch.autograd.forward_ad: tensors with a tangent, and the tangents of what is computed of them.

A dual tensor is one that requires gradients. The tangent of a result is asked for, not carried
along: it is the derivative of the gradients with respect to what they are weighted by.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import compat as torch
from compat.autograd.function import tangents_asked


class UnpackedDualTensor(NamedTuple):
    """A tensor and its tangent; None where there is none."""

    primal: Any
    tangent: Any


class _Level:
    """The dual tensors made since a level was entered, with their tangents."""

    def __init__(self) -> None:
        self.duals: list[tuple[Any, Any]] = []
        self.plain = True  # whether no dual required a gradient of its own before


_levels: list[_Level] = []


def enter_dual_level() -> int:
    """Begins a level, in which dual tensors can be made; RuntimeError when one has begun."""
    if _levels:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _levels.append(_Level())
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Ends the level: its dual tensors have no tangents any more."""
    if not _levels:
        raise RuntimeError("Trying to exit a forward AD level that was not entered")
    _levels.pop()


@contextmanager
def dual_level() -> Iterator[int]:
    """A level that ends with the block."""
    level = enter_dual_level()
    try:
        yield level
    finally:
        exit_dual_level()


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """A tensor of the same elements with a tangent, of the same shape and type.

    RuntimeError outside of a level, or when shapes differ. What is computed under `no_grad` has
    no tangent.
    """
    if not _levels:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    if not (tensor.is_floating_point() or tensor.is_complex()):
        raise ValueError(
            f"Expected primal to be floating point or complex, but got: {tensor.dtype}"
        )
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(tensor.shape)} while the "
            f"given forward gradient is of size {list(tangent.shape)}."
        )
    here = _levels[-1]
    with torch.enable_grad():
        if tensor.requires_grad:
            here.plain = False
            dual = tensor.view_as(tensor)
        else:
            dual = tensor.detach().requires_grad_()
    here.duals.append((dual, tangent))
    return dual


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The tensor and its tangent, which is computed here."""
    if not _levels or not tensor.requires_grad or not _levels[-1].duals:
        return UnpackedDualTensor(tensor, None)
    here = _levels[-1]
    for dual, tangent in here.duals:
        if tensor is dual:
            return UnpackedDualTensor(tensor.detach() if here.plain else tensor, tangent)
    duals = [dual for dual, _ in here.duals]
    with torch.enable_grad(), tangents_asked:
        mark = torch.zeros_like(tensor, requires_grad=True)
        rows = torch.autograd.grad(
            tensor, duals, mark, retain_graph=True, create_graph=True, allow_unused=True
        )
        met = [
            (row, tangent)
            for row, (_, tangent) in zip(rows, here.duals, strict=True)
            if row is not None and row.requires_grad
        ]
        primal = tensor.detach() if here.plain else tensor
        if not met:
            return UnpackedDualTensor(primal, None)
        (found,) = torch.autograd.grad(
            [row for row, _ in met], [mark], [tangent for _, tangent in met],
            retain_graph=True, create_graph=True, allow_unused=True,
        )  # fmt: skip
    if found is not None and here.plain and not any(one.requires_grad for _, one in here.duals):
        found = found.detach()
    return UnpackedDualTensor(primal, found)
