"""The largest or smallest eigenvalues of large symmetric matrices, by conjugate gradients.

A. V. Knyazev, "Toward the optimal preconditioned eigensolver: locally optimal block preconditioned
conjugate gradient method", SIAM J. Sci. Comput. 23 (2001).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import compat as torch


def _basis(S: Any, B: Any) -> Any:
    """Columns that span what those of S span, orthonormal by B; ones that add nothing are left
    out, which takes a look."""
    S = S / torch.linalg.vector_norm(S, dim=0).clamp_min(1e-300)
    gram = S.mH @ (S if B is None else B @ S)
    values, vectors = torch.linalg.eigh(gram)
    kept = values > values[-1] * torch.finfo(S.dtype).eps * S.shape[-1]
    values, vectors = values[kept], vectors[:, kept]
    return S @ (vectors / values.sqrt())


def _one(A: Any, X: Any, B: Any, precondition: Callable[[Any], Any], rounds: int, tol: float,
         largest: bool, tracker: Callable[..., None] | None) -> tuple[Any, Any]:  # fmt: skip
    """Eigenvalues and vectors of one matrix, from the start X."""
    count = X.shape[-1]
    basis, values, step = _basis(X, B), None, None
    for done in range(rounds + 1):
        ritz, turn = torch.linalg.eigh(basis.mH @ (A @ basis))
        turn = turn.flip(-1)[:, :count] if largest else turn[:, :count]
        values = ritz.flip(-1)[:count] if largest else ritz[:count]
        before, X = X, basis @ turn
        left = A @ X - (X if B is None else B @ X) * values
        size = torch.linalg.vector_norm(left, dim=0)
        scale = torch.linalg.vector_norm(X, dim=0) * (torch.linalg.matrix_norm(A) + values.abs())
        if tracker is not None:
            tracker(done, values, X, left)
        if done == rounds or bool((size <= tol * scale).all()):
            break
        step = None if done == 0 else X - before @ (before.mH @ (X if B is None else B @ X))
        parts = [X, precondition(left), *([] if step is None else [step])]
        basis = _basis(torch.cat(parts, -1), B)
    return values, X


def lobpcg(A: Any, k: int | None = None, B: Any = None, X: Any = None, n: int | None = None,
           iK: Any = None, niter: int | None = None, tol: float | None = None,
           largest: bool | None = None, method: str | None = None,
           tracker: Callable[..., None] | None = None, ortho_iparams: Any = None,
           ortho_fparams: Any = None, ortho_bparams: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """The k largest (or smallest) eigenvalues of symmetric A, or of A and B, with their vectors.

    X is where to start, iK a preconditioner. There is one method, and its products with A are the
    only use of A; `ortho_*` are taken and not needed. `tracker` is called with the round, the
    values, the vectors and what is left of the equation.
    """
    if A.requires_grad or (B is not None and B.requires_grad):
        raise NotImplementedError("the derivative for 'lobpcg' is not implemented.")
    if method not in (None, "basic", "ortho"):
        raise ValueError(f"method must be 'basic' or 'ortho', got {method!r}")
    size = A.shape[-1]
    count = k if k is not None else 1 if X is None else X.shape[-1]
    width = n if n is not None else count if X is None else X.shape[-1]
    if size < 3 * width:
        raise ValueError(
            f"LPBPCG algorithm is not applicable when the number of A rows (={size}) is smaller "
            f"than 3 x the number of requested eigenpairs (={width})"
        )
    tol = torch.finfo(A.dtype).eps ** 0.5 if tol is None else tol
    rounds = 1000 if niter is None or niter < 0 else niter
    lead = A.shape[:-2]
    start = torch.randn(*lead, size, width, dtype=A.dtype, device=A.device) if X is None else X
    values, vectors = [], []
    for at in range(max(lead.numel(), 1)):
        a, x, b, inverse = (
            None if one is None else one.reshape(-1, *one.shape[-2:])[at if one.dim() > 2 else 0]
            for one in (A, start, B, iK)
        )
        precondition = (lambda r: r) if inverse is None else (lambda r, by=inverse: by @ r)
        found = _one(a, x, b, precondition, rounds, tol, largest is not False, tracker)
        values.append(found[0][:count])
        vectors.append(found[1][:, :count])
    return (
        torch.stack(values).reshape(*lead, count),
        torch.stack(vectors).reshape(*lead, size, count),
    )
