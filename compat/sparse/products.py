"""Matrix products with COO tensors. A product with a strided matrix looks at nothing: the rows
of the matrix that the entries name are gathered, weighted, and added up by row."""

from __future__ import annotations

from typing import Any

import numpy as np

import compat as torch
from compat.sparse.arithmetic import add, answers, check_same_type, mul
from compat.sparse.coo import SparseTensor, sparse
from compat.sparse.not_strided import refusal
from compat.sparse.pattern import Pattern, added, on, pattern_of, places


def _is_sparse(given: Any) -> bool:
    return isinstance(given, SparseTensor)


@answers("mm")
def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices of which at least one is sparse; of two sparse ones sparse."""
    _check_matrices(input, mat2)
    if _is_sparse(input):
        return _of_two(input, mat2) if _is_sparse(mat2) else _times(input, mat2)
    return _times(mat2.t(), input.t()).t()


def _check_matrices(one: Any, other: Any) -> None:
    if one.dim() != 2 or other.dim() != 2:
        raise RuntimeError(
            f"mm: Expected two matrices, got {one.dim()}D and {other.dim()}D tensors"
        )
    if one.shape[1] != other.shape[0]:
        name = "mat2" if not _is_sparse(one) or _is_sparse(other) else "dense"
        if name == "dense":
            raise RuntimeError(
                f"addmm: Argument #3 (dense): Expected dim 0 size {one.shape[1]}, got "
                f"{other.shape[0]}"
            )
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({one.shape[0]}x{one.shape[1]} and "
            f"{other.shape[0]}x{other.shape[1]})"
        )
    check_same_type(one, other)


def _times(input: Any, dense: Any) -> Any:
    """A sparse matrix, whose entries may be rows of a second dimension, by a strided one."""
    pattern, values = input._kept, input._vals
    if pattern.dims == 1:  # rows of a strided matrix
        return added(input.shape[0], pattern.indices[0], values @ dense)
    weighted = values.reshape(-1, 1) * dense.index_select(0, pattern.indices[1])
    return added(input.shape[0], pattern.indices[0], weighted)


def _of_two(one: Any, other: Any) -> Any:
    """The product of two sparse matrices: a look."""
    if one.sparse_dim() != 2 or other.sparse_dim() != 2:
        raise refusal("mm", torch.sparse_coo, one.device)
    left, right = one._pattern.host(), other._pattern.host()
    order = np.argsort(right[0], kind="stable")
    starts = np.searchsorted(right[0][order], left[1], "left")
    counts = np.searchsorted(right[0][order], left[1], "right") - starts
    mine = np.repeat(np.arange(left.shape[1]), counts)
    before = np.cumsum(counts) - counts
    its = order[np.arange(counts.sum()) - np.repeat(before - starts, counts)]
    columns = other.shape[1]
    keys, inverse = np.unique(left[0][mine] * columns + right[1][its], return_inverse=True)
    terms = one._entries.index_select(0, on(mine, one))
    terms = terms * other._entries.index_select(0, on(its, other))
    sizes = (one.shape[0], columns)
    pattern = pattern_of(places(keys, sizes), sizes, one.device, True)
    return sparse(pattern, added(len(keys), on(inverse.reshape(-1), one), terms), ())


@answers("mv")
def mv(input: Any, vec: Any) -> Any:
    """A sparse matrix by a strided vector."""
    if vec.dim() != 1 or input.dim() != 2:
        raise RuntimeError("mv: expected a matrix and a vector")
    return mm(input, vec.unsqueeze(1)).squeeze(1)


@answers("matmul")
def matmul(input: Any, other: Any) -> Any:
    """`mm`, `mv` or `bmm`, as the dimensions say."""
    ranks = input.dim(), other.dim()
    if ranks == (2, 2):
        return mm(input, other)
    if ranks == (2, 1):
        return mv(input, other)
    if ranks == (1, 2):
        return mm(input.unsqueeze(0), other).squeeze(0)
    if ranks == (3, 3):
        return bmm(input, other)
    raise refusal("as_strided", torch.sparse_coo, input.device)


@answers("bmm")
def bmm(input: Any, mat2: Any) -> Any:
    """A batch of sparse matrices by a batch of strided ones."""
    if not _is_sparse(input) or _is_sparse(mat2):
        raise refusal("bmm", torch.sparse_coo, input.device)
    batch, rows, inner = input.shape
    check_same_type(input, mat2)
    if mat2.dim() != 3 or mat2.shape[:2] != (batch, inner):
        raise RuntimeError(
            f"bmm: the size of tensor self {list(input.shape)} does not fit that of tensor mat2 "
            f"{list(mat2.shape)}"
        )
    which, row, column = input._kept.indices.unbind(0)
    taken = mat2.reshape(batch * inner, -1).index_select(0, which * inner + column)
    made = added(batch * rows, which * rows + row, input._vals.reshape(-1, 1) * taken)
    return made.reshape(batch, rows, -1)


@answers("addmm")
def addmm(input: Any, mat1: Any, mat2: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta * input + alpha * (mat1 @ mat2)."""
    made = mm(mat1, mat2)
    made = made if type(alpha) is int and alpha == 1 else made * alpha
    if _is_sparse(input):
        if not _is_sparse(made):
            raise refusal("addmm", torch.sparse_coo, input.device)
        return add(mul(input, beta), made)
    input = input if type(beta) is int and beta == 1 else input * beta
    return add(input.expand(made.shape), made) if _is_sparse(made) else input + made


