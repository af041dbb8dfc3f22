"""What layers of one, two and three dimensions share, so that a family is written once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .. import functional as F
from .module import Module


def ntuple(value: Any, size: int) -> tuple[Any, ...]:
    """The value as a tuple: an iterable as it is, a single value `size` times."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * size


class Family(Module):
    """The base of a family: `class MaxPool2d(_MaxPool, dims=2)` says which member it is.

    A family names its function with a gap for the number, as `function_name = "max_pool{}d"`.
    """

    dims: int = 0
    function_name: str = ""

    def __init_subclass__(cls, dims: int | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if dims is not None:
            cls.dims = dims
            cls.function_name = cls.function_name.format(dims)

    @property
    def function(self) -> Callable[..., Any]:
        """The function of `nn.functional` that computes this member."""
        return getattr(F, self.function_name)


def shown(module: Module, *names: str) -> str:
    """The module's attributes as `name=value`, for `extra_repr`."""
    return ", ".join(f"{name}={getattr(module, name)}" for name in names)
