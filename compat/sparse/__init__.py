"""torch.sparse: tensors that keep only what is not zero."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.core import dtype as _d
from compat.front.layouts import sparse_typed as _typed
from compat.sparse import methods as _methods
from compat.sparse import shape as _shape  # noqa: F401  (enters its answers)
from compat.sparse.by_rows import mm_reduced as _mm_reduced
from compat.sparse.by_rows import sampled_addmm as sampled_addmm
from compat.sparse.diagonals import spdiags as spdiags
from compat.sparse.invariants import (
    check_sparse_tensor_invariants as check_sparse_tensor_invariants,
)
from compat.sparse.products import hspmm as hspmm
from compat.sparse.products import smm as smm
from compat.sparse.products import spmm as spmm
from compat.sparse.products import sspaddmm as sspaddmm
from compat.sparse.reduce import log_softmax as log_softmax
from compat.sparse.reduce import softmax as softmax
from compat.sparse.reduce import sum as sum

_methods.complete()

_KINDS = (_d.float32, _d.float64, _d.float16, _d.bfloat16, _d.uint8, _d.int8, _d.int16, _d.int32,
          _d.int64)  # fmt: skip
globals().update({f"{_d.TYPE_NAMES[kind]}Tensor": _typed(kind) for kind in _KINDS})


def mm(mat1: Any, mat2: Any, reduce: str | None = None) -> Any:
    """The product of a sparse matrix with a strided one (strided), or another sparse one.

    reduce   how the terms of an element are put together, of a CSR and a strided matrix: "sum",
             "mean", "amax" or "amin"
    """
    return torch.mm(mat1, mat2) if reduce is None else _mm_reduced(mat1, mat2, reduce)


def addmm(mat: Any, mat1: Any, mat2: Any, *, beta: Any = 1.0, alpha: Any = 1.0) -> Any:
    """beta * mat + alpha * (mat1 @ mat2), of a strided mat and mat2 and a sparse mat1."""
    return torch.addmm(mat, mat1, mat2, beta=beta, alpha=alpha)
