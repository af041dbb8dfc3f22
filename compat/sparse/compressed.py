"""CSR tensors and their kin: rows (or columns) whose entries lie one behind the other.

Each knows its places as a COO pattern, found without a look, and computes as a COO tensor does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import compat as torch
from compat.core.size import (
    LAYOUTS as _ALL,
)
from compat.core.size import (
    Layout,
    Size,
    sparse_bsc,
    sparse_bsr,
    sparse_csc,
    sparse_csr,
    strided,
)
from compat.front.base import elements
from compat.sparse.coo import SparseTensor, sparse
from compat.sparse.create import to_sparse
from compat.sparse.not_strided import OF_COMPRESSED, NotStridedTensor
from compat.sparse.pattern import Pattern, added, on

LAYOUTS = {name.removeprefix("torch."): one for name, one in _ALL.items()}
_TURNED = {sparse_csr: sparse_csc, sparse_csc: sparse_csr, sparse_bsr: sparse_bsc,
           sparse_bsc: sparse_bsr}  # fmt: skip
_NAMES = {sparse_csr: "SparseCsr", sparse_csc: "SparseCsc", sparse_bsr: "SparseBsr",
          sparse_bsc: "SparseBsc"}  # fmt: skip


class Rows:
    """The places of a compressed tensor.

    pointers  where the entries of each row begin, and where those of the last one end
    plain     the column of each entry (CSC and BSC: rows and columns change places)
    sizes     of the matrix
    block     the size of an entry in the layouts of blocks, else None
    """

    __slots__ = ("pointers", "plain", "layout", "sizes", "block", "_pattern")

    def __init__(
        self, pointers: Any, plain: Any, layout: Layout, sizes: Sequence[int],
        block: tuple[int, int] | None,
    ) -> None:  # fmt: skip
        self.pointers, self.plain, self.layout = pointers, plain, layout
        self.sizes, self.block = tuple(sizes), block
        self._pattern: Pattern | None = None

    def pattern(self) -> Pattern:
        """The places of the elements, those of a block one by one."""
        if self._pattern is None:
            with torch.no_grad():
                self._pattern = self._found()
        return self._pattern

    def _found(self) -> Pattern:
        count = self.plain.shape[0]
        pointers, inner = self.pointers.to(torch.int64), self.plain.to(torch.int64)
        at = torch.arange(count, device=inner.device)
        outer = torch.searchsorted(pointers, at, right=True) - 1
        first, second = (outer, inner) if by_rows(self.layout) else (inner, outer)
        if self.block is not None:
            down, across = (torch.arange(n, device=inner.device) for n in self.block)
            shape = (count, *self.block)
            first = (first.reshape(-1, 1, 1) * self.block[0] + down.reshape(-1, 1)).expand(shape)
            second = (second.reshape(-1, 1, 1) * self.block[1] + across).expand(shape)
        indices = torch.stack([first.reshape(-1), second.reshape(-1)])
        return Pattern(indices, self.sizes, self.layout is sparse_csr)


def by_rows(layout: Layout) -> bool:
    """Whether rows, and not columns, lie together."""
    return layout in (sparse_csr, sparse_bsr)


class CompressedTensor(NotStridedTensor):
    """A tensor of the layout `torch.sparse_csr`, `_csc`, `_bsr` or `_bsc`."""

    __slots__ = ("_rows",)

    _rows: Rows
    _table = OF_COMPRESSED
    _title = "sparse_csr."

    @property
    def is_sparse_csr(self) -> bool:  # type: ignore[override]
        return self.layout is sparse_csr

    def _with(self, values: Any) -> Any:
        return compressed(self._rows, values, self._entry(values))

    def _entry(self, values: Any) -> tuple[int, ...]:
        return tuple(values.shape[1 if self._rows.block is None else 3 :])

    def _take(self, result: Any) -> None:
        self._rows, self._vals, self._meta = result._rows, result._vals, result._meta

    def _has_places_of(self, other: Any) -> bool:
        return other._rows is self._rows

    def _parts(self) -> tuple[Any, ...]:
        return self._rows.pointers.detach(), self._rows.plain.detach(), self._vals.detach()

    def _rebuilt(self, parts: Sequence[Any]) -> Any:
        return CompressedTensor._from_parts(parts, *self._facts())

    def _facts(self) -> tuple[Any, ...]:
        return repr(self.layout), tuple(self.shape), self.requires_grad

    @classmethod
    def _from_parts(
        cls, parts: Sequence[Any], layout: str, size: Any, requires_grad: bool = False
    ) -> Any:
        pointers, plain, values = parts
        made = from_file(_ALL[layout], pointers, plain, values, size)
        return made.requires_grad_() if requires_grad else made

    def _part_names(self) -> tuple[str, ...]:
        if by_rows(self.layout):
            return "crow_indices", "col_indices", "values"
        return "ccol_indices", "row_indices", "values"

    def _for_file(self) -> tuple[Any, ...]:
        return self.layout, (*self._parts(), self.shape)

    def _as_coo(self) -> Any:
        """The same elements as a COO tensor, in this one's order."""
        entry = self._entry(self._vals)
        return sparse(self._rows.pattern(), self._vals.reshape(-1, *entry), entry)

    def _like(self, made: Any) -> Any:
        """A COO result in this tensor's layout."""
        return compress(made.coalesce(), self.layout, self._rows.block)

    def _aligned(self, gradient: Any) -> Any:
        if isinstance(gradient, CompressedTensor):
            return NotStridedTensor._aligned(self, gradient)
        return self._masked(gradient)._vals

    def _masked(self, given: Any) -> Any:
        """The elements of a strided tensor at the places where this one has entries."""
        if given.layout is not strided:
            raise NotImplementedError(f"sparse_mask of a tensor of the layout {given.layout}")
        if given.shape != self.shape:
            raise RuntimeError(
                f"sparse_mask(): operands have incompatible sizes; self has size "
                f"{list(given.shape)} but mask has size {list(self.shape)}"
            )
        found = given[tuple(self._rows.pattern().indices.unbind(0))]
        return self._with(found.reshape(self._vals.shape))

    # Its parts, for users.

    def values(self) -> Any:
        """(nnz, ...) the entries; of the layouts of blocks (nnz, rows, columns)."""
        return self._vals

    def _nnz(self) -> int:
        return self._rows.plain.shape[0]

    def _pointed(self, name: str, rows: bool, part: Any) -> Any:
        if by_rows(self.layout) is not rows:
            kind = "row" if rows else "column"
            raise RuntimeError(
                f"{name} expected sparse {kind} compressed tensor layout but got "
                f"{_NAMES[self.layout]}"
            )
        return part.detach()

    def crow_indices(self) -> Any:
        """Where the entries of each row begin."""
        return self._pointed("crow_indices", True, self._rows.pointers)

    def col_indices(self) -> Any:
        """The column of each entry."""
        return self._pointed("col_indices", True, self._rows.plain)

    def ccol_indices(self) -> Any:
        """Where the entries of each column begin."""
        return self._pointed("ccol_indices", False, self._rows.pointers)

    def row_indices(self) -> Any:
        """The row of each entry."""
        return self._pointed("row_indices", False, self._rows.plain)

    def sparse_dim(self) -> int:
        """How many dimensions are sparse: two."""
        return 2

    def dense_dim(self) -> int:
        """How many dimensions an entry has, beside those of a block."""
        return len(self.shape) - 2

    def to_dense(self, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
        """A strided tensor of the same elements."""
        return self._as_coo().to_dense(dtype)

    @property
    def nbytes(self) -> int:
        """The bytes that a strided tensor of the shape would take, as PyTorch has it."""
        return self.numel() * self.itemsize

    def stride(self, dim: int | None = None) -> Any:
        raise RuntimeError("Sparse CSR tensors do not have strides")

    def is_contiguous(self, memory_format: Any = None) -> bool:
        raise RuntimeError("Sparse CSR tensors do not have is_contiguous")

    def __getitem__(self, index: Any) -> Any:
        return self._as_coo().coalesce()[index]

    def zero_(self) -> Any:
        """Takes all entries away."""
        return self._become(empty_compressed(self.layout, self.shape, self.dtype, self.device))

    def copy_(self, src: Any, non_blocking: bool = False) -> Any:
        """Takes over the entries of another tensor of the layout."""
        if src.layout is not self.layout or src.shape != self.shape:
            raise RuntimeError(
                f"copy_() between {self.layout} and {src.layout}, or other shapes, is not "
                "implemented"
            )
        return self._become(src.to(self.dtype).clone())

    def mul_(self, other: Any) -> Any:
        """In-place version of `mul`."""
        return self._become(self * other)

    __imul__ = mul_


def compressed(rows: Rows, values: Any, dense: Sequence[int]) -> Any:
    """A tensor of places and values; dense are the sizes of an entry."""
    made = object.__new__(CompressedTensor)
    made._rows = rows
    made._prepare((*rows.sizes, *dense), values, rows.layout)
    return made


def compress(coo: Any, layout: Layout, block: tuple[int, int] | None) -> Any:
    """A coalesced COO matrix in another layout: a look at its indices."""
    pattern, values = coo._pattern, coo._entries
    host, sizes = pattern.host(), pattern.sizes
    row, column = host[0], host[1]
    if block is not None:
        return _in_blocks(coo, row, column, layout, block)
    rows = by_rows(layout)
    if not rows:
        order = np.lexsort((row, column))
        row, column = row[order], column[order]
        values = values.index_select(0, on(order, coo))
    outer, inner = (row, column) if rows else (column, row)
    pointers = np.searchsorted(outer, np.arange(sizes[0 if rows else 1] + 1))
    made = Rows(on(pointers, coo), on(inner, coo), layout, sizes, None)
    return compressed(made, values, values.shape[1:])


def _in_blocks(
    coo: Any, row: Any, column: Any, layout: Layout, block: tuple[int, int]
) -> Any:
    sizes, rows = coo._pattern.sizes, by_rows(layout)
    high, wide = block
    if not high or not wide or sizes[0] % high or sizes[1] % wide:
        raise RuntimeError(
            f"dense_to_{repr(layout).removeprefix('torch.')}: tensor sparse size "
            f"({sizes[0]},{sizes[1]}) must be divisible by given blocksize ({high},{wide})"
        )
    down, across = sizes[0] // high, sizes[1] // wide
    outer, inner = (row // high, column // wide) if rows else (column // wide, row // high)
    length = across if rows else down
    keys, inverse = np.unique(outer * length + inner, return_inverse=True)
    place = (inverse.reshape(-1) * high + row % high) * wide + column % wide
    values = added(len(keys) * high * wide, on(place, coo), coo._entries)
    entry = tuple(values.shape[1:])
    pointers = np.searchsorted(keys // max(length, 1), np.arange((down if rows else across) + 1))
    made = Rows(on(pointers, coo), on(keys % max(length, 1), coo), layout, sizes, block)
    return compressed(made, values.reshape(len(keys), high, wide, *entry), entry)


def to_compressed(self: Any, layout: Layout, blocksize: Any, dense_dim: int | None) -> Any:
    """The tensor in a layout; which elements are not zero, and where, is a look."""
    if layout is strided:
        return self.to_dense()
    in_blocks = layout in (sparse_bsr, sparse_bsc)
    name = repr(layout).removeprefix("torch.")
    if in_blocks and blocksize is None:
        raise RuntimeError(f"to_{name}: blocksize is missing")
    block = tuple(int(n) for n in blocksize) if in_blocks else None
    if isinstance(self, CompressedTensor):
        if self.layout is layout and self._rows.block == block:
            return self
        if self._rows.block is not None and not in_blocks:
            raise RuntimeError(
                f"sparse_compressed_to_{name}: expected SparseCsr or SparseCsc layout but got "
                f"{_NAMES[self.layout]}"
            )
        return compress(self._as_coo().coalesce(), layout, block)  # type: ignore[arg-type]
    if isinstance(self, SparseTensor):
        coo = self.coalesce()
    else:
        dims = self.dim() - (dense_dim or 0)
        if dims > 2:
            raise NotImplementedError(f"to_{name}: a batch of matrices")
        coo = to_sparse(self, dims)
    if coo.sparse_dim() != 2:
        raise RuntimeError(
            f"to_{name}: the tensor must have two sparse dimensions but got {coo.sparse_dim()}"
        )
    return compress(coo, layout, block)  # type: ignore[arg-type]


# Making them.


def sparse_compressed_tensor(
    compressed_indices: Any, plain_indices: Any, values: Any, size: Any = None, *,
    dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False, check_invariants: bool | None = None,
) -> Any:  # fmt: skip
    """A tensor of a compressed layout.

    compressed_indices   where the entries of each row (or column) begin, and the last ones end
    plain_indices        the column (or row) of each entry
    values               (nnz, ...), of the layouts of blocks (nnz, rows, columns)
    size                 found from the largest index when it is not given, which is a look
    """
    if layout not in _NAMES:
        raise RuntimeError("expected sparse compressed layout, but got " + repr(layout))
    given = torch.as_tensor(values, dtype=dtype, device=device)
    if isinstance(values, torch.Tensor):
        given = values.to(device=device or values.device, dtype=dtype or values.dtype)
    where = given.device
    pointers = torch.as_tensor(compressed_indices, device=where)
    plain = torch.as_tensor(plain_indices, device=where)
    if pointers.dtype is not torch.int32 and pointers.dtype is not torch.int64:
        raise RuntimeError(
            "compressed_indices and plain_indices dtype must be Int or Long, but got "
            f"{pointers.dtype}"
        )
    if pointers.dim() != 1 or plain.dim() != 1:
        raise NotImplementedError("a batch of compressed sparse tensors")
    block = tuple(given.shape[1:3]) if layout in (sparse_bsr, sparse_bsc) else None
    if size is None:
        size = _inferred(pointers, plain, given, layout, block)
    rows = Rows(pointers.detach(), plain.detach(), layout, Size(size)[:2], block)
    if torch.sparse.check_sparse_tensor_invariants.is_wanted(check_invariants):
        _check(rows, given)
    if requires_grad:
        given = given.detach()
    made = compressed(rows, given, Size(size)[2:])
    return made.requires_grad_() if requires_grad else made


def _inferred(pointers: Any, plain: Any, values: Any, layout: Layout, block: Any) -> list[int]:
    """The size that a tensor's parts tell of: a look."""
    host = elements(plain)
    outer, inner = pointers.shape[0] - 1, int(host.max()) + 1 if host.size else 0
    size = [outer, inner] if by_rows(layout) else [inner, outer]
    if block is not None:
        size = [size[0] * block[0], size[1] * block[1]]
    return [*size, *values.shape[1 if block is None else 3 :]]


def _check(rows: Rows, values: Any) -> None:
    """RuntimeError when the parts do not describe a matrix: a look."""
    names = ("crow_indices", "col_indices", "nrows", "ncols")
    if not by_rows(rows.layout):
        names = ("ccol_indices", "row_indices", "ncols", "nrows")
    pointing, plainly, many, wide = names
    pointers, plain = elements(rows.pointers), elements(rows.plain)
    down, across = (size // step for size, step in zip(rows.sizes, rows.block or (1, 1),
                                                       strict=True))  # fmt: skip
    outer, inner = (down, across) if by_rows(rows.layout) else (across, down)
    count = values.shape[0]
    if len(plain) != count:
        raise RuntimeError(
            f"{plainly}.shape[-1] must be equal to nnz (={count}) as defined by values.shape[0], "
            f"but got {len(plain)}"
        )
    if len(pointers) != outer + 1:
        raise RuntimeError(
            f"{pointing}.shape[-1] must be equal to the number of {many[1:]} + 1 (={outer + 1}), "
            f"but got {len(pointers)}"
        )
    steps = np.diff(pointers)
    where = np.repeat(np.arange(outer), np.maximum(steps, 0))
    held = {
        f"{pointing}[..., 0] == 0": pointers[0] == 0,
        f"{pointing}[..., -1] == nnz": pointers[-1] == count,
        f"0 <= {pointing}[..., 1:] - {pointing}[..., :-1] <= {wide}":
            bool(((steps >= 0) & (steps <= inner)).all()),
        f"0 <= {plainly} < {wide}": bool(((plain >= 0) & (plain < inner)).all()),
        f"{plainly}[..., {pointing}[..., i - 1]:{pointing}[..., i]] for all i = 1, ..., {many} are "
        "sorted and distinct along the last dimension values":
            len(where) == count and bool((np.diff(where * max(inner, 1) + plain) > 0).all()),
    }  # fmt: skip
    for what, holds in held.items():
        if not holds:
            raise RuntimeError(f"`{what}` is not satisfied.")


def _maker(layout: Layout, outer: str, inner: str) -> Any:
    def make(*parts: Any, size: Any = None, dtype: Any = None, device: Any = None,
             pin_memory: bool = False, requires_grad: bool = False,
             check_invariants: bool | None = None, **named: Any) -> Any:  # fmt: skip
        order = (outer, inner, "values", "size")
        given = dict(zip(order, parts, strict=False)) | named
        if len(parts) > 4 or not set(given) <= set(order):
            raise TypeError(f"{make.__name__}() received an invalid combination of arguments")
        return sparse_compressed_tensor(
            given[outer], given[inner], given["values"], given.get("size", size), dtype=dtype,
            layout=layout, device=device, requires_grad=requires_grad,
            check_invariants=check_invariants,
        )  # fmt: skip

    make.__name__ = make.__qualname__ = f"{repr(layout).removeprefix('torch.')}_tensor"
    make.__doc__ = f"A tensor of the layout {layout} of {outer}, {inner} and values."
    return make


sparse_csr_tensor = _maker(sparse_csr, "crow_indices", "col_indices")
sparse_csc_tensor = _maker(sparse_csc, "ccol_indices", "row_indices")
sparse_bsr_tensor = _maker(sparse_bsr, "crow_indices", "col_indices")
sparse_bsc_tensor = _maker(sparse_bsc, "ccol_indices", "row_indices")


def empty_compressed(
    layout: Layout, size: Sequence[int], dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """A matrix without entries."""
    if layout not in (sparse_csr, sparse_csc) or len(size) != 2:
        raise RuntimeError(
            f"a tensor of the layout {layout} and the size {list(size)} cannot be made empty"
        )
    values = torch.zeros(0, dtype=dtype or torch.get_default_dtype(), device=device)
    outer = size[0 if by_rows(layout) else 1]
    pointers = torch.zeros(outer + 1, dtype=torch.int64, device=values.device)
    plain = torch.zeros(0, dtype=torch.int64, device=values.device)
    made = compressed(Rows(pointers, plain, layout, size, None), values, ())
    return made.requires_grad_() if requires_grad else made


def from_file(layout: Layout, pointers: Any, plain: Any, values: Any, size: Any) -> Any:
    """The tensor that a file tells of; RuntimeError when its parts do not fit together."""
    return sparse_compressed_tensor(
        pointers, plain, values, size, layout=layout, check_invariants=True
    )


def turned(given: Any) -> Any:
    """The transpose: the same parts, with rows for columns."""
    old, values = given._rows, given._vals
    block = None
    if old.block is not None:
        block, values = (old.block[1], old.block[0]), values.transpose(1, 2)
    made = Rows(old.pointers, old.plain, _TURNED[old.layout], old.sizes[::-1], block)
    return compressed(made, values, given._entry(values))

