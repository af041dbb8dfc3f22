"""Inverses and solutions agree with PyTorch, with their gradients; what is singular is refused."""

from typing import Any

import pytest

from tests.ops.linalg.samples import KINDS, general
from tests.support.both import both
from tests.support.values import compared

CALLS = {
    "inv": lambda torch, a, b: torch.linalg.inv(a),
    "inverse": lambda torch, a, b: torch.inverse(a),
    "inv_ex": lambda torch, a, b: torch.linalg.inv_ex(a)[0],
    "solve": lambda torch, a, b: torch.linalg.solve(a, b),
    "solve_right": lambda torch, a, b: torch.linalg.solve(a, b.mT, left=False),
    "solve_vectors": lambda torch, a, b: torch.linalg.solve(a, b[..., 0]),
    "solve_ex": lambda torch, a, b: torch.linalg.solve_ex(a, b)[0],
    "triangular": lambda torch, a, b: torch.linalg.solve_triangular(a, b, upper=True),
    "triangular_right": lambda torch, a, b: torch.linalg.solve_triangular(
        a, b.mT, upper=False, left=False, unitriangular=True
    ),
    "triangular_solve": lambda torch, a, b: torch.triangular_solve(b, a, transpose=True)[0],
    "tensorsolve": lambda torch, a, b: torch.linalg.tensorsolve(
        a.reshape(2, 2, 2, 2, 2).sum(0), b.reshape(2, 2, 2, 2).sum((0, 1))
    ),
    "tensorinv": lambda torch, a, b: torch.linalg.tensorinv(a[0].reshape(2, 2, 2, 2)),
    "lstsq_wide": lambda torch, a, b: torch.linalg.lstsq(a[:, :3], b[:, :3])[0],
    "lstsq_tall": lambda torch, a, b: torch.linalg.lstsq(a[..., :3], b)[0],
    "lstsq_residuals": lambda torch, a, b: torch.linalg.lstsq(a[..., :3], b, driver="gels")[1],
}


@pytest.mark.oracle
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients(name: str, kind: str) -> None:
    compared(
        CALLS[name], lambda torch: (general(torch, 4, 4, kind), general(torch, 4, 2, kind))
    )


@both
def test_what_is_refused(torch: Any, note: Any) -> None:
    eye = torch.eye(2)
    for wrong in (torch.zeros(3), torch.zeros(2, 3), torch.ones(2, 2, dtype=torch.int32)):
        note(lambda wrong=wrong: torch.linalg.inv(wrong))
        note(lambda wrong=wrong: torch.linalg.solve(wrong, eye))
    note(lambda: torch.linalg.solve(eye, torch.ones(3, 2)))
    note(lambda: torch.linalg.solve(eye, torch.ones(2).double()))
    note(lambda: torch.linalg.solve_triangular(eye, torch.ones(2), upper=True))
    note(lambda: torch.linalg.lstsq(eye, torch.ones(2), driver="other"))
    note(lambda: torch.linalg.inv_ex(torch.zeros(2, 2))[1])


def test_singular_matrices_are_refused_at_the_next_look() -> None:
    import compat

    zeros = compat.zeros(2, 2)
    for refused in (
        lambda: compat.inverse(zeros),
        lambda: compat.linalg.solve(zeros, compat.ones(2)),
        lambda: compat.linalg.inv_ex(zeros, check_errors=True)[0],
        lambda: compat.linalg.cholesky(-compat.eye(2)),
    ):
        made = refused()
        with pytest.raises(compat.linalg.LinAlgError):
            made.tolist()
