"""Approximate decompositions of low rank, by random projections.

N. Halko, P. G. Martinsson and J. A. Tropp, "Finding structure with randomness", SIAM Review 53
(2011), algorithms 4.4 and 5.1.
"""

from __future__ import annotations

from typing import Any

import compat as torch


def _product(a: Any, b: Any) -> Any:
    return torch.matmul(a, b)


def get_approximate_basis(A: Any, q: int, niter: int | None = 2, M: Any = None) -> Any:
    """Orthonormal columns that span approximately what A, or A - M, maps to."""
    rounds = 2 if niter is None else niter
    start = torch.randn(A.shape[-1], q, dtype=A.dtype, device=A.device)
    if M is not None:
        A = A - M
    basis = torch.linalg.qr(_product(A, start)).Q
    for _ in range(rounds):
        back = torch.linalg.qr(_product(A.mH, basis)).Q
        basis = torch.linalg.qr(_product(A, back)).Q
    return basis


def svd_lowrank(A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None) -> Any:
    """The q largest singular values of A, or of A - M, approximately: (U, S, V)."""
    q = 6 if q is None else q
    if M is not None:
        A = A - M.broadcast_to(A.shape)
    if A.shape[-2] < A.shape[-1]:
        V, S, U = svd_lowrank(A.mH, q, niter)
        return U, S, V
    basis = get_approximate_basis(A, q, niter)
    U, S, Vh = torch.linalg.svd(_product(basis.mH, A), full_matrices=False)
    return _product(basis, U), S, Vh.mH


def pca_lowrank(A: Any, q: int | None = None, center: bool = True, niter: int = 2) -> Any:
    """The principal components of the rows of A, approximately: (U, S, V)."""
    rows, columns = A.shape[-2:]
    if q is None:
        q = min(6, rows, columns)
    elif not 0 <= q <= min(rows, columns):
        raise ValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)="
            f"{min(rows, columns)}"
        )
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    if center:
        A = A - A.mean(-2, keepdim=True)
    return svd_lowrank(A, q, niter)
