"""Mapped functions: nesting, gradients across, what all samples share, draws, refusals."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import compat
from tests.support.both import both


@both
def test_gradients_across(torch, note):
    f = torch.func
    x = torch.arange(6.0).reshape(3, 2).requires_grad_()
    w = torch.arange(4.0).reshape(2, 2).div(4).requires_grad_()

    def seen(one: Any) -> Any:
        grads = torch.autograd.grad(one, (x, w), allow_unused=True)
        return one.detach(), grads

    note(lambda: seen(f.vmap(lambda a: (a @ w).tanh().sum())(x).sum()))
    note(lambda: seen(f.vmap(f.vmap(lambda a: a * w[0, 1]), in_dims=1)(x).pow(2).sum()))
    note(lambda: seen(f.vmap(lambda a, v: (a @ v).exp().sum(), in_dims=(0, None))(x, w).sum()))
    a, b = torch.arange(24.0).reshape(3, 4, 2) / 10, torch.ones(3, 4, 2)

    def adapted(v: Any, a: Any, b: Any) -> Any:  # one step of gradient descent, then the loss
        step = f.grad(lambda v: ((a @ v - b) ** 2).mean())(v)
        return ((a @ (v - 0.1 * step) - b) ** 2).mean()

    note(lambda: seen(f.vmap(adapted, in_dims=(None, 0, 0))(w, a, b).sum()))
    per_sample = f.vmap(f.grad(lambda v, a: (a @ v).pow(2).sum()), in_dims=(None, 0))
    note(lambda: per_sample(w.detach(), x.detach()))  # what all share has a gradient for each
    note(lambda: f.vmap(f.jacrev(lambda a: (a**3).cumsum(0)))(a[0]))
    note(lambda: f.vmap(f.hessian(lambda a: (a**3).sum()))(a[0]))
    note(lambda: f.hessian(lambda a: f.vmap(lambda r: (r**3).sum())(a).sum())(a[0])[0, 0])
    note(lambda: f.jacfwd(lambda a: f.vmap(torch.sin)(a).sum(0))(a[0]))
    note(lambda: f.jacrev(lambda a: f.jacfwd(torch.sin)(a).sum(0))(a[0, 0]) + 0.0)
    note(lambda: f.jvp(lambda a: f.vmap(torch.sin)(a), (x.detach(),), (torch.ones(3, 2),)))
    y = (x @ w).tanh()
    units = torch.eye(6).reshape(6, 3, 2)
    note(lambda: f.vmap(lambda u: torch.autograd.grad(y, x, u, retain_graph=True)[0])(units))
    z = f.vmap(lambda r: r**2)(x)  # this graph has samples of its own
    note(lambda: f.vmap(lambda u: torch.autograd.grad(z, x, u, retain_graph=True)[0])(units))


@both
def test_what_samples_do(torch, note):
    v = torch.func.vmap
    x = torch.arange(6.0).reshape(3, 2)
    note(lambda: v(lambda a: a.clone().add_(1).mul_(2)[0])(x))
    note(lambda: v(lambda a, i: a[i])(x, torch.tensor([0, 1, 0])))
    note(lambda: v(lambda a: torch.zeros(2, device=a.device) + a)(x))
    note(lambda: v(lambda a: torch.zeros_like(a))(x))
    note(lambda: v(lambda a: (a, torch.ones(2)), out_dims=(0, None))(x))
    note(lambda: v(lambda a: a.view(2, 1).t() @ torch.ones(2, 3))(x))
    note(lambda: v(lambda a: torch.cat([a, x[0]]).sort(descending=True))(x)[0])
    note(lambda: v(lambda a: torch.stack([a, a + 1]).mean(), chunk_size=2)(x))
    note(lambda: v(lambda a: a.item())(x[0]))
    shared = torch.zeros(2)
    note(lambda: v(lambda a: shared[0].add_(a))(x[0]))
    note(lambda: shared)


@both
def test_draws(torch, note):
    v, x = torch.func.vmap, torch.zeros(2, 3, 2)
    torch.manual_seed(0)
    note(lambda: v(lambda a: a + torch.rand(2), randomness="different")(x[0]))
    note(lambda: v(lambda a: a + torch.randn_like(a), randomness="different")(x[0]))
    note(lambda: v(lambda a: a + torch.randn(2), randomness="same")(x[0]))
    each = v(lambda a: a + torch.rand(2), randomness="different")
    note(lambda: v(each, randomness="different")(x))
    note(lambda: v(each, randomness="same")(x))
    dropped = torch.nn.functional.dropout
    for how in ("same", "different"):
        kept = v(lambda a: dropped(a, 0.5), randomness=how)(torch.ones(2, 64))
        note(lambda: bool((kept[0] == kept[1]).all()))  # noqa: B023
    note(lambda: v(lambda a: dropped(a, 0.5))(torch.ones(2, 64)))


@both
def test_functions_with_rules_for_batches(torch, note):
    seen = []

    class Sorted(torch.autograd.Function):
        @staticmethod
        def forward(x, dim):
            order = torch.argsort(x, dim)
            return torch.gather(x, dim, order), order

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.mark_non_differentiable(output[1])
            ctx.save_for_backward(output[1])
            ctx.dim = inputs[1]

        @staticmethod
        def backward(ctx, grad, _):
            (order,) = ctx.saved_tensors
            return torch.zeros_like(grad).scatter(ctx.dim, order, grad * 10), None

        @staticmethod
        def vmap(info, in_dims, x, dim):
            seen.append((info.batch_size, in_dims, tuple(x.shape)))
            return Sorted.apply(x.movedim(in_dims[0], 0), dim + 1), (0, 0)

    x = torch.arange(12.0).reshape(3, 4).flip(1).requires_grad_()
    made, order = torch.func.vmap(lambda a: Sorted.apply(a, 0))(x)
    made.sum().backward()
    note(lambda: (made.detach(), order, x.grad, seen))

    class Tripled(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x.exp()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(output)

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.saved_tensors[0] * 3

    y = torch.arange(6.0).reshape(3, 2).requires_grad_()
    torch.func.vmap(Tripled.apply)(y).sum().backward()
    note(lambda: y.grad)
    note(lambda: torch.func.vmap(torch.func.grad(lambda a: Tripled.apply(a).sum()))(y.detach()))


def test_a_mapped_step_is_one_program() -> None:
    """What is mapped is recorded into the program around it."""
    from compat.engine.recorder import local

    model = compat.nn.Linear(4, 3)
    x = compat.randn(8, 4)
    local.recorder.flush()
    before = compat.stats()["sections"]
    out = compat.vmap(compat.func.grad(lambda a: model(a).pow(2).sum()))(x)
    total = out.sum()
    assert compat.stats()["sections"] == before and total._storage.value.array is None
    expected = 2 * (x @ model.weight.T + model.bias) @ model.weight
    compat.testing.assert_close(total, expected.sum())


def test_inside_of_jit() -> None:
    def made(array: jax.Array) -> jax.Array:
        x = compat.from_jax(array)
        return compat.vmap(compat.func.grad(lambda a: (a**3).sum()))(x).jax()

    given = jnp.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(jax.jit(made)(given), 3 * given**2)


@both
def test_a_tangent_kernel_two_ways(torch, note):
    """Products of Jacobians, and derivatives along gradients: three maps inside of each other."""
    f, nn = torch.func, torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Unflatten(-1, (1, 3)), nn.Conv1d(1, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2)
    )
    params = {name: one.detach() for name, one in net.named_parameters()}
    some, others = torch.randn(3, 3), torch.randn(2, 3)

    def call(params, x):
        return f.functional_call(net, params, (x.unsqueeze(0),)).squeeze(0)

    def rows(x):
        return [one.flatten(2) for one in f.vmap(f.jacrev(call), (None, 0))(params, x).values()]

    def entry(one, other):
        out, pull = f.vjp(lambda p: call(p, one), params)
        return f.vmap(lambda v: f.jvp(lambda p: call(p, other), (params,), pull(v))[1])(
            torch.eye(out.numel())
        )

    pairs = zip(rows(some), rows(others), strict=True)
    kernel = sum(torch.einsum("naf,mbf->nmab", one, other) for one, other in pairs)
    pushed = f.vmap(f.vmap(entry, (None, 0)), (0, None))(some, others)
    note(lambda: kernel)
    note(lambda: pushed)
    note(lambda: torch.allclose(kernel, pushed, atol=1e-5))
