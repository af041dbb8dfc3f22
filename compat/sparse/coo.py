"""The COO tensor: a pattern and values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import compat as torch
from compat.core.size import sparse_coo
from compat.sparse.not_strided import NotStridedTensor, refusal
from compat.sparse.pattern import Pattern, added


class SparseTensor(NotStridedTensor):
    """A tensor of the layout `torch.sparse_coo`: entries by their places, zeros elsewhere.

    _pattern   where the entries are
    _vals      (entries, ...) what they are; several at one place mean their sum
    _padding   a place whose entries are not there: gradients of embeddings leave them in, as
               zeros, until somebody asks for the entries, since to take them out is a look
    """

    __slots__ = ("_kept", "_padding")

    _kept: Pattern
    _padding: int | None
    is_sparse = True

    @property
    def _pattern(self) -> Pattern:
        if self._padding is not None:
            self._without_padding()
        return self._kept

    def _without_padding(self) -> None:
        host = self._kept.host()[0]
        keep = (host != self._padding).nonzero()[0]
        self._padding = None
        if len(keep) < len(host):
            index = torch.from_numpy(keep).to(self.device)
            kept = Pattern(self._kept.indices.index_select(1, index), self._kept.sizes)
            self._kept, self._vals = kept, self._vals.index_select(0, index)

    @property
    def _entries(self) -> Any:
        """The values, of the entries that are there."""
        if self._padding is not None:
            self._without_padding()
        return self._vals

    def _with(self, values: Any) -> Any:
        made = sparse(self._kept, values, tuple(values.shape[1:]))
        made._padding = self._padding
        return made

    def _take(self, result: Any) -> None:
        self._kept, self._padding, self._vals = result._kept, result._padding, result._vals
        self._meta = result._meta

    def _has_places_of(self, other: Any) -> bool:
        return other._kept is self._kept and other._padding == self._padding

    def _parts(self) -> tuple[Any, ...]:
        return self._pattern.indices.detach(), self._entries.detach()

    def _rebuilt(self, parts: Sequence[Any]) -> Any:
        return SparseTensor._from_parts(parts, *self._facts())

    def _facts(self) -> tuple[Any, ...]:
        return tuple(self.shape), self._kept.coalesced, self.requires_grad

    @classmethod
    def _from_parts(
        cls, parts: Sequence[Any], size: Any, coalesced: bool, requires_grad: bool = False
    ) -> Any:
        indices, values = parts
        dims = indices.shape[0]
        made = sparse(Pattern(indices, size[:dims], coalesced), values, size[dims:])
        return made.requires_grad_() if requires_grad else made

    def _part_names(self) -> tuple[str, ...]:
        return "indices", "values"

    def _for_file(self) -> tuple[Any, ...]:
        return self.layout, (*self._parts(), self.shape, self._kept.coalesced)

    def _as_gradient(self, found: Any) -> Any:
        if self._pattern.coalesced:
            return self._with(found)
        pattern, _, first = self._pattern.groups()  # an entry for each place, not for each of ours
        return sparse(pattern, found.index_select(0, first), found.shape[1:])

    def _aligned(self, gradient: Any) -> Any:
        if not isinstance(gradient, SparseTensor):
            raise NotImplementedError("a strided gradient of a sparse tensor")
        return gradient.sparse_mask(self)._entries  # type: ignore[attr-defined]

    # Its parts, for users.

    def indices(self) -> Any:
        """(sparse_dim, nnz) where the entries are; RuntimeError while they are not coalesced."""
        self._check_coalesced("indices")
        return self._indices()

    def values(self) -> Any:
        """(nnz, ...) the entries; RuntimeError while they are not coalesced."""
        self._check_coalesced("values")
        return self._entries

    def _check_coalesced(self, what: str) -> None:
        if not self._kept.coalesced:
            raise RuntimeError(
                f"Cannot get {what} on an uncoalesced tensor, please call .coalesce() first"
            )

    def _indices(self) -> Any:
        return self._pattern.indices.detach()

    def _values(self) -> Any:
        return self._entries.detach()

    def _nnz(self) -> int:
        return self._pattern.count

    def sparse_dim(self) -> int:
        """How many dimensions the indices count."""
        return self._kept.dims

    def dense_dim(self) -> int:
        """How many dimensions an entry has."""
        return len(self.shape) - self._kept.dims

    def is_coalesced(self) -> bool:
        """Whether the entries are sorted by place and no place comes twice."""
        return self._kept.coalesced

    def _coalesced_(self, coalesced: bool) -> Any:
        old = self._pattern
        self._kept = Pattern(old.indices, old.sizes, coalesced)
        return self

    def coalesce(self) -> Any:
        """Itself when it is coalesced; else its entries sorted by place, those of one place
        added up. To find which these are is a look, once for each set of indices."""
        old = self._pattern
        if old.coalesced:
            return self
        if old.count < 2:
            return sparse(Pattern(old.indices, old.sizes, True), self._vals, self._vals.shape[1:])
        pattern, inverse, _ = old.groups()
        return sparse(pattern, added(pattern.count, inverse, self._vals), self._vals.shape[1:])

    def __iter__(self) -> Iterator[Any]:
        return iter(self.unbind(0))  # type: ignore[attr-defined]

    def __getitem__(self, index: Any) -> Any:
        dim, made = 0, self
        for each in index if isinstance(index, tuple) else (index,):
            if isinstance(each, int):
                made = made.select(dim, each)  # type: ignore[attr-defined]
            elif isinstance(each, slice) and each == slice(None):
                dim += 1
            else:
                raise refusal("as_strided", self.layout, self.device)
        return made


def sparse(pattern: Pattern, values: Any, dense: Sequence[int]) -> Any:
    """A COO tensor of a pattern and values; dense are the sizes of an entry."""
    made = object.__new__(SparseTensor)
    made._kept, made._padding = pattern, None
    made._prepare((*pattern.sizes, *dense), values, sparse_coo)
    return made
