"""Approximate decompositions find what exact ones do where there is little to miss."""

import pytest

import compat as torch


def low_rank(rows: int = 12, columns: int = 9, rank: int = 3) -> torch.Tensor:
    torch.manual_seed(0)
    left, right = torch.randn(2, rows, rank).double(), torch.randn(2, rank, columns).double()
    return left @ right


@pytest.mark.parametrize("wide", [False, True])
def test_svd_lowrank(wide: bool) -> None:
    a = low_rank().mT if wide else low_rank()
    u, s, v = torch.svd_lowrank(a, q=4)
    assert torch.allclose(u @ torch.diag_embed(s) @ v.mT, a)
    assert torch.allclose(s[:, :3], torch.linalg.svdvals(a)[:, :3])


def test_pca_lowrank_centers() -> None:
    a = low_rank() + 5
    u, s, v = torch.pca_lowrank(a, q=3)
    assert torch.allclose(u @ torch.diag_embed(s) @ v.mT, a - a.mean(-2, keepdim=True))
    with pytest.raises(ValueError, match="must be non-negative integer"):
        torch.pca_lowrank(a, q=10)


@pytest.mark.parametrize("largest", [True, False])
def test_lobpcg(largest: bool) -> None:
    torch.manual_seed(0)
    a = torch.randn(2, 20, 20).double()
    a = a @ a.mT + torch.eye(20).double()
    values, vectors = torch.lobpcg(a, 3, largest=largest)
    exact = torch.linalg.eigvalsh(a)
    wanted = exact.flip(-1)[:, :3] if largest else exact[:, :3]
    assert torch.allclose(values, wanted, rtol=1e-6)
    assert (a @ vectors - vectors * values[:, None]).abs().max() < 1e-4
    with pytest.raises(ValueError, match="LPBPCG"):
        torch.lobpcg(a[:, :5, :5], 2)
