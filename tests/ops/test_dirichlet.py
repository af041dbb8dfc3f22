"""How Dirichlet and gamma samples move with their parameters, beside PyTorch and by differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

import compat
from tests.support.both import both

SIZES = np.array([0.05, 0.3, 1.0, 3.0, 30.0, 1e3, 1e5])


def test_against_differences_of_the_distribution_function() -> None:
    a, b = (one.reshape(-1, 1) for one in np.meshgrid(SIZES, SIZES))
    x = np.random.default_rng(0).beta(a, b, (a.size, 8)).clip(1e-12, 1 - 1e-9)
    step = 1e-4 * a
    near, far = (
        special.betainc(a + h, b, x) - special.betainc(a - h, b, x) for h in (step / 2, step)
    )
    log_density = special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b)
    expected = -(8 * near - far) / (6 * step) / np.exp(log_density) / (1 - x)
    given = (compat.tensor(np.broadcast_to(one, x.shape).copy()) for one in (x, a, a + b))
    found = compat._dirichlet_grad(*given).numpy()
    assert np.allclose(found, expected, 1e-6)


@both
def test_beside_pytorch(torch: Any, note: Any) -> None:
    x = torch.tensor([0.2, 0.3, 0.6])
    a = torch.tensor([0.3, 1.0, 0.5])
    note(lambda: torch._dirichlet_grad(x, a, a + 0.4))
    note(lambda: torch._standard_gamma_grad(a, x))
    torch.manual_seed(0)
    note(lambda: torch._sample_dirichlet(torch.tensor([[0.3, 0.4, 2.0], [9.0, 1e-3, 3.0]])))
    note(lambda: torch._sample_dirichlet(torch.tensor([1e-30, 1e-30]).double()))


@pytest.mark.oracle
def test_gradients_of_samples() -> None:
    oracle = pytest.importorskip("torch")
    slopes = []
    for torch in (compat, oracle):
        c = torch.tensor([[0.3, 0.4, 2.0], [9.0, 1.0, 3.0]], requires_grad=True)
        torch.manual_seed(0)
        drawn = torch.distributions.Dirichlet(c).rsample((50,))
        slopes.append(torch.autograd.grad((drawn**2).sum(), c)[0].numpy())
    assert np.allclose(*slopes, rtol=2e-3)
