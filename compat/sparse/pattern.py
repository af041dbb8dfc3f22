"""Where the entries of a sparse tensor are: what many tensors share, and what is known of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import compat as torch
from compat.core.size import contiguous_strides
from compat.front.base import elements
from compat.front.create import from_host


class Pattern:
    """The places of entries.

    indices    int64 (dims, entries)
    sizes      of the dims that the indices count
    coalesced  whether places are sorted and none comes twice

    Tensors computed entry by entry share the pattern of their source, and with it what has been
    found out about it; a write to the indices makes that forgotten.
    """

    __slots__ = ("indices", "sizes", "coalesced", "_known")

    def __init__(self, indices: Any, sizes: Sequence[int], coalesced: bool = False) -> None:
        self.indices, self.sizes = indices, tuple(sizes)
        self.coalesced = coalesced
        self._known: dict[str, Any] = {}

    @property
    def count(self) -> int:
        """How many entries there are."""
        return self.indices.shape[1]

    @property
    def dims(self) -> int:
        """How many dimensions the indices count."""
        return self.indices.shape[0]

    def remembered(self, name: str, find: Any) -> Any:
        """What `find` gives, kept until the indices are written to."""
        version = self.indices._version
        found = self._known.get(name)
        if found is None or found[0] != version:
            found = self._known[name] = version, find()
        return found[1]

    def host(self) -> np.ndarray[Any, Any]:
        """The indices on the host: a look."""
        return elements(self.indices)

    def keys(self) -> np.ndarray[Any, Any]:
        """The places in row-major order as numbers, on the host: a look."""
        host = self.host().astype(np.int64)
        return np.array(contiguous_strides(self.sizes), np.int64).reshape(1, -1).dot(host)[0]

    def flat(self) -> Any:
        """The places in row-major order as a tensor of numbers; nothing is looked at."""
        return self.remembered("flat", self._find_flat)

    def _find_flat(self) -> Any:
        with torch.no_grad():
            if self.dims == 1:
                return self.indices[0]
            if not self.dims:
                return torch.zeros(self.count, dtype=torch.int64, device=self.indices.device)
            steps = contiguous_strides(self.sizes)
            terms = [self.indices[dim] * step for dim, step in enumerate(steps)]
            whole = terms[0]
            for term in terms[1:]:
                whole = whole + term
            return whole

    def groups(self) -> tuple[Pattern, Any, Any]:
        """The coalesced pattern, for each entry which of its places it is at, and for each of
        its places the first entry there: a look."""
        return self.remembered("groups", self._find_groups)

    def _find_groups(self) -> tuple[Pattern, Any, Any]:
        keys, first, inverse = np.unique(self.keys(), return_index=True, return_inverse=True)
        made = pattern_of(places(keys, self.sizes), self.sizes, self.indices.device, True)
        return made, on(inverse.reshape(-1), self.indices), on(first, self.indices)


def places(keys: np.ndarray[Any, Any], sizes: Sequence[int]) -> np.ndarray[Any, Any]:
    """Indices (dims, entries) of places that are numbered in row-major order."""
    if not math.prod(sizes) or not sizes:
        return np.zeros((len(sizes), len(keys)), np.int64)
    return np.stack(np.unravel_index(keys, tuple(sizes))).astype(np.int64)


def pattern_of(
    indices: np.ndarray[Any, Any], sizes: Sequence[int], device: Any, coalesced: bool = False
) -> Pattern:
    """A pattern whose indices the host has."""
    made = from_host(np.ascontiguousarray(indices, np.int64), torch.int64, device)
    return Pattern(made, sizes, coalesced)


def on(numbers: np.ndarray[Any, Any], like: Any) -> Any:
    """Whole numbers of the host as a tensor where another one is."""
    return from_host(np.ascontiguousarray(numbers, np.int64), torch.int64, like.device)


def added(rows: int, index: Any, values: Any) -> Any:
    """(rows, ...) zeros to which each of the values is added at its row."""
    kind = values.dtype
    if kind is torch.bool:
        return added(rows, index, values.to(torch.int8)) != 0
    zeros = torch.zeros((rows, *values.shape[1:]), dtype=kind, device=values.device)
    return zeros.index_add(0, index, values)
