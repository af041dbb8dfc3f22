"""Every optimizer of PyTorch follows PyTorch's path: modules, groups, schedules, closures.

`test_rules.py` trains bare tensors with constant settings; here is the rest of a training program.
"""

import numpy as np
import pytest

import compat
from tests.optim.test_rules import SETTINGS, far

real = pytest.importorskip("torch")

pytestmark = pytest.mark.oracle
STEPS = 200
LEFT_OUT = {"Optimizer", "SparseAdam"}  # the base; and sparse gradients: tests/sparse has these


def test_every_optimizer_is_here():
    assert {name for name in real.optim.__all__ if name[0].isupper()} >= {*SETTINGS}
    known = {name for name in dir(real.optim) if name[0].isupper()}
    assert known - LEFT_OUT == {*SETTINGS, "LBFGS"}


def network(torch, dtype, biased=True):
    """A small network, and its loss on fixed data."""
    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(6, 8, bias=biased), torch.nn.Tanh(), torch.nn.Linear(8, 3, bias=biased)
    ).to(getattr(torch, dtype))
    numbers = np.random.default_rng(2)
    data = torch.tensor(numbers.standard_normal((16, 6)).astype(dtype))
    kinds = torch.tensor(numbers.integers(3, size=16))
    return model, lambda: torch.nn.functional.cross_entropy(model(data), kinds)


def ends(torch, dtype, train, biased=True):
    model, loss = network(torch, dtype, biased)
    train(torch, model, loss)
    return np.concatenate([param.detach().numpy().ravel() for param in model.parameters()])


def allowed(name, dtype):
    return 1e-2 if name == "Muon" else {"float32": 1e-5, "float64": 1e-10}[dtype]


def grouped(name):
    """Two groups, one at half the rate, a warm-up and a cosine, clipped gradients."""

    def train(torch, model, loss):
        first, last = model[0], model[2]
        rate = {"Muon": 0.02, "Adadelta": 0.5, "Rprop": 0.01, "SGD": 0.05}.get(name, 2e-3)
        groups = [{"params": first.parameters()}, {"params": last.parameters(), "lr": rate / 2}]
        optimizer = getattr(torch.optim, name)(groups, lr=rate)
        schedules = torch.optim.lr_scheduler
        schedule = schedules.SequentialLR(
            optimizer,
            [schedules.LinearLR(optimizer, 0.1, 1.0, 20),
             schedules.CosineAnnealingLR(optimizer, STEPS)],
            [20],
        )  # fmt: skip
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            schedule.step()

    return train


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SETTINGS)
def test_groups_and_schedules(name, dtype):
    if name == "Rprop" and dtype == "float32":
        pytest.skip("a sign that rounding decides makes a whole step")
    biased = name != "Muon"  # which takes matrices alone
    ours, theirs = (ends(one, dtype, grouped(name), biased) for one in (compat, real))
    assert far(ours, theirs) <= allowed(name, dtype)


@pytest.mark.parametrize("name", SETTINGS)
def test_closures_frozen_parts_and_gradients_that_are_not_there(name):
    def train(torch, model, loss):
        optimizer = getattr(torch.optim, name)(model.parameters())
        for at in range(STEPS):
            model[0].requires_grad_(at // 20 % 2 == 0)

            def closure():
                optimizer.zero_grad(set_to_none=at % 3 != 0)
                found = loss()
                found.backward()
                return found

            optimizer.step(closure)

    ours, theirs = (ends(one, "float64", train, name != "Muon") for one in (compat, real))
    assert far(ours, theirs) <= allowed(name, "float64")


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": 0.05, "max_iter": 2},
        {"max_iter": 4, "history_size": 5, "line_search_fn": "strong_wolfe"},
    ],
)  # fmt: skip
def test_lbfgs(settings):
    def train(torch, model, loss):
        optimizer = torch.optim.LBFGS(model.parameters(), **settings)

        def closure():  # with decay enough that rounding is not multiplied
            optimizer.zero_grad()
            found = loss() + 0.1 * sum(param.square().sum() for param in model.parameters())
            found.backward()
            return found

        for _ in range(STEPS):
            optimizer.step(closure)

    ours, theirs = (ends(one, "float64", train) for one in (compat, real))
    assert far(ours, theirs) <= 1e-10
