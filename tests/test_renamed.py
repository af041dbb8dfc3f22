"""Removed names work as they did, and each warns once, naming its successor."""

import warnings
from typing import Any

import pytest

import compat as torch
from compat import renamed


@pytest.fixture(autouse=True)
def warned_anew(monkeypatch: Any) -> None:
    monkeypatch.setattr(renamed, "_warned", set())


def spd() -> Any:
    a = torch.arange(16.0, dtype=torch.float64).sin().view(4, 4)
    return a @ a.t() + torch.eye(4, dtype=torch.float64)


def same(a: Any, b: Any) -> bool:
    return torch.allclose(a, b, atol=1e-9)


def test_each_warns_once_and_names_its_successor() -> None:
    with pytest.warns(UserWarning, match="torch.linalg.solve"):
        torch.gesv(spd(), spd())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spd().gesv(spd())


@pytest.mark.filterwarnings("ignore")
def test_solvers() -> None:
    a, b = spd(), spd()[:, :2].cos()
    assert same(a @ torch.gesv(b, a)[0], b)
    assert same(a @ b.potrs(a.potrf()), b)
    assert same(a @ a.potrf(False).potri(False), torch.eye(4, dtype=torch.float64))
    assert same(a.triu() @ b.trtrs(a)[0], b)
    stacked = torch.stack([a, a + 1])
    packed, pivots = stacked.btrifact()
    assert same((stacked @ b[:, 0].expand(2, 4).btrisolve(packed, pivots).unsqueeze(-1))[..., 0],
                b[:, 0].expand(2, 4))  # fmt: skip
    p, low, up = torch.btriunpack(packed, pivots)
    assert same(p @ low @ up, stacked)
    factor, order = torch.pstrf(a)
    assert same(factor.t() @ factor, a[order.long()][:, order.long()])
    solution, _ = torch.gels(b, a[:, :3])
    left = (a[:, :3] @ solution[:3] - b).square().sum(0)
    assert same(solution[3:].square().sum(0), left)


@pytest.mark.filterwarnings("ignore")
def test_eigenvalues() -> None:
    turn = torch.tensor([[0.0, -2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 3.0]])
    values, vectors = torch.eig(turn, eigenvectors=True)
    real, imag = vectors[:, 0], vectors[:, 1]
    assert same(turn @ real, values[0, 0] * real - values[0, 1] * imag)
    assert same(torch.symeig(spd())[0], torch.linalg.eigvalsh(spd()))


@pytest.mark.filterwarnings("ignore")
def test_transforms_of_pairs() -> None:
    x = torch.arange(40.0).sin().view(4, 5, 2)
    assert same(torch.fft(x, 2), torch.view_as_real(torch.fft.fft2(torch.view_as_complex(x))))
    assert torch.ifft(torch.fft(x, 2, True), 2, True).sub(x).abs().max() < 1e-6
    flat = x[..., 0].contiguous()
    assert torch.rfft(flat, 2).shape == (4, 3, 2)
    back = torch.irfft(torch.rfft(flat, 2), 2, signal_sizes=(4, 5))
    assert (back - flat).abs().max() < 1e-6
