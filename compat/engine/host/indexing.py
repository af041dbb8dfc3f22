"""XLA's general gather and scatter in NumPy: which elements, as one index array a dimension."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jax.lax import GatherScatterMode


class _Windows:
    """Where windows of fixed sizes lie in an array, given an array of starts.

    shape     of the array; `sizes` of a window in each of its dimensions
    mapped    the dimension that each component of a start (the last dimension) belongs to
    batched   (dimension, batch dimension) pairs that go together
    kept      the dimensions of the window that are laid out, after those of the batch
    clips     whether windows are moved inside; else those that reach outside are told
    """

    def __init__(
        self,
        shape: Sequence[int],
        sizes: Sequence[int],
        batch: Sequence[int],
        mapped: Sequence[int],
        batched: Sequence[tuple[int, int]],
        kept: Sequence[int],
        clips: bool,
    ) -> None:
        self.mapped, self.clips = mapped, clips
        self.limits = [shape[dim] - sizes[dim] for dim in mapped]
        rank = len(batch) + len(kept)
        self.starts = tuple(batch) + (1,) * len(kept)
        self.fixed: list[Any] = [np.zeros((1,) * rank, np.int64)] * len(shape)
        places = [(dim, along, batch[along]) for dim, along in batched]
        places += [(dim, len(batch) + at, sizes[dim]) for at, dim in enumerate(kept)]
        for dim, along, size in places:
            unit = [1] * rank
            unit[along] = size
            self.fixed[dim] = self.fixed[dim] + np.arange(size).reshape(unit)

    def __call__(self, indices: Any) -> tuple[tuple[Any, ...], Any]:
        """An index array for each dimension, and which windows lie inside (None: all do)."""
        found = list(self.fixed)
        inside = None
        for at, (dim, limit) in enumerate(zip(self.mapped, self.limits, strict=True)):
            start = indices[..., at]
            if self.clips:
                start = np.minimum(np.maximum(start, 0), limit)
            else:
                good = (start >= 0) & (start <= limit)
                if not good.all():
                    inside = good if inside is None else inside & good
                    start = np.where(good, start, 0)
            found[dim] = found[dim] + start.reshape(self.starts)
        return tuple(found), None if inside is None else inside.reshape(self.starts)


def gather(equation: Any) -> Callable[..., Any]:
    """Windows of an array, at starts that an array gives."""
    params = equation.params
    numbers, sizes = params["dimension_numbers"], params["slice_sizes"]
    shape = equation.invars[0].aval.shape
    batch = equation.invars[1].aval.shape[:-1]
    result = equation.outvars[0].aval
    dropped = {*numbers.collapsed_slice_dims, *numbers.operand_batching_dims}
    kept = [dim for dim in range(len(shape)) if dim not in dropped]
    batched = list(
        zip(numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True)
    )
    fills = GatherScatterMode.from_any(params["mode"]) == GatherScatterMode.FILL_OR_DROP
    mapped = numbers.start_index_map
    filler = _filler(params["fill_value"], result.dtype)
    rest = [dim for dim in range(len(result.shape)) if dim not in numbers.offset_dims]
    if not batched and math.prod(batch) == 1:
        place = _place(shape, sizes, mapped, clips=not fills)

        def picked(array: Any, indices: Any) -> Any:
            where = place(indices)
            if where is None:
                return np.full(result.shape, filler)
            return array[where].reshape(result.shape).copy()

        return picked
    if not batched and _are_rows(sizes, shape, mapped) and mapped[0] not in kept:
        return _taken_rows(equation, rest, filler if fills else None)
    windows = _Windows(shape, sizes, batch, mapped, batched, kept, clips=not fills)
    order = np.argsort([*rest, *numbers.offset_dims]).tolist()
    moves = order != sorted(order)

    def gathered(array: Any, indices: Any) -> Any:
        where, inside = windows(indices)
        taken = array[where] if where else np.full(batch, array)
        if inside is not None:
            taken = np.where(inside, taken, filler)
        return taken.transpose(order) if moves else taken

    return gathered


def _are_rows(sizes: Sequence[int], shape: Sequence[int], mapped: Sequence[int]) -> bool:
    """Whether windows are whole but for one dimension, of which each has one index."""
    return len(mapped) == 1 and all(
        size == (1 if dim == mapped[0] else full)
        for dim, (size, full) in enumerate(zip(sizes, shape, strict=True))
    )


def _taken_rows(equation: Any, rest: Sequence[int], filler: Any) -> Callable[..., Any]:
    """Rows along one dimension, which NumPy's own `take` gives; a filler where there are none."""
    numbers = equation.params["dimension_numbers"]
    (axis,), offsets = numbers.start_index_map, numbers.offset_dims
    limit = equation.invars[0].aval.shape[axis] - 1
    order = np.argsort([*offsets[:axis], *rest, *offsets[axis:]]).tolist()

    def taken(array: Any, indices: Any) -> Any:
        where = indices[..., 0]
        made = array.take(where, axis, mode="clip")
        if filler is not None:
            outside = (where < 0) | (where > limit)
            if outside.any():
                made[(*[slice(None)] * axis, outside)] = filler
        return made.transpose(order)

    return taken


