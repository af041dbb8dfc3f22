"""Cholesky, LU, LDL and QR agree with PyTorch: values, gradients, pivots and info."""

from typing import Any

import pytest

from tests.ops.linalg.samples import KINDS, general, positive
from tests.support.both import both
from tests.support.values import compared

CALLS = {
    "cholesky": lambda torch, a: torch.linalg.cholesky(a),
    "cholesky_upper": lambda torch, a: torch.linalg.cholesky(a, upper=True),
    "cholesky_ex": lambda torch, a: torch.linalg.cholesky_ex(a)[0],
    "cholesky_solve": lambda torch, a: torch.cholesky_solve(a[..., :2], a.tril()),
    "cholesky_inverse": lambda torch, a: torch.cholesky_inverse(a.triu(), True),
    "lu": lambda torch, a: torch.linalg.lu(a)[1] @ torch.linalg.lu(a)[2].cos(),
    "lu_tall": lambda torch, a: torch.linalg.lu(a[..., :2])[1],
    "lu_wide": lambda torch, a: torch.linalg.lu(a[:, :2])[2],
    "lu_factor": lambda torch, a: torch.linalg.lu_factor(a)[0],
    "lu_solve": lambda torch, a: torch.linalg.lu_solve(*torch.linalg.lu_factor(a), a[..., :2]),
    "lu_solve_adjoint": lambda torch, a: torch.linalg.lu_solve(
        *torch.linalg.lu_factor(a), a[:, :2], left=False, adjoint=True
    ),
    "lu_unpack": lambda torch, a: torch.lu_unpack(*torch.lu(a))[2],
    "qr": lambda torch, a: torch.linalg.qr(a[..., :3])[1].abs(),
    "qr_wide": lambda torch, a: torch.linalg.qr(a[:, :3])[1].abs(),
    "householder": lambda torch, a: torch.linalg.householder_product(a, a[..., 0, :3] / 9),
    "ormqr": lambda torch, a: torch.ormqr(a, a[..., 0, :] / 9, a, True, True),
    "ormqr_right": lambda torch, a: torch.ormqr(a, a[..., 0, :] / 9, a, False),
}


@pytest.mark.oracle
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients(name: str, kind: str) -> None:
    compared(CALLS[name], lambda torch: (positive(torch, 4, kind),))


@both
def test_what_goes_along(torch: Any, note: Any) -> None:
    a = general(torch, 4, 4)
    note(lambda: torch.linalg.lu_factor_ex(a))
    note(lambda: torch.linalg.lu_factor_ex(torch.zeros(2, 2)))
    note(lambda: torch.lu(a, get_infos=True)[1:])
    note(lambda: torch.linalg.cholesky_ex(torch.tensor([[1.0, 2.0], [2.0, 1.0]])))
    note(lambda: torch.linalg.qr(a, "r"))
    note(lambda: torch.geqrf(a[..., :3]))
    note(lambda: torch.linalg.qr(a, "other"))
    note(lambda: torch.linalg.lu(a, pivot=False))
    note(lambda: torch.linalg.lu(torch.ones(3)))


@pytest.mark.oracle
@pytest.mark.parametrize("hermitian", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_ldl_in_lapacks_storage(n: int, hermitian: bool) -> None:
    import numpy as np

    torch = pytest.importorskip("torch")
    import compat

    random = np.random.default_rng(n)
    a = random.normal(size=(2, n, n)) + 1j * random.normal(size=(2, n, n))
    turned = np.swapaxes(a, -1, -2)
    for one in (a + (turned.conj() if hermitian else turned), a.real + turned.real):
        ours = compat.linalg.ldl_factor_ex(compat.tensor(one), hermitian=hermitian)
        theirs = torch.linalg.ldl_factor_ex(torch.tensor(one), hermitian=hermitian)
        assert np.array_equal(ours.pivots.numpy(), theirs.pivots.numpy())
        assert np.allclose(ours.LD.numpy(), theirs.LD.numpy(), rtol=1e-6, atol=1e-8)
        b = compat.tensor(one[..., :1])
        made = compat.linalg.ldl_solve(ours.LD, ours.pivots, b, hermitian=hermitian)
        assert np.allclose(one @ made.numpy(), b.numpy(), atol=1e-7)
