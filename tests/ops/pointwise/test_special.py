"""Special functions agree with PyTorch over wide ranges, at their edges, and in their slopes."""

from typing import Any

import numpy as np
import pytest

from tests.support.both import both

WIDE = np.concatenate(
    [np.linspace(-40, 40, 81), np.linspace(-1, 1, 21),
     [0.0, -0.0, 1e-300, 1e-8, -1e-8, 700, -700, np.inf, -np.inf, np.nan]]
)  # fmt: skip
PLAIN = ["digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2", "expit", "expm1", "gammaln",
         "i0", "i0e", "i1", "i1e", "log1p", "log_ndtr", "logit", "modified_bessel_i0",
         "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "ndtr", "ndtri",
         "scaled_modified_bessel_k0", "scaled_modified_bessel_k1", "sinc",
         "spherical_bessel_j0"]  # fmt: skip
POLYNOMIALS = ["chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v",
               "chebyshev_polynomial_w", "shifted_chebyshev_polynomial_t",
               "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
               "shifted_chebyshev_polynomial_w", "hermite_polynomial_h", "hermite_polynomial_he",
               "laguerre_polynomial_l", "legendre_polynomial_p"]  # fmt: skip


def _compared(name: str, *given: Any, rtol: float = 1e-9, atol: float = 1e-12) -> None:
    torch = pytest.importorskip("torch")
    import compat

    ours = getattr(compat.special, name)(*(compat.tensor(one) for one in given)).numpy()
    theirs = getattr(torch.special, name)(*(torch.tensor(one) for one in given)).numpy()
    assert ours.dtype == theirs.dtype
    assert np.allclose(ours, theirs, rtol=rtol, atol=atol, equal_nan=True)


@pytest.mark.oracle
@pytest.mark.parametrize("name", PLAIN)
def test_wide_ranges(name: str) -> None:
    _compared(name, WIDE)
    _compared(name, WIDE.astype("float32"), rtol=3e-5, atol=1e-6)
    _compared(name, np.arange(5), rtol=3e-5, atol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials_of_many_degrees(name: str) -> None:
    random = np.random.default_rng(0)
    _compared(name, random.uniform(-3, 3, 200), random.integers(-2, 40, 200), rtol=1e-8)


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["xlogy", "xlog1py", "zeta", "gammainc", "gammaincc"])
def test_two_arguments(name: str) -> None:
    first, second = np.meshgrid([0.3, 1, 1.5, 2, 7.2, 50], [0, 1e-5, 0.3, 1, 2.7, 40, np.nan])
    _compared(name, first, second, rtol=1e-8)


@pytest.mark.parametrize("name", ["bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "airy_ai"])
def test_to_all_digits(name: str) -> None:
    """PyTorch gives six to eight digits of these away from zero; SciPy gives all."""
    scipy = pytest.importorskip("scipy.special")
    import compat

    x = np.concatenate([np.linspace(-30, 30, 301), [60.0, 200.0]])
    x = x[x > 0] if "_y" in name else x
    exact = {"bessel_j0": scipy.j0, "bessel_j1": scipy.j1, "bessel_y0": scipy.y0,
             "bessel_y1": scipy.y1, "airy_ai": lambda x: scipy.airy(x)[0]}[name](x)  # fmt: skip
    made = getattr(compat.special, name)(compat.tensor(x)).numpy()
    assert np.allclose(made, exact, rtol=1e-12, atol=1e-13)


@both
def test_gradients(torch: Any, note: Any) -> None:
    x = torch.tensor([-2.3, -0.4, 0.0, 0.7, 3.1, 12.0], dtype=torch.float64)
    for name in ("digamma", "erfcx", "i0", "i0e", "i1", "i1e", "log_ndtr", "ndtr", "gammaln"):
        a = x.clone().requires_grad_()
        function = getattr(torch.special, name)
        (slope,) = torch.autograd.grad(function(a).sum(), a, create_graph=True)
        note(lambda slope=slope: slope.detach()[[0, 1, 3, 4, 5]])
        note(lambda slope=slope, a=a: torch.autograd.grad(slope.sum(), a)[0][[0, 1, 3, 4, 5]])
    for n in range(5):
        a = x.abs().add(0.5).requires_grad_()
        torch.polygamma(n, a).sum().backward()
        note(lambda a=a: a.grad)
    a = torch.tensor([2.5, 4.0], requires_grad=True)
    torch.special.multigammaln(a, 3).sum().backward()
    note(lambda: a.grad)
    torch.special.zeta(torch.tensor([2.0, 3.5]), a).sum().backward()
    note(lambda: a.grad)
    note(lambda: torch.special.zeta(a, 2.0).sum().backward())


@both
def test_complex_numbers_are_refused(torch: Any, note: Any) -> None:
    z = torch.ones(2, dtype=torch.complex64)
    for name in ("bessel_j0", "erfcx", "i1", "ndtri", "entr", "gammaln"):
        note(lambda name=name: getattr(torch.special, name)(z))
    note(lambda: torch.special.legendre_polynomial_p(z, 2))
    note(lambda: torch.polygamma(-1, torch.ones(2)))
    note(lambda: torch.mvlgamma(torch.ones(2), 0))


@both
def test_slopes_of_numbers_times_logarithms(torch: Any, note: Any) -> None:
    for name in ("xlogy", "xlog1py"):
        x = torch.tensor([[0.0], [0.5], [2.0]], requires_grad=True)
        y = torch.tensor([0.0, 1.0, 0.5, -2.0, -1.0, 3.0], requires_grad=True)
        made = getattr(torch.special, name)(x, y)
        chosen = made[1:, 1:3].sum() + made[0, 5]
        slopes = torch.autograd.grad(chosen, (x, y), create_graph=True)
        note(lambda: [one.detach() for one in slopes])  # noqa: B023
        note(lambda: torch.autograd.grad(slopes[0].sum() + slopes[1][1:3].sum(), (x, y)))  # noqa: B023
