"""Making sparse COO tensors: from indices and values, from strided tensors, empty ones."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

import compat as torch
from compat.core.size import Layout, Size, sparse_coo, strided
from compat.front.base import elements
from compat.sparse.coo import SparseTensor, sparse
from compat.sparse.pattern import Pattern, on, pattern_of, places


def sparse_coo_tensor(
    *args: Any, dtype: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False, check_invariants: bool | None = None,
    is_coalesced: bool | None = None, **named: Any,
) -> Any:  # fmt: skip
    """A COO tensor, of a size, or of indices and values.

    indices  (dims, nnz) whole numbers
    values   (nnz, ...)
    size     found from the largest indices when it is not given, which is a look

    Values at the same place mean their sum. RuntimeError when the shapes do not fit together,
    or, with check_invariants, when an index is out of range.
    """
    order = ("indices", "values", "size")
    given = dict(zip(order, args, strict=False)) | named
    if len(args) > 3 or not set(named) <= set(order):
        raise TypeError("sparse_coo_tensor() received an invalid combination of arguments")
    if "values" not in given:
        size = _size(given.get("size", given.get("indices")))
        return empty_sparse(size, dtype, device, requires_grad)
    indices, values = _tensors(given["indices"], given["values"], dtype, device)
    size = given.get("size")
    size = None if size is None else _size(size)
    size = _checked(indices, values, size)
    if torch.sparse.check_sparse_tensor_invariants.is_wanted(check_invariants):
        check_range(indices, size)
    dims = indices.shape[0]
    if requires_grad:
        values = values.detach()
    made = sparse(Pattern(indices, size[:dims], bool(is_coalesced)), values, size[dims:])
    return made.requires_grad_() if requires_grad else made


def _size(given: Any) -> Size:
    return Size([given] if isinstance(given, int) else [int(n) for n in given])


def _tensors(indices: Any, values: Any, dtype: Any, device: Any) -> tuple[Any, Any]:
    """Indices and values as tensors of one device; lists and arrays are read."""
    if not isinstance(values, torch.Tensor):
        values = torch.tensor(values, dtype=dtype, device=device)
    else:
        values = values.to(device=device or values.device, dtype=dtype or values.dtype)
    if not isinstance(indices, torch.Tensor):
        indices = torch.tensor(indices, device=values.device)
    return indices.detach().to(device=values.device, dtype=torch.int64), values


def _checked(indices: Any, values: Any, size: Size | None) -> Size:
    """The size of a tensor of these; RuntimeError when their shapes do not fit."""
    if indices.dim() == 1 and size is not None and not indices.numel():
        indices = indices.reshape(1, 0)
    if indices.dim() != 2 and not (indices.dim() == 1 and size is not None):
        raise RuntimeError(
            f"indices must be sparse_dim x nnz, but got: {list(indices.shape)}"
        )
    dims = indices.shape[0]
    entry = tuple(values.shape[1:])
    if size is not None and len(size) != dims + len(entry):
        raise RuntimeError(
            "'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = "
            f"{len(size)}, sparse_dim = {dims}, dense_dim = {len(entry)}"
        )
    count = values.shape[0] if values.dim() else 1
    if not values.dim() or indices.dim() != 2 or indices.shape[1] != count:
        there = indices.shape[1] if indices.dim() == 2 else indices.shape[0]
        raise RuntimeError(
            f"indices and values must have same nnz, but got nnz from indices: {there}, nnz from "
            f"values: {count}"
        )
    if size is None:
        return Size((*_inferred(indices), *entry))
    if tuple(size[dims:]) != entry:
        raise RuntimeError(
            f"values has incorrect size, expected {[count, *size[dims:]]}, got "
            f"{list(values.shape)}"
        )
    return size


def _inferred(indices: Any) -> list[int]:
    """The smallest sizes that the indices fit in: a look."""
    host = elements(indices)
    if not host.shape[1]:
        return [0] * host.shape[0]
    for dim, lowest in enumerate(host.min(1)):
        if lowest < 0:
            raise RuntimeError(f"found negative index {lowest} for dim {dim}")
    return [int(highest) + 1 for highest in host.max(1)]


def check_range(indices: Any, size: Sequence[int]) -> None:
    """RuntimeError when an index is not inside the size: a look."""
    host = elements(indices)
    if not host.size:
        return
    for dim, (lowest, highest) in enumerate(zip(host.min(1), host.max(1), strict=True)):
        if lowest < 0:
            raise RuntimeError(f"found negative index {lowest} for dim {dim}")
        if highest >= size[dim]:
            raise RuntimeError(
                f"size is inconsistent with indices: for dim {dim}, size is {size[dim]} but found "
                f"index {highest}"
            )


def empty_sparse(
    size: Sequence[int], dtype: Any = None, device: Any = None, requires_grad: bool = False,
    dense: int = 0,
) -> Any:  # fmt: skip
    """A COO tensor without entries; so many of the last dimensions are those of an entry."""
    where = torch.empty(0, device=device).device
    dims = len(size) - dense
    values = torch.zeros((0, *size[dims:]), dtype=dtype or torch.get_default_dtype(), device=where)
    pattern = pattern_of(np.zeros((dims, 0), np.int64), size[:dims], where, True)
    made = sparse(pattern, values, size[dims:])
    return made.requires_grad_() if requires_grad else made


def in_layout(
    name: str, layout: Layout, size: Sequence[int], dtype: Any, device: Any, requires_grad: bool
) -> Any:
    """What `zeros` and its kin give for a layout that is not strided."""
    if name not in ("zeros", "empty"):
        raise RuntimeError("full(...) is not implemented for sparse layout")
    if layout is sparse_coo:
        return empty_sparse(size, dtype, device, requires_grad)
    from compat.sparse.compressed import empty_compressed  # few programs have these

    return empty_compressed(layout, size, dtype, device, requires_grad)


def like(
    name: str, input: Any, layout: Any, dtype: Any, device: Any, requires_grad: bool
) -> Any:
    """What `zeros_like` and its kin give where a layout is not strided."""
    layout = layout or input.layout
    dtype, device = dtype or input.dtype, device or input.device
    if layout is strided:
        made = getattr(torch, name.removesuffix("_like"))
        return made(input.shape, dtype=dtype, device=device, requires_grad=requires_grad)
    kind = name.removesuffix("_like")
    if kind == "ones" and layout is input.layout is not sparse_coo and layout is not strided:
        made = input.detach()._with(torch.ones_like(input._vals, dtype=dtype))
        return made.requires_grad_() if requires_grad else made
    if kind not in ("zeros", "empty"):
        return input._answer("fill_", (), {})
    if isinstance(input, SparseTensor) and layout is sparse_coo:
        return empty_sparse(input.shape, dtype, device, requires_grad, input.dense_dim())
    return in_layout(kind, layout, input.shape, dtype, device, requires_grad)


def from_file(indices: Any, values: Any, size: Any, coalesced: bool | None = None) -> Any:
    """The COO tensor that a file tells of; RuntimeError when its indices are out of range."""
    made = sparse_coo_tensor(indices, values, size, check_invariants=True)
    return made._coalesced_(bool(coalesced))


def to_sparse(
    self: Any, sparse_dim: Any = None, *, layout: Any = None, blocksize: Any = None,
    dense_dim: int | None = None,
) -> Any:  # fmt: skip
    """The tensor in a sparse layout, COO unless told: which elements are not zero is a look.

    sparse_dim   how many of the first dimensions get indices, all unless told
    """
    if isinstance(sparse_dim, Layout):
        sparse_dim, layout = None, sparse_dim
    if layout not in (None, sparse_coo):
        from compat.sparse.compressed import to_compressed  # few programs have these

        return to_compressed(self, layout, blocksize, dense_dim)
    if blocksize is not None:
        raise RuntimeError(
            "to_sparse: conversion from Strided to Sparse with blocksize argument given is not "
            "supported"
        )
    if self.layout is not strided:
        return _resparsed(self, sparse_dim)
    rank = self.dim()
    dims = rank if sparse_dim is None else int(sparse_dim)
    if not (0 if not rank else 1) <= dims <= rank:
        raise RuntimeError(
            f"dense_to_sparse: sparse_dim argument must be in [0,{rank}] range, but {dims} is "
            "given"
        )
    host = elements(self.detach())
    there = host != 0
    if dims < rank:
        there = there.reshape(*host.shape[:dims], -1).any(-1)
    keys = np.flatnonzero(there)
    sizes = tuple(self.shape[:dims])
    pattern = pattern_of(places(keys, sizes), sizes, self.device, True)
    rows = self.reshape(-1, *self.shape[dims:])
    return sparse(pattern, rows.index_select(0, on(keys, self)), self.shape[dims:])


def _resparsed(self: Any, sparse_dim: int | None) -> Any:
    """A tensor that is sparse already, as a COO tensor."""
    if not isinstance(self, SparseTensor):
        return self._as_coo()
    if sparse_dim not in (None, self.sparse_dim()):
        raise RuntimeError(
            "to_sparse: conversion from Sparse to Sparse with sparse_dim argument "
            "!=self.sparse_dim() is not supported"
        )
    return self


def legacy_sparse(kind: Any, device: Any, args: tuple[Any, ...]) -> Any:
    """`torch.sparse.FloatTensor`: `()`, `(2, 3)`, `(size)`, `(indices, values[, size])`."""
    if not args:
        _warn("SparseTensor()", "((0,), dtype=)")
        return empty_sparse((0,), kind, device)
    if all(isinstance(each, int) for each in args):
        _warn("SparseTensor(shape, *, device=)", "(shape, dtype=, device=)")
        return empty_sparse(args, kind, device)
    first = args[0]
    if len(args) == 1:
        if isinstance(first, SparseTensor):
            return first.detach()
        return empty_sparse(_size(first), kind, device)
    if not isinstance(first, torch.Tensor) or len(args) > 3:
        raise TypeError(
            "SparseTensor() received an invalid combination of arguments - got "
            f"({', '.join(type(each).__name__ for each in args)})"
        )
    rest = "indices, values" + (", shape" if len(args) > 2 else "")
    _warn(f"SparseTensor({rest}, *, device=)", f"({rest}, dtype=, device=)")
    return sparse_coo_tensor(*args, device=device)


_warned: set[str] = set()


def _warn(old: str, new: str) -> None:
    if old in _warned:
        return
    _warned.add(old)
    warnings.warn(
        f"torch.sparse.{old} is deprecated.  Please use torch.sparse_coo_tensor{new}.",
        UserWarning,
        stacklevel=4,
    )
