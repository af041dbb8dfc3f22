"""Decompositions agree with PyTorch, with their gradients; what is singular is refused."""

from typing import Any

import pytest

from tests.support.both import both


def positive(torch: Any, n: int = 4) -> Any:
    """A batch of two positive definite matrices."""
    a = torch.arange(2.0 * n * n, dtype=torch.float64).view(2, n, n).sin()
    return a @ a.transpose(-1, -2) + torch.diag(torch.arange(1.0, n + 1, dtype=torch.float64))


SCALARS = {
    "det": lambda torch, a: torch.det(a),
    "slogdet": lambda torch, a: torch.linalg.slogdet(a)[1],
    "logdet": lambda torch, a: torch.logdet(a),
    "inverse": lambda torch, a: torch.inverse(a),
    "solve": lambda torch, a: torch.linalg.solve(a, torch.ones(2, 4, 2, dtype=a.dtype)),
    "cholesky": lambda torch, a: torch.linalg.cholesky(a),
    "cholesky_upper": lambda torch, a: torch.cholesky(a, upper=True),
    "eigvalsh": lambda torch, a: torch.linalg.eigvalsh(a).exp(),
    "eigh_squared": lambda torch, a: torch.linalg.eigh(a)[1].square()[:, :2, :2],
    "svdvals": lambda torch, a: torch.linalg.svdvals(a[:, :3]),
    "pinv": lambda torch, a: torch.linalg.pinv(a[:, :3]),
    "matrix_exp": lambda torch, a: torch.matrix_exp(a / 5),
    "matrix_power": lambda torch, a: torch.matrix_power(a, -3),
    "qr_product": lambda torch, a: torch.linalg.qr(a)[1].abs(),
}


@both
@pytest.mark.parametrize("name", SCALARS)
def test_values_and_gradients(torch: Any, note: Any, name: str) -> None:
    a = positive(torch).requires_grad_()
    made = SCALARS[name](torch, a)
    note(lambda: made.detach())
    made.sum().backward()
    note(lambda: a.grad)


@both
def test_shapes_that_are_refused(torch: Any, note: Any) -> None:
    for wrong in (torch.zeros(3), torch.zeros(2, 3)):
        note(lambda wrong=wrong: torch.linalg.inv(wrong))
        note(lambda wrong=wrong: torch.linalg.det(wrong))


def test_singular_matrices_are_refused_at_the_next_look() -> None:
    import compat

    for refused in (lambda: compat.inverse(compat.zeros(2, 2)),
                    lambda: compat.linalg.cholesky(-compat.eye(2))):  # fmt: skip
        made = refused()
        with pytest.raises(compat.linalg.LinAlgError):
            made.tolist()
