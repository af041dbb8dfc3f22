"""Between batches and the samples that mapped functions see: see `tape/lanes.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compat.engine.recorder import local
from compat.front.base import TensorBase, value_of, wrap
from compat.tape import lanes
from compat.tape.differentiate import Gradient
from compat.tape.history import current


def with_tape(tensor: Any) -> Gradient:
    """A tensor's value, and its tape where a gradient flows."""
    return value_of(tensor), current(tensor) if local.grad and tensor.requires_grad else None


def entered(batch: Any, dim: int, depth: int, size: int) -> Any:
    """The sample that stands for all along a dimension of a tensor."""
    return wrap(*lanes.enter(with_tape(batch.movedim(dim, 0)), depth, size))


def left(sample: Any, dim: int | None, depth: int, size: int) -> Any:
    """All samples, along a dimension of one tensor; of those that are all the same the first."""
    batch = wrap(*lanes.leave(with_tape(sample), depth, size))
    return batch[0] if dim is None else batch.movedim(0, dim)


def drawn(draw: Callable[[tuple[int, ...]], Any]) -> Any:
    """What each sample draws: `draw` gives a tensor with a dimension at the front for each function
    whose samples draw numbers of their own."""
    levels = lanes.local.draws
    made = draw(tuple(size for _, size in levels))
    for depth, size in levels:
        made = entered(made, 0, depth, size)
    return made


def depth_of(args: Sequence[Any]) -> int:
    """How deep the function is mapped whose samples are among the arguments."""
    return max([one._meta.device.depth for one in args if isinstance(one, TensorBase)], default=0)


def mapped_by(rule: Callable[..., Any], info: Callable[[int], Any], args: Sequence[Any]) -> Any:
    """The result for samples, by a rule for batches: `rule(info, in_dims, *args)` gives a result
    and the dimensions of its samples, each one or a tuple."""
    depth, sizes = depth_of(args), []
    batches: list[Any] = list(args)
    dims: list[int | None] = [None] * len(args)
    for at, one in enumerate(args):
        if isinstance(one, TensorBase) and one._meta.device.depth == depth:
            size = lanes.lane_of(value_of(one)).size
            batches[at] = left(one, None if size is None else 0, depth, size or 1)
            dims[at] = None if size is None else 0
            sizes += [] if size is None else [size]
    made, places = rule(info(sizes[0] if sizes else 1), tuple(dims), *batches)
    if not isinstance(made, tuple | list):
        return made if places is None else entered(made, places, depth, made.shape[places])
    if not isinstance(places, tuple | list):
        places = (places,) * len(made)
    return tuple(
        one if dim is None else entered(one, dim, depth, one.shape[dim])
        for one, dim in zip(made, places, strict=True)
    )
