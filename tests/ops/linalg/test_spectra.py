"""Eigenvalues, singular values, determinants and what follows from them agree with PyTorch."""

from typing import Any

import pytest

from tests.ops.linalg.samples import KINDS, general, positive
from tests.support.both import both
from tests.support.values import compared

CALLS = {
    "det": lambda torch, a: torch.det(a),
    "slogdet": lambda torch, a: torch.linalg.slogdet(a)[1],
    "logdet": lambda torch, a: torch.logdet(a).real,
    "eigvals": lambda torch, a: torch.linalg.eigvals(a).abs().sort()[0],
    "eig": lambda torch, a: torch.linalg.eig(a)[1].abs().sum(-1),
    "eigvalsh": lambda torch, a: torch.linalg.eigvalsh(a).exp(),
    "eigh": lambda torch, a: torch.linalg.eigh(a)[1].abs(),
    "svdvals": lambda torch, a: torch.linalg.svdvals(a[:, :3]),
    "svd": lambda torch, a: torch.linalg.svd(a[:, :3], full_matrices=False)[2].abs(),
    "svd_full": lambda torch, a: torch.linalg.svd(a[..., :3])[0][..., :3].abs(),
    "old_svd": lambda torch, a: torch.svd(a)[2].abs(),
    "pinv": lambda torch, a: torch.linalg.pinv(a[:, :3]),
    "pinv_rank": lambda torch, a: torch.linalg.pinv(a, atol=10.0),
    "pinv_hermitian": lambda torch, a: torch.linalg.pinv(a, hermitian=True),
    "cond": lambda torch, a: torch.linalg.cond(a),
    "nuclear": lambda torch, a: torch.linalg.matrix_norm(a, "nuc"),
    "spectral": lambda torch, a: torch.linalg.norm(a[0], 2),
    "rows": lambda torch, a: torch.linalg.matrix_norm(a, float("inf"), keepdim=True),
    "least": lambda torch, a: torch.linalg.norm(a, -1, dim=(0, 2)),
    "vector": lambda torch, a: torch.linalg.vector_norm(a, 3, dim=(0, 1)),
    "power": lambda torch, a: torch.linalg.matrix_power(a, -3),
    "exp": lambda torch, a: torch.linalg.matrix_exp(a / 5),
    "multi_dot": lambda torch, a: torch.linalg.multi_dot([a[0, 0], a[0, :, :2], a[1, :2], a[1]]),
    "vander": lambda torch, a: torch.linalg.vander(a[..., 0], N=5),
    "vecdot": lambda torch, a: torch.linalg.vecdot(a, a[:1], dim=1),
    "tensordot": lambda torch, a: torch.tensordot(a, a[:, :1], dims=([1, 2], [1, 2])),
}


@pytest.mark.oracle
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients(name: str, kind: str) -> None:
    compared(CALLS[name], lambda torch: (positive(torch, 4, kind),))


@both
def test_ranks_and_edges(torch: Any, note: Any) -> None:
    a = general(torch, 4, 3)
    note(lambda: torch.linalg.matrix_rank(a))
    note(lambda: torch.linalg.matrix_rank(a @ a.mT, hermitian=True, atol=0.5, rtol=0.1))
    note(lambda: torch.linalg.matrix_rank(a, torch.tensor([0.1, 2.0], dtype=torch.float64)))
    for empty in (torch.zeros(0, 0), torch.zeros(2, 3, 0)):
        note(lambda empty=empty: torch.linalg.svd(empty))
        note(lambda empty=empty: torch.linalg.pinv(empty).shape)
        note(lambda empty=empty: torch.linalg.det(empty))
    note(lambda: torch.linalg.vector_norm(torch.zeros(0), float("inf")))
    note(lambda: torch.linalg.matrix_norm(a, 3))
    note(lambda: torch.linalg.norm(a, 2))
    note(lambda: torch.linalg.cond(a, "other"))
    note(lambda: torch.linalg.cond(a[:, :3], 1))
    note(lambda: torch.linalg.multi_dot([a[0]]))
    note(lambda: torch.linalg.eigh(a[:, :3], "X"))


@pytest.mark.parametrize("name", ["eig", "svd", "pinv", "cholesky", "lu_factor", "qr"])
def test_second_order(name: str) -> None:
    import compat

    a = positive(compat, 3)[0].detach().requires_grad_()

    def first(a: Any) -> Any:
        made = getattr(compat.linalg, name)(a + a.mH)
        made = made if isinstance(made, compat.Tensor) else made[0]
        return made.abs()

    assert compat.autograd.gradgradcheck(first, (a,))