@answers("linear")
def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """input @ weight.T + bias."""
    made = matmul(input, weight.t())
    return made if bias is None else made + bias


def spmm(input: Any, mat2: Any) -> Any:
    """`torch.mm`, by its name of old."""
    return torch.mm(input, mat2)


def dsmm(input: Any, mat2: Any) -> Any:
    """`torch.mm`, by another name of old."""
    return torch.mm(input, mat2)


def saddmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`torch.addmm`, by its name of old."""
    return torch.addmm(input, mat1, mat2, beta=beta, alpha=alpha)


def hsmm(mat1: Any, mat2: Any) -> Any:
    """`torch.hspmm`, by its name of old."""
    return hspmm(mat1, mat2)


def smm(input: Any, mat: Any) -> Any:
    """A sparse matrix by a strided one, as a sparse matrix: rows without entries have none."""
    return sspaddmm(None, input, mat)


def sspaddmm(
    input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1
) -> Any:
    """beta * input + alpha * (mat1 @ mat2), sparse, of a sparse input, mat1 and a strided mat2."""
    for each in (input, mat1):
        if each is not None and not _is_sparse(each):
            raise NotImplementedError(
                "Could not run 'aten::sspaddmm' with arguments from the 'CPU' backend: input and "
                "mat1 are sparse"
            )
    rows = hspmm(mat1, mat2)
    count, columns = rows._pattern.count, mat2.shape[1]
    index = rows._pattern.indices[0]
    whole = torch.stack([
        index.reshape(-1, 1).expand(count, columns).reshape(-1),
        torch.arange(columns, device=index.device).expand(count, columns).reshape(-1),
    ])  # fmt: skip
    values = rows._entries.reshape(-1)
    if not (type(alpha) is int and alpha == 1):
        values = values * alpha
    sizes = (mat1.shape[0], columns)
    if input is None:
        return sparse(Pattern(whole, sizes), values, ())
    indices = torch.cat([input._pattern.indices, whole], 1)
    mine = input._entries if type(beta) is int and beta == 1 else input._entries * beta
    return sparse(Pattern(indices, sizes), torch.cat([mine, values]), ())


def hspmm(mat1: Any, mat2: Any) -> Any:
    """A sparse matrix by a strided one: a tensor with an entry, a row, for each row of mat1 that
    has entries. To find these is a look."""
    if not _is_sparse(mat1):
        raise NotImplementedError(
            "Could not run 'aten::hspmm' with arguments from the 'CPU' backend: mat1 is sparse"
        )
    _check_matrices(mat1, mat2)
    host = mat1._pattern.host()
    rows, inverse = np.unique(host[0], return_inverse=True)
    taken = mat2.index_select(0, mat1._pattern.indices[1])
    terms = mat1._entries.reshape(-1, 1) * taken
    pattern = pattern_of(rows.reshape(1, -1), mat1.shape[:1], mat1.device)
    made = added(len(rows), on(inverse.reshape(-1), mat1), terms)
    return sparse(pattern, made, (mat2.shape[1],))
