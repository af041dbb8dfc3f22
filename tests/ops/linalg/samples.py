"""Matrices that the tests of linear algebra share."""

from typing import Any

KINDS = ["float64", "complex128"]


def general(torch: Any, rows: int = 4, columns: int = 4, kind: str = "float64") -> Any:
    """A batch of two well-conditioned matrices."""
    a = torch.arange(2.0 * rows * columns, dtype=torch.float64).view(2, rows, columns)
    made = (a * 1.7).sin() + (a * a * 0.3).cos() / 3 + 2 * torch.eye(rows, columns).double()
    return made if kind == "float64" else torch.complex(made, (a * 2.3).cos() / 3)


def positive(torch: Any, n: int = 4, kind: str = "float64") -> Any:
    """A batch of two positive definite matrices."""
    a = general(torch, n, n, kind)
    return a @ a.mH / 3 + torch.diag(torch.arange(1.0, n + 1, dtype=torch.float64))