ROW = 8  # elements from which on adding a row by itself is quicker than `ufunc.at`


def _scattered_rows(function: Any, equation: Any, clips: bool) -> Callable[..., Any]:
    """Rows along one dimension combined with what is there, one after the other."""
    numbers = equation.params["dimension_numbers"]
    shape, _, updates = (atom.aval.shape for atom in equation.invars)
    (axis,) = numbers.scatter_dims_to_operand_dims
    limit = shape[axis] - 1
    window = numbers.update_window_dims
    order = [*(dim for dim in range(len(updates)) if dim not in window), *window]
    rest = (*shape[:axis], *shape[axis + 1 :])

    def scattered(array: Any, indices: Any, new: Any) -> Any:
        made = np.array(array, order="C")
        where = indices.reshape(-1)
        new = new.transpose(order).reshape(len(where), *rest)
        if clips:
            where = np.minimum(np.maximum(where, 0), limit)
        else:
            inside = (where >= 0) & (where <= limit)
            if not inside.all():
                where, new = where[inside], new[inside]
        rows = np.moveaxis(made, axis, 0)
        if math.prod(rest) < ROW:
            function.at(rows, where, new)
        else:
            for at, row in zip(where.tolist(), new, strict=True):
                function(rows[at], row, rows[at])
        return made

    return scattered


def _place(
    shape: Sequence[int], sizes: Sequence[int], mapped: Sequence[int], clips: bool
) -> Callable[[Any], tuple[Any, ...] | None]:
    """Where a single window lies, given its start; None where it would reach outside."""
    limits = [shape[dim] - sizes[dim] for dim in mapped]
    whole = [slice(0, size) for size in sizes]

    def place(start: Any) -> tuple[Any, ...] | None:
        cuts = whole.copy()
        for dim, limit, begin in zip(mapped, limits, start.reshape(-1).tolist(), strict=True):
            if not 0 <= begin <= limit:
                if not clips:
                    return None
                begin = 0 if begin < 0 else limit
            cuts[dim] = slice(begin, begin + sizes[dim])
        return (*cuts, ...)  # so that an array without dimensions gives no scalar

    return place


def _filler(value: Any, dtype: np.dtype[Any]) -> Any:
    """What stands where a window lies outside: NaN, or the least or greatest whole number."""
    if value is None:
        value = {
            "f": np.nan, "c": np.nan, "b": True, "i": np.iinfo(np.int64).min, "u": -1,
        }[dtype.kind]  # fmt: skip
        if dtype.kind == "i":
            value = np.iinfo(dtype).min
    return np.asarray(value).astype(dtype)


def scatter(function: Any) -> Callable[[Any], Callable[..., Any]]:
    """Windows put into a copy of an array, or combined with what is there by a ufunc."""

    def rule(equation: Any) -> Callable[..., Any]:
        params = equation.params
        numbers = params["dimension_numbers"]
        shape, starts, updates = (atom.aval.shape for atom in equation.invars)
        dropped = {*numbers.inserted_window_dims, *numbers.operand_batching_dims}
        kept = [dim for dim in range(len(shape)) if dim not in dropped]
        sizes = [1] * len(shape)
        for dim, at in zip(kept, numbers.update_window_dims, strict=True):
            sizes[dim] = updates[at]
        batched = list(
            zip(numbers.operand_batching_dims, numbers.scatter_indices_batching_dims, strict=True)
        )
        clips = GatherScatterMode.from_any(params["mode"]) == GatherScatterMode.CLIP
        mapped = numbers.scatter_dims_to_operand_dims
        if not batched and math.prod(starts[:-1]) == 1:  # one window meets no place twice
            place = _place(shape, sizes, mapped, clips)

            def put(array: Any, indices: Any, new: Any) -> Any:
                made, where = np.array(array, order="C"), place(indices)
                if where is not None:
                    part = made[where]
                    new = new.reshape(sizes)
                    if function is None:
                        part[...] = new
                    else:
                        function(part, new, part)
                return made

            return put
        if function is not None and not batched and _are_rows(sizes, shape, mapped):
            return _scattered_rows(function, equation, clips)
        windows = _Windows(shape, sizes, starts[:-1], mapped, batched, kept, clips)
        window = numbers.update_window_dims
        order = [*(d for d in range(len(updates)) if d not in window), *window]
        flat = not shape

        def scattered(array: Any, indices: Any, new: Any) -> Any:
            made = np.array(array, order="C", ndmin=1)
            where, inside = windows(indices)
            new = new.transpose(order)
            if flat:
                where = (np.zeros(new.shape, np.int64),)
            if inside is not None:
                keep = np.broadcast_to(inside, new.shape)
                where = tuple(np.broadcast_to(each, new.shape)[keep] for each in where)
                new = new[keep]
            if function is None:
                made[where] = new
            else:
                function.at(made, where, new)
            return made.reshape(shape)

        return scattered

    return rule
