"""Sparse matrices of diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

import compat as torch
from compat.sparse.coo import sparse
from compat.sparse.pattern import on, pattern_of


def spdiags(diagonals: Any, offsets: Any, shape: Any, layout: Any = None) -> Any:
    """A sparse matrix with the rows of diagonals on its diagonals.

    offsets   which diagonal each row is for: 0 the main one, above it counted up
    layout    of the result, COO unless told
    raises    RuntimeError when shapes do not fit or a diagonal comes twice

    The element in column j of the matrix is the j-th of its row, so of a diagonal that begins
    in a later column the first ones are left out.
    """
    if diagonals.dim() == 1:
        diagonals = diagonals.unsqueeze(0)
    if diagonals.dim() != 2:
        raise RuntimeError("Diagonals must be vector or matrix")
    if len(shape) != 2:
        raise RuntimeError("Output shape must be 2d")
    if offsets.dtype is not torch.int64:
        raise RuntimeError(f"Offset Tensor must have dtype Long but got {offsets.dtype}")
    where = [int(each) for each in offsets.reshape(-1).tolist()]
    if len(where) != diagonals.shape[0]:
        raise RuntimeError(
            f"Number of diagonals ({diagonals.shape[0]}) does not match the number of offsets "
            f"({len(where)})"
        )
    if len(set(where)) != len(where):
        raise RuntimeError("Offset tensor contains duplicate values")
    rows, columns = shape
    width = diagonals.shape[1]
    parts = []
    for at, offset in enumerate(where):
        column = np.arange(max(offset, 0), max(min(columns, width, rows + offset), max(offset, 0)))
        parts.append(np.stack([column - offset, column, at * width + column]))
    whole = np.concatenate(parts, 1).astype(np.int64)
    pattern = pattern_of(whole[:2], (rows, columns), diagonals.device)
    values = diagonals.reshape(-1).index_select(0, on(whole[2], diagonals))
    made = sparse(pattern, values, ())
    return made if layout is None else made.to_sparse(layout=layout)
