"""Sums and softmax of COO tensors over some of their dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

import compat as torch
from compat.core.size import contiguous_strides, wrap_dim
from compat.sparse.arithmetic import answers
from compat.sparse.coo import SparseTensor, sparse
from compat.sparse.pattern import added, on, pattern_of, places


@answers("sum")
def sum_of(input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The sum of all entries, strided; over some dimensions, as `torch.sparse.sum`."""
    if dtype is None and not input.dtype.is_floating_point and not input.is_complex():
        dtype = torch.int64
    values = input._vals if dtype is None else input._vals.to(dtype)
    if dim is None or dim == ():
        return values.sum()
    made = _over(input._with(values), dim)
    if keepdim:
        axes = [dim] if isinstance(dim, int) else dim
        for axis in sorted(wrap_dim(each, input.dim()) for each in axes):
            made = made.unsqueeze(axis)
    return made


def _over(input: Any, dim: Any) -> Any:
    """The sum over dimensions: strided when no sparse one is left, else a look."""
    axes = [wrap_dim(each, input.dim()) for each in ([dim] if isinstance(dim, int) else dim)]
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"dim {axes[0]} appears multiple times in the list of dims")
    dims = input.sparse_dim()
    inner = [axis - dims + 1 for axis in axes if axis >= dims]
    values = input._entries.sum(inner) if inner else input._entries
    left = [axis for axis in range(dims) if axis not in axes]
    if not left:
        return values.sum(0)
    pattern = input._pattern
    if len(left) == dims:
        return sparse(pattern, values, values.shape[1:])
    sizes = [pattern.sizes[axis] for axis in left]
    host = pattern.host()[left]
    keys, inverse = np.unique(
        np.array(contiguous_strides(sizes), np.int64).dot(host), return_inverse=True
    )
    summed = added(len(keys), on(inverse.reshape(-1), input), values)
    made = pattern_of(places(keys, sizes), sizes, input.device, True)
    return sparse(made, summed, values.shape[1:])


@answers("any")
def any_of(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether an entry is not zero."""
    if dim is not None:
        raise NotImplementedError("any of a sparse tensor over some dimensions")
    return input.coalesce()._entries.any()


@answers("norm", "_norm", "native_norm")
def norm(input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The norm of all entries, as one vector."""
    axes = [dim] if isinstance(dim, int) else list(dim or [])
    if axes and len(axes) != input.dim():
        raise RuntimeError(
            "norm_sparse currently only supports full reductions, so 'dim' must either be empty "
            "or contain all dimensions of the input"
        )
    values = input.coalesce()._entries
    return torch.norm(values if dtype is None else values.to(dtype), p)


# Functions of torch.sparse.


def sum(input: Any, dim: Any = None, dtype: Any = None) -> Any:  # noqa: A001
    """The sum of the entries, over all dimensions or over some. What is left of the sparse
    dimensions stays sparse.

    dtype   of the result; whole numbers are added up as int64
    """
    if not isinstance(input, torch.Tensor) or input._answer is None:
        return input.coalesce()  # which says what is wrong
    return sum_of(input, dim, False, dtype) if input.is_sparse else input.sum(dim, dtype=dtype)


def softmax(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """The softmax along a dimension, over the entries alone: where there are none stays empty."""
    return _softmax(input, dim, dtype, False)


def log_softmax(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """The logarithm of `softmax`, over the entries alone."""
    return _softmax(input, dim, dtype, True)


def _softmax(input: Any, dim: int, dtype: Any, log: bool) -> Any:
    if not isinstance(input, SparseTensor):
        raise NotImplementedError(
            "Could not run 'aten::_sparse_softmax' with arguments from the 'CPU' backend: the "
            "tensor is not sparse"
        )
    whole = input.coalesce()
    pattern, values = whole._pattern, whole._entries
    values = values if dtype is None else values.to(dtype)
    axis = wrap_dim(dim, input.dim())
    if axis >= pattern.dims:
        function = torch.log_softmax if log else torch.softmax
        return sparse(pattern, function(values, axis - pattern.dims + 1), values.shape[1:])
    count, row = pattern.remembered(f"rows {axis}", lambda: _rows(pattern, axis))
    lowest = torch.full((count, *values.shape[1:]), -torch.inf, dtype=values.dtype,
                        device=values.device)  # fmt: skip
    # The largest of each row is taken off, which changes nothing: no gradient flows through it.
    largest = lowest.index_reduce(0, row, values.detach(), "amax")
    shifted = values - largest.index_select(0, row)
    total = added(count, row, shifted.exp())
    if log:
        return sparse(pattern, shifted - total.log().index_select(0, row), values.shape[1:])
    return sparse(pattern, shifted.exp() / total.index_select(0, row), values.shape[1:])


def _rows(pattern: Any, axis: int) -> tuple[int, Any]:
    """How many rows along an axis have entries, and which of them each entry is in: a look."""
    left = [each for each in range(pattern.dims) if each != axis]
    if not left:
        return 1, torch.zeros(pattern.count, dtype=torch.int64, device=pattern.indices.device)
    steps = np.array(contiguous_strides([pattern.sizes[each] for each in left]), np.int64)
    keys, inverse = np.unique(steps.dot(pattern.host()[left]), return_inverse=True)
    return len(keys), on(inverse.reshape(-1), pattern.indices)
