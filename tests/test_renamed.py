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


def x() -> Any:
    return torch.Tensor([1, 2, 3])


def m() -> Any:
    return torch.Tensor([[4, 2], [2, 5]])


MASK = torch.ByteTensor([1, 0, 1])
TWO = torch.Tensor([1, 2])

# an old call, and the one that took its place
SAME: dict[str, tuple[Any, Any]] = {
    "seq": (lambda: torch.cat(seq=(x(), x())), lambda: torch.cat((x(), x()))),
    "sequence": (lambda: torch.stack(sequence=[x(), x()]), lambda: torch.stack([x(), x()])),
    "k": (lambda: m().tril(k=-1) + torch.triu(m(), k=1), lambda: m().tril(-1) + m().triu(1)),
    "new_type": (lambda: x().type(new_type="torch.DoubleTensor"), lambda: x().double()),
    "async": (lambda: x().copy_(x() + 1, **{"async": True}), lambda: x() + 1),
    "means": (lambda: torch.normal(means=x(), std=x() * 0), x),
    "from": (lambda: x().uniform_(**{"from": 3, "to": 3}), lambda: torch.full((3,), 3.0)),
    "size_average": (lambda: torch.nn.MSELoss(size_average=False)(x(), x() * 2),
                     lambda: torch.tensor(14.0)),
    "reduce": (lambda: torch.nn.functional.l1_loss(x(), x() * 2, reduce=False), x),
    "min_value": (lambda: torch.nn.Hardtanh(min_value=2, max_value=3)(x()),
                  lambda: x().clamp(2, 3)),
    "data_tensor": (
        lambda: torch.utils.data.TensorDataset(data_tensor=x(), target_tensor=-x())[1][1],
        lambda: torch.tensor(-2.0)),
    "add": (lambda: torch.add(x(), 10, x()), lambda: 11 * x()),
    "add_": (lambda: x().add_(2, x()), lambda: 3 * x()),
    "add number": (lambda: torch.add(x(), 10, 2), lambda: x() + 20),
    "sub": (lambda: x().sub(2, x()), lambda: -x()),
    "addcmul": (lambda: torch.addcmul(x(), 0.5, x(), x()), lambda: x() + x() * x() / 2),
    "addcdiv_": (lambda: x().addcdiv_(0.5, x(), x()), lambda: x() + 0.5),
    "addmm": (lambda: torch.addmm(2, m(), 3, m(), m()), lambda: 2 * m() + 3 * m() @ m()),
    "addmm beta": (lambda: torch.addmm(2, m(), m(), m()), lambda: 2 * m() + m() @ m()),
    "method": (lambda: m().addmm_(2, 3, m(), m()), lambda: 2 * m() + 3 * m() @ m()),
    "addmv": (lambda: torch.addmv(2, TWO, 3, m(), TWO), lambda: 2 * TWO + 3 * m() @ TWO),
    "addr": (lambda: m().addr(2, 3, TWO, TWO), lambda: 2 * m() + 3 * torch.outer(TWO, TWO)),
    "addbmm": (lambda: torch.addbmm(2, m(), 3, m()[None], m()[None]),
               lambda: 2 * m() + 3 * m() @ m()),
    "baddbmm": (lambda: m()[None].baddbmm(2, 3, m()[None], m()[None])[0],
                lambda: 2 * m() + 3 * m() @ m()),
    "mask": (lambda: x()[MASK], lambda: torch.Tensor([1, 3])),
    "masked_select": (lambda: x().masked_select(MASK), lambda: torch.Tensor([1, 3])),
    "masked_fill_": (lambda: x().masked_fill_(MASK, 9), lambda: torch.Tensor([9, 2, 9])),
    "masked_copy_": (lambda: x().masked_copy_(MASK, x() * 5), lambda: torch.Tensor([5, 2, 10])),
    "index": (lambda: x().index(MASK), lambda: torch.Tensor([1, 3])),
    "where": (lambda: torch.where(MASK, x(), -x()), lambda: torch.Tensor([1, -2, 3])),
    "resizeAs_": (lambda: torch.zeros(4).resizeAs_(x()), lambda: torch.zeros(3)),
    "max": (lambda: torch.kthvalue(x(), 2, values=TWO.clone().resize_(0))[0],
            lambda: torch.tensor(2.0)),
    "half": (lambda: torch.HalfTensor([1, 2, 3]).mul(2).float(), lambda: 2 * x()),
    "linspace": (lambda: torch.linspace(0, 99), lambda: torch.arange(100.0)),
    "softmax": (lambda: torch.nn.functional.softmax(torch.zeros(2, 2, 4)),
                lambda: torch.full((2, 2, 4), 0.5)),
    "Variable": (lambda: torch.autograd.Variable(x()).data, x),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("level", ["2", "0.4"])
@pytest.mark.parametrize("name", SAME)
def test_old_calls_mean_what_they_did(name: str, level: str) -> None:
    old, new = SAME[name]
    with torch.api(level):
        ours = old()
    assert torch.equal(ours, new()), (ours, new())


class Cubed(torch.autograd.Function):
    """An old Function: its methods are the instance's."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def forward(self, given: Any) -> Any:  # type: ignore[override]
        self.save_for_backward(given)
        return self.factor * given**3

    def backward(self, grad: Any) -> Any:  # type: ignore[override]
        (given,) = self.saved_tensors
        return grad * self.factor * 3 * given**2


def test_functions_of_instances() -> None:
    given = x().requires_grad_()
    with pytest.warns(FutureWarning, match="old form"):
        Cubed(2)(given).sum().backward()
    assert given.grad.tolist() == [6.0, 24.0, 54.0]


@pytest.mark.filterwarnings("ignore")
def test_variables() -> None:
    Variable, weight = torch.autograd.Variable, x().requires_grad_()
    kept = Variable(x(), requires_grad=True)
    assert isinstance(kept, torch.Tensor) and isinstance(x(), Variable)
    assert (kept * 2).creator is not None and kept.creator is None
    with pytest.warns(UserWarning, match="no_grad"):
        idle = Variable(x(), volatile=True)
    made = (idle * weight).exp() + weight
    assert made.volatile and not made.requires_grad and not kept.volatile
    with pytest.raises(RuntimeError, match="distributions"):
        x().reinforce(1)
    (kept * weight).sum().backward(retain_variables=True)
    torch.autograd.backward([kept * 1], grad_variables=[x()], retain_variables=True)
    assert kept.grad.tolist() == [2.0, 4.0, 6.0]


def test_memo_holds_what_was_given() -> None:
    memo: set[Any] = set()
    layer = torch.nn.Linear(2, 2)
    assert [name for name, _ in layer.named_parameters(memo=memo)] == ["weight", "bias"]
    assert list(layer.named_parameters(memo=memo)) == []
