"""Places moved, chosen and joined: transposes, rows, concatenations of COO tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import compat as torch
from compat.core.size import wrap_dim
from compat.sparse.arithmetic import answers
from compat.sparse.coo import SparseTensor, sparse
from compat.sparse.not_strided import refusal
from compat.sparse.pattern import Pattern, on, pattern_of


@answers("transpose")
def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two sparse dimensions, or two dense ones, change places."""
    one, two = wrap_dim(dim0, input.dim()), wrap_dim(dim1, input.dim())
    dims = input.sparse_dim()
    if one >= dims or two >= dims:
        raise RuntimeError(
            "sparse transpose: transposed dimensions must be sparse Got sparse_dim: "
            f"{dims}, d0: {one}, d1: {two}"
        )
    order = list(range(input.dim()))
    order[one], order[two] = order[two], order[one]
    return permute(input, order)


@answers("t")
def t(input: Any) -> Any:
    """Rows become columns."""
    if input.dim() > 2 or input.dense_dim():
        raise RuntimeError(
            "t() expects a tensor with <= 2 sparse and 0 dense dimensions, but got "
            f"{input.sparse_dim()} sparse and {input.dense_dim()} dense dimensions"
        )
    return permute(input, [1, 0]) if input.dim() == 2 else input


@answers("permute")
def permute(input: Any, *order: Any) -> Any:
    """The dimensions in another order; sparse and dense ones stay apart."""
    given = order[0] if len(order) == 1 and not isinstance(order[0], int) else order
    rank, dims = input.dim(), input.sparse_dim()
    axes = [wrap_dim(dim, rank) for dim in given]
    if len(axes) != rank or len(set(axes)) != rank:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {rank} is not equal "
            f"to len(dims) = {len(axes)}"
        )
    if any(axis >= dims for axis in axes[:dims]):
        raise RuntimeError(
            "transpositions between sparse and dense dimensions are not allowed."
        )
    if axes == list(range(rank)):
        return input._with(input._vals)
    pattern, values = input._pattern, input._entries
    made = pattern.remembered(f"permuted {axes[:dims]}", lambda: _permuted(pattern, axes[:dims]))
    if axes[dims:] != list(range(dims, rank)):
        values = values.permute(0, *[axis - dims + 1 for axis in axes[dims:]])
    return sparse(made, values, values.shape[1:])


def _permuted(pattern: Pattern, axes: Sequence[int]) -> Pattern:
    if list(axes) == list(range(len(axes))):
        return pattern
    indices = torch.stack([pattern.indices[axis] for axis in axes])
    return Pattern(indices, [pattern.sizes[axis] for axis in axes])


@answers("unsqueeze")
def unsqueeze(input: Any, dim: int) -> Any:
    """A new dimension of size 1."""
    at = wrap_dim(dim, input.dim() + 1)
    pattern, values = input._pattern, input._entries
    if at > pattern.dims:
        values = values.unsqueeze(at - pattern.dims + 1)
        return sparse(pattern, values, values.shape[1:])
    rows = list(pattern.indices.unbind(0))
    rows.insert(at, torch.zeros(pattern.count, dtype=torch.int64, device=input.device))
    sizes = (*pattern.sizes[:at], 1, *pattern.sizes[at:])
    return sparse(Pattern(torch.stack(rows), sizes, pattern.coalesced), values, values.shape[1:])


@answers("select")
def select(input: Any, dim: int, index: int) -> Any:
    """What is at one index of a dimension: a look at the indices."""
    axis = wrap_dim(dim, input.dim())
    size = input.shape[axis]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at "
            f"dimension {axis}"
        )
    index %= size
    pattern, values = input._pattern, input._entries
    if axis >= pattern.dims:
        values = values.select(axis - pattern.dims + 1, index)
        return sparse(pattern, values, values.shape[1:])
    host = pattern.host()
    found = (host[axis] == index).nonzero()[0]
    chosen = values.index_select(0, on(found, input))
    if pattern.dims == 1:
        return chosen.sum(0)
    kept = np.delete(host[:, found], axis, 0)
    sizes = (*pattern.sizes[:axis], *pattern.sizes[axis + 1 :])
    made = pattern_of(kept, sizes, input.device, pattern.coalesced)
    return sparse(made, chosen, values.shape[1:])


