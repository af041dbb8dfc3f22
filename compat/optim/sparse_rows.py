"""Updates by sparse gradients: the rows that a gradient names, and those alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from compat.front.update import overwrite

# (numbers, gradient's rows, the same rows of parameter and state) -> these rows anew. They are made
# from what is read, and not added to: XLA would write before it has read, and copy the whole table
# for that (80 ms a step instead of 2).
Change = Callable[..., tuple[Any, ...]]


def update_rows(
    key: Hashable,
    name: str,
    change: Change,
    targets: Sequence[Any],
    grad: Any,
    numbers: Sequence[float],
) -> None:
    """Overwrites the rows of each target with what a rule makes of them and of a COO gradient.

    Entries for the same row are added up first. How many rows that leaves is not looked at: the
    places left over name a row behind the last, where nothing is written.
    """
    entry = tuple(grad._vals.shape[1:])

    def whole(arrays: Sequence[jax.Array], given: Sequence[Any]) -> list[jax.Array]:
        *tables, index, values = arrays
        tables = [table.reshape(-1, *entry) for table in tables]
        count = tables[0].shape[0]
        rows, which = jnp.unique(
            index, return_inverse=True, size=index.shape[0], fill_value=count
        )
        summed = jnp.zeros_like(values).at[which.reshape(-1)].add(values)
        here = [table.at[rows].get(mode="clip") for table in tables]
        made = change([number.astype(values.dtype) for number in given], summed, *here)
        return [
            table.at[rows].set(new, mode="drop").reshape(old.shape)
            for table, new, old in zip(tables, made, arrays, strict=False)
        ]

    sources = [grad._kept.flat(), grad._vals]
    overwrite((key, len(targets), entry), name, whole, targets, sources, numbers)
