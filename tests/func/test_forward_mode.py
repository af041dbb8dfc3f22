"""Forward derivatives through functions that have a backward rule of their own."""

from __future__ import annotations

from typing import Any

from tests.support.both import both


@both
def test_convolutions_and_maxima(torch: Any, note: Any) -> None:
    F, f = torch.nn.functional, torch.func
    torch.manual_seed(0)
    x, w = torch.randn(2, 3, 5, 5), torch.randn(4, 3, 3, 3)
    bias, turned = torch.randn(4), w.transpose(0, 1)
    note(lambda: f.jvp(lambda a, b, c: F.conv2d(a, b, c), (x, w, bias), (x * x, w, bias))[1])
    note(lambda: f.jvp(lambda a: F.conv2d(a, w[:3, :1], groups=3), (x,), (x * x,))[1])
    note(lambda: f.jvp(lambda a: F.conv_transpose2d(a, turned), (x,), (x * x,))[1].sum(0))
    note(lambda: f.jacfwd(lambda b: F.conv2d(x, b, padding=1, stride=2).sum(0))(w[:1]))
    note(lambda: f.hessian(lambda b: (F.conv2d(x[:1, :, :4, :4], b) ** 3).sum())(w[:1])[0, 0])
    note(lambda: f.jvp(lambda a: F.max_pool2d(a, 2), (x,), (x * x,))[1])
    note(lambda: f.hessian(lambda a: (F.max_pool2d(a, 2) ** 3).sum())(x[:1, :1, :4, :4])[0, 0, 1])
    note(lambda: f.jacfwd(lambda a: a * 1j)(x[0, 0, 0]))
    note(lambda: f.jacrev(lambda a: a.abs())(torch.complex(bias, bias)))


@both
def test_functions_keep_their_rules(torch: Any, note: Any) -> None:
    f, forward_ad = torch.func, torch.autograd.forward_ad
    x = torch.tensor([1.2, 2.7])

    class Straight(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x, by):
            return x.round() * by, x.sign()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0])
            ctx.save_for_forward(inputs[0])
            ctx.by = inputs[1]
            ctx.mark_non_differentiable(output[1])

        @staticmethod
        def backward(ctx, grad, _):
            return grad * ctx.by * ctx.saved_tensors[0], None

        @staticmethod
        def jvp(ctx, moved, _):
            return moved * ctx.by * ctx.saved_tensors[0], None

    def call(a):
        return Straight.apply(a, 3.0)[0]

    note(lambda: f.grad(lambda a: (call(a) ** 2).sum())(x))
    note(lambda: f.jacrev(call)(x))
    note(lambda: torch.vmap(f.grad(lambda a: call(a) ** 2))(x))
    note(lambda: f.jvp(call, (x,), (x,)))
    note(lambda: f.jacfwd(call)(x))
    note(lambda: f.hessian(lambda a: (call(a) ** 2).sum())(x))

    class Exponential(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x.exp()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(output)
            ctx.save_for_forward(output)

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.saved_tensors[0]

        @staticmethod
        def jvp(ctx, moved):
            return moved * ctx.saved_tensors[0]

    note(lambda: f.grad(f.grad(Exponential.apply))(x[0]))
    note(lambda: f.hessian(lambda a: Exponential.apply(a).sum())(x))

    class Forward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.x = x
            return x.round()

        @staticmethod
        def jvp(ctx, moved):
            return moved * ctx.x

    with forward_ad.dual_level():
        note(lambda: forward_ad.unpack_dual(Forward.apply(forward_ad.make_dual(x, x)) * 2).tangent)
        note(lambda: forward_ad.unpack_dual(call(forward_ad.make_dual(x, x))).tangent)
    note(lambda: Forward.apply(x.clone().requires_grad_()).sum().backward())
    note(lambda: f.grad(lambda a: torch.vmap(lambda b: b * 2)(a).sum())(x))


@both
def test_tensors_go_where_the_trace_is(torch: Any, note: Any) -> None:
    fixed = torch.ones(3)
    note(lambda: torch.vmap(lambda a: a + fixed.to(a.device))(torch.arange(6.0).reshape(2, 3)))
    note(lambda: torch.vmap(lambda a: a.cpu() + fixed.to(a))(torch.arange(6.0).reshape(2, 3)))
