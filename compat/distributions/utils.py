"""What distributions share: broadcasting arguments, chances as logits and back, lazy attributes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, update_wrapper
from numbers import Number
from typing import Any

import compat as torch

euler_constant = 0.57721566490153286060  # Euler and Mascheroni's


def broadcast_all(*values: Any) -> tuple[torch.Tensor, ...]:
    """The values as tensors of one shape. Numbers become tensors of the first tensor's type and
    device. ValueError for what is neither a tensor nor a number."""
    first = None
    numbers = False
    for value in values:
        if isinstance(value, torch.Tensor):
            first = value if first is None else first
        elif isinstance(value, Number):
            numbers = True
        elif not hasattr(type(value), "__torch_function__"):
            raise ValueError(
                "Input arguments must all be instances of Number, torch.Tensor or objects "
                "implementing __torch_function__."
            )
    if numbers:
        dtype = torch.get_default_dtype() if first is None else first.dtype
        device = None if first is None else first.device
        values = tuple(
            value if isinstance(value, torch.Tensor)
            else torch.tensor(value, dtype=dtype, device=device)
            for value in values
        )  # fmt: skip
    shapes = [value.shape for value in values]
    shape = shapes[0]
    if shapes.count(shape) == len(shapes):
        return values
    shape = torch.broadcast_shapes(*shapes)
    return tuple(value if value.shape == shape else value.expand(shape) for value in values)


def logits_to_probs(logits: torch.Tensor, is_binary: bool = False) -> torch.Tensor:
    """Chances out of their logits: of one event each, or of the categories in the last dimension
    (where the logits are logarithms of unnormalised chances)."""
    return torch.sigmoid(logits) if is_binary else torch.nn.functional.softmax(logits, dim=-1)


@cache
def _epsilon(dtype: Any) -> float:
    return torch.finfo(dtype).eps


def clamp_probs(probs: torch.Tensor) -> torch.Tensor:
    """Chances kept the type's epsilon away from 0 and 1."""
    eps = _epsilon(probs.dtype)
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: torch.Tensor, is_binary: bool = False) -> torch.Tensor:
    """Logits out of chances: log odds of one event each, or the logarithms of the chances."""
    kept = clamp_probs(probs)
    return torch.log(kept) - torch.log1p(-kept) if is_binary else torch.log(kept)


class lazy_property:
    """An attribute worked out at its first use, with gradients, and kept from then on."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        update_wrapper(self, wrapped)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return _LazyOfClass(self.wrapped)
        if torch.is_grad_enabled():
            value = self.wrapped(instance)
        else:
            with torch.enable_grad():
                value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


@cache
def lazy_names(cls: type) -> frozenset[str]:
    """The lazy attributes of a class."""
    found: dict[str, bool] = {}
    for one in reversed(cls.__mro__):
        found |= {name: isinstance(what, lazy_property) for name, what in vars(one).items()}
    return frozenset(name for name, is_lazy in found.items() if is_lazy)


class _LazyOfClass(lazy_property, property):
    """What a class shows for a lazy attribute: a property, for tools that document it."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        property.__init__(self, wrapped)


def tril_matrix_to_vec(mat: torch.Tensor, diag: int = 0) -> torch.Tensor:
    """The entries of square matrices up to a diagonal, row by row."""
    size = mat.shape[-1]
    if not -size <= diag < size:
        raise ValueError(f"diag ({diag}) provided is outside [{-size}, {size - 1}].")
    rows, columns = torch.tril_indices(size, size, diag, device=mat.device)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec: torch.Tensor, diag: int = 0) -> torch.Tensor:
    """Square matrices whose entries up to a diagonal are these, row by row; zero above it."""
    given = vec.shape[-1]
    size = (-(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * given + 4 * abs(diag) * (diag + 1)) ** 0.5)
    size /= 2
    if not round(size) - size < torch.finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {given} which cannot be expressed as "
            "the lower triangular part of a square D x D matrix."
        )
    size = round(size)
    made = torch.zeros(vec.shape[:-1] + (size, size), dtype=vec.dtype, device=vec.device)
    rows, columns = torch.tril_indices(size, size, diag, device=vec.device)
    made[..., rows, columns] = vec
    return made


def _standard_normal(shape: Sequence[int], dtype: Any, device: Any) -> torch.Tensor:
    """Noise of mean 0 and deviation 1."""
    return torch.randn(shape, dtype=dtype, device=device)


def _sum_rightmost(value: torch.Tensor, dim: int) -> torch.Tensor:
    """The sum over the last so many dimensions."""
    return value if dim == 0 else value.reshape(value.shape[: value.dim() - dim] + (-1,)).sum(-1)


def one_of(first: str, one: Any, second: str, other: Any) -> None:
    """ValueError unless exactly one of two arguments was given."""
    if (one is None) == (other is None):
        raise ValueError(f"Either `{first}` or `{second}` must be specified, but not both.")
