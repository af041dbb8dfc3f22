"""torch.func beside PyTorch: values, nesting, gradients through transformations, refusals."""

from tests.support.both import both


@both
def test_transformations(torch, note):
    F, f = torch.nn.functional, torch.func
    x = torch.arange(6.0).reshape(3, 2)
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    note(lambda: f.grad(lambda a: (a**3).sum())(x))
    note(lambda: f.grad_and_value(lambda a, b: (a * b).sum(), argnums=(0, 1))(x, x + 1))
    note(lambda: f.grad(lambda a: ((a**3).sum(), a * 2), has_aux=True)(x))
    note(lambda: f.grad(f.grad(lambda a: a**3))(torch.tensor(2.0)))
    note(lambda: f.vjp(lambda a: a * 2, x)[1](x))
    note(lambda: f.jvp(lambda a: (a**2).sum(0), (x,), (x,)))
    note(lambda: f.jacrev(lambda a: a**2)(x[0]))
    note(lambda: f.jacfwd(lambda a: (a**2, a.sum()))(x[0]))
    note(lambda: f.hessian(lambda a: (a**3).sum())(x[0]))
    note(lambda: torch.vmap(lambda a: a.sum())(x))
    note(
        lambda: torch.vmap(lambda a, b: a * b, in_dims=(1, None), out_dims=1)(x, torch.tensor(2.0))
    )
    note(lambda: torch.vmap(f.grad(lambda a: (a**2).sum()))(x))
    note(lambda: torch.vmap(lambda a: (a @ w).tanh(), chunk_size=2)(x).detach())
    note(lambda: torch.autograd.grad(torch.vmap(lambda a: (a @ w).tanh())(x).sum(), w))
    note(lambda: torch.autograd.grad(f.grad(lambda a: (a @ w).tanh().sum())(x).sum(), w))
    note(
        lambda: torch.vmap(torch.vmap(lambda a, b: a + b, in_dims=(0, None)), in_dims=(None, 0))(
            x[0], x[1]
        )
    )
    xx = x.clone().requires_grad_()
    note(lambda: torch.autograd.grad(torch.vmap(lambda a: a**2)(xx).sum(), xx))
    torch.manual_seed(0)
    m = [torch.nn.Linear(2, 2) for _ in range(3)]
    for i, k in enumerate(m):
        with torch.no_grad():
            k.weight.fill_(i + 1.0)
            k.bias.zero_()
    p, b = f.stack_module_state(m)
    out = torch.vmap(lambda p, b, x: f.functional_call(m[0], (p, b), (x,)), in_dims=(0, 0, None))(
        p, b, x
    )
    note(lambda: out.detach())
    note(lambda: torch.autograd.grad(out.sum(), list(p.values())))

    def loss(p, a, y):
        return F.cross_entropy(f.functional_call(m[0], p, (a[None],)), y[None])

    pp = {k: v.detach() for k, v in m[0].named_parameters()}
    note(
        lambda: {
            name: one + 0.0
            for name, one in torch.vmap(f.grad(loss), in_dims=(None, 0, 0))(
                pp, x, torch.tensor([0, 1, 0])
            ).items()
        }
    )
    note(lambda: torch.vmap(lambda a: a, in_dims=0)(3))
    note(lambda: torch.vmap(lambda a: a, in_dims=5)(x))
    note(lambda: torch.vmap(lambda a, b: a)(x, x.t()))
    note(lambda: torch.vmap(lambda a: 3)(x))
    note(lambda: torch.vmap(lambda a: a, in_dims=(None,))(x))
    note(lambda: torch.vmap(lambda a: torch.rand(3))(x))
    note(lambda: torch.vmap(lambda a: a)())
    note(lambda: f.grad(lambda a: a)(x))
    note(lambda: f.grad(lambda a: 3)(x))
    note(lambda: f.grad(lambda a: a.sum(), argnums=3)(x))
    note(lambda: f.grad(lambda a: a.sum())(3))
    note(lambda: f.jvp(lambda a: a, x, x))
    note(lambda: f.vjp(lambda a: 3, x))
    note(lambda: torch.vmap(lambda a: a + torch.rand(2), randomness="same")(x).shape)
    note(lambda: torch.vmap(lambda a: {"s": a.sum(), "m": (a.mean(), a)})(x))
