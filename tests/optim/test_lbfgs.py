"""L-BFGS, with and without a line search, against PyTorch in float64."""

import pytest

import compat
from tests.optim.test_rules import far

real = pytest.importorskip("torch")

pytestmark = pytest.mark.oracle


def minimised(torch, steps, **settings):
    """Rosenbrock's valley in six dimensions."""
    x = torch.linspace(-1.2, 1.0, 6, dtype=torch.float64).requires_grad_()
    optimizer = torch.optim.LBFGS([x], **settings)

    def closure():
        optimizer.zero_grad()
        loss = (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
        loss.backward()
        return loss

    losses = [float(optimizer.step(closure).detach()) for _ in range(steps)]
    state = optimizer.state[x]
    return x.detach().numpy(), losses, {k: state[k] for k in ("func_evals", "n_iter")}, set(state)


@pytest.mark.parametrize("steps", [1, 3, 7])  # further on the valley multiplies rounding
@pytest.mark.parametrize(
    "settings",
    [
        {"line_search_fn": "strong_wolfe"}, {"lr": 1e-3, "max_iter": 4},
        {"line_search_fn": "strong_wolfe", "history_size": 3, "max_iter": 5, "lr": 0.5},
    ],
)  # fmt: skip
def test_valley(settings, steps):
    ours, losses, counts, _ = minimised(compat, steps, **settings)
    theirs, expected, true_counts, _ = minimised(real, steps, **settings)
    assert far(ours, theirs) <= 1e-10
    assert losses == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert counts == true_counts
