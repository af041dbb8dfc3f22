"""torch.autograd.functional beside PyTorch: values, structure, and every refusal."""

import compat
from tests.support.both import both


@both
def test_products_and_matrices(torch, note):
    F = torch.autograd.functional
    x = torch.tensor([1.0, 2.0])
    ones = torch.ones(3)

    note(lambda: F.vjp(lambda x: x * 2, 3))
    note(lambda: F.vjp(lambda x: x * 2, (x, 3)))
    note(lambda: F.vjp(lambda x: 3, x))
    note(lambda: F.vjp(lambda x: (x, 3), x))
    note(lambda: F.vjp(lambda x: x * 2, x))
    note(lambda: F.vjp(lambda x: x.sum(), x))
    note(lambda: F.vjp(lambda x: x * 2, x, ones))
    note(lambda: F.vjp(lambda x: x * 2, x, (x, x)))
    note(lambda: F.vjp(lambda x: x * 2, x, 3))
    note(lambda: F.vjp(lambda x: (x * 2, x), x, x))
    note(lambda: F.vjp(lambda x: torch.ones(2), x, x))
    note(lambda: F.vjp(lambda x: torch.ones(2), x, x, strict=True))
    note(lambda: F.vjp(lambda x, y: x * 2, (x, x), x, strict=True))
    note(lambda: F.vjp(lambda x, y: x * 2, (x, x), x))
    note(lambda: F.vjp(lambda x: x * 2, x, x, create_graph=True, strict=True))
    note(lambda: F.vjp(lambda x: x * 2, [x], [x]))
    note(lambda: F.jvp(lambda x: x * 2, x))
    note(lambda: F.jvp(lambda x: x * 2, x.sum()))
    note(lambda: F.jvp(lambda x: x * 2, x, ones))
    note(lambda: F.jvp(lambda x: torch.ones(2), x, x))
    note(lambda: F.jvp(lambda x: torch.ones(2), x, x, strict=True))
    note(lambda: F.jvp(lambda x: x * 2, x, x, create_graph=True, strict=True))
    note(lambda: F.jvp(lambda x, y: (x * 2, y.sum()), (x, x), (x, x)))
    note(lambda: F.jacobian(lambda x: x * x, x))
    note(lambda: F.jacobian(lambda x: x * x, (x,)))
    note(lambda: F.jacobian(lambda x: (x * x, x.sum()), (x,)))
    note(lambda: F.jacobian(lambda x, y: (x * x, y.sum()), (x, ones)))
    note(lambda: F.jacobian(lambda x, y: (x * x, y.sum()), (x, ones), strict=True))
    note(lambda: F.jacobian(lambda x: torch.ones(2), x, strict=True))
    note(lambda: F.jacobian(lambda x: x * 2, x, create_graph=True, strict=True))
    note(lambda: F.jacobian(lambda x: x * x, x, create_graph=True, strict=True))
    note(lambda: F.jacobian(lambda x: x * x, x, vectorize=True, strict=True))

    note(lambda: F.jacobian(lambda x: x * x, x, strategy="foo"))
    note(lambda: F.hessian(lambda x: x * x, x))
    note(lambda: F.hessian(lambda x: (x.sum(), x.sum()), x))
    note(lambda: F.hessian(lambda x: 3, x))
    note(lambda: F.hessian(lambda x: (x**3).sum(), x))
    note(lambda: F.hessian(lambda x: (x**3)[:1], x))
    note(lambda: F.hessian(lambda x, y: (x**3).sum() * y.sum(), (x, ones)))
    note(lambda: F.hessian(lambda x, y: (x**3).sum(), (x, ones)))
    note(lambda: F.hessian(lambda x, y: (x**3).sum(), (x, ones), strict=True))
    note(lambda: F.hessian(lambda x: (x * 2).sum(), x, strict=True))
    note(lambda: F.hessian(lambda x: (x * 2).sum(), x))
    note(lambda: F.hessian(lambda x: (x**3).sum(), x, outer_jacobian_strategy="foo"))
    for f in (F.hvp, F.vhp):
        note(lambda f=f: f(lambda x: x * x, x, x))
        note(lambda f=f: f(lambda x: (x**3).sum(), x))
        note(lambda f=f: f(lambda x: (x**3).sum(), x.sum()))
        note(lambda f=f: f(lambda x: (x**3).sum(), x, x))
        note(lambda f=f: f(lambda x: (x * 3).sum(), x, x, strict=True))
        note(lambda f=f: f(lambda x: (x * 3).sum(), x, x))
        note(lambda f=f: f(lambda x: torch.ones(()), x, x, strict=True))
        note(lambda f=f: f(lambda x: torch.ones(()), x, x))
        note(lambda f=f: f(lambda x, y: (x**3).sum(), (x, x), (x, x)))
        note(lambda f=f: f(lambda x, y: (x**3).sum(), (x, x), (x, x), strict=True))
        note(lambda f=f: f(lambda x, y: (x**3).sum() + y.sum(), (x, x), (x, x), strict=True))
        note(lambda f=f: f(lambda x: (x**3).sum(), x, ones))


@both
def test_graphs_of_results(torch, note):
    F = torch.autograd.functional
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    for f in (F.hvp, F.vhp, F.jvp, F.vjp):
        got = f(lambda x: (x**3).sum(), x, None if f is F.vjp else x * 2, create_graph=True)
        note(lambda got=got: [one.detach() for one in got])
        note(lambda got=got: torch.autograd.grad(got[1].sum(), x))
    for f in (F.jacobian, F.hessian):
        got = f(lambda x: (x**4).sum(), x, create_graph=True)
        note(lambda got=got: torch.autograd.grad((got * got).sum(), x))


def test_forward_mode_gives_the_same():
    x = compat.arange(3.0)
    F = compat.autograd.functional
    by_columns = F.jacobian(lambda x: x**2, x, strategy="forward-mode", vectorize=True)
    assert by_columns.tolist() == F.jacobian(lambda x: x**2, x).tolist()