@answers("unbind")
def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """A tensor for each index of a dimension."""
    size = input.shape[wrap_dim(dim, input.dim())]
    return tuple(select(input, dim, index) for index in range(size))


@answers("index_select")
def index_select(input: Any, dim: int, index: Any) -> Any:
    """What is at some indices of a dimension: a look at the indices when it is a sparse one."""
    if isinstance(index, SparseTensor):
        raise refusal("index_select", torch.sparse_coo, input.device)
    axis = wrap_dim(dim, input.dim())
    pattern, values = input._pattern, input._entries
    if axis >= pattern.dims:
        values = values.index_select(axis - pattern.dims + 1, index)
        return sparse(pattern, values, values.shape[1:])
    host, wanted = pattern.host(), np.asarray(index.tolist(), np.int64).reshape(-1)
    size = pattern.sizes[axis]
    for each in wanted:
        if not -size <= each < size:
            raise IndexError(
                f"index_select(): index contains {each} that is out of range for tensor of size "
                f"{list(input.shape)} at dimension {axis}"
            )
    found = [(host[axis] == each % size).nonzero()[0] for each in wanted]
    which = np.concatenate([*found, np.zeros(0, np.int64)]).astype(np.int64)
    kept = host[:, which].copy()
    kept[axis] = np.repeat(np.arange(len(wanted)), [len(each) for each in found])
    sizes = (*pattern.sizes[:axis], len(wanted), *pattern.sizes[axis + 1 :])
    coalesced = pattern.coalesced and axis == 0
    made = pattern_of(kept, sizes, input.device, coalesced)
    return sparse(made, values.index_select(0, on(which, input)), values.shape[1:])


@answers("cat")
def cat(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Sparse tensors one behind the other along a dimension."""
    for at, each in enumerate(tensors):
        if not isinstance(each, SparseTensor):
            raise RuntimeError(
                f"Concatenating sparse tensors, but a dense tensor was found at position {at}."
            )
    first = tensors[0]
    axis, dims = wrap_dim(dim, first.dim()), first.sparse_dim()
    for at, each in enumerate(tensors):
        fits = each.dim() == first.dim() and each.sparse_dim() == dims and all(
            a == b for n, (a, b) in enumerate(zip(each.shape, first.shape, strict=True))
            if n != axis
        )  # fmt: skip
        if not fits:
            raise RuntimeError(
                f"All tensors must have the same shape: {list(first.shape)} (except in the "
                f"concatenating dimension), but found shape: {list(each.shape)} at position {at}."
            )
    length = sum(each.shape[axis] for each in tensors)
    indices, values, before = [], [], 0
    for each in tensors:
        here, entries = each._pattern.indices, each._entries
        if axis >= dims:
            entries = _padded(entries, axis - dims + 1, before, length)
        elif before:
            shift = torch.zeros((dims, 1), dtype=torch.int64, device=here.device)
            shift[axis] = before
            here = here + shift
        indices.append(here)
        values.append(entries)
        before += each.shape[axis]
    sizes = list(first.shape)
    sizes[axis] = length
    pattern = Pattern(torch.cat(indices, 1), sizes[:dims])
    return sparse(pattern, torch.cat(values), sizes[dims:])


def _padded(values: Any, axis: int, before: int, length: int) -> Any:
    """Values with zeros before and behind along an axis."""
    behind = length - before - values.shape[axis]
    shape = list(values.shape)
    parts = []
    for count in (before, behind):
        shape[axis] = count
        parts.append(torch.zeros(shape, dtype=values.dtype, device=values.device))
    return torch.cat([parts[0], values, parts[1]], axis)


@answers("stack")
def stack(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Sparse tensors along a new dimension."""
    return cat([unsqueeze(each, dim) for each in tensors], dim)
