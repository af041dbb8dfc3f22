"""Calls of functions whose arguments and results are tensors, nested or not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from compat.front.base import TensorBase
from compat.utils._pytree import tree_flatten, tree_unflatten


def is_tensor(one: Any) -> bool:
    """Whether it is a tensor."""
    return isinstance(one, TensorBase)


class Call:
    """A call of a function with other tensors in the places of those among its arguments.

    leaves      the arguments one by one, nested as `given` says
    tensors     those among them that are tensors, at `places`
    results     what the last call gave, one by one, nested as `structure` says
    """

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        leaves, self.given = tree_flatten((args, kwargs))
        self.function, self.leaves = function, leaves
        self.places = [at for at, one in enumerate(leaves) if is_tensor(one)]
        self.tensors = [leaves[at] for at in self.places]
        self.results: list[Any] = []
        self.structure: Any = None

    def __call__(self, *tensors: Any) -> list[Any]:
        leaves = list(self.leaves)
        for at, one in zip(self.places, tensors, strict=True):
            leaves[at] = one
        args, kwargs = tree_unflatten(leaves, self.given)
        self.results, self.structure = tree_flatten(self.function(*args, **kwargs))
        return self.results

    def nested(self, tensors: Sequence[Any]) -> Any:
        """Tensors in the places of those that the last call gave."""
        rest = iter(tensors)
        full = [next(rest) if is_tensor(one) else one for one in self.results]
        return tree_unflatten(full, self.structure)


def chunks(count: int, size: int | None) -> list[slice]:
    """Ranges of at most this size."""
    step = count if size is None else size
    starts = itertools.takewhile(lambda at: at < count, itertools.count(0, max(step, 1)))
    return [slice(at, min(at + step, count)) for at in starts]
