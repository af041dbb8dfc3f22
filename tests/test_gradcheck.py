"""gradcheck and gradgradcheck, in full and in the fast mode, tell right gradients from wrong."""

from __future__ import annotations

from typing import Any

import pytest

import compat as torch
from compat.autograd import gradcheck, gradgradcheck
from tests.support.both import both


def wrong(x: Any) -> Any:
    return x.exp() * x.detach()


def wrong_later(x: Any) -> Any:
    """Its gradient is right, that of its gradient is not."""

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            (x,) = ctx.saved_tensors
            return grad * 3 * x * x.detach()

    return Cube.apply(x)


@pytest.mark.parametrize("fast", [False, True])
def test_right_and_wrong(fast: bool) -> None:
    x = torch.linspace(0.5, 2, 6, dtype=torch.float64).view(2, 3).requires_grad_()
    right = lambda x: (x.sin() @ x.t()).tanh()  # noqa: E731
    assert gradcheck(right, (x,), fast_mode=fast) and gradgradcheck(right, (x,), fast_mode=fast)
    assert not gradcheck(wrong, (x,), fast_mode=fast, raise_exception=False)
    assert gradcheck(wrong_later, (x,), fast_mode=fast)
    assert not gradgradcheck(wrong_later, (x,), fast_mode=fast, raise_exception=False)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        gradcheck(wrong, (x,), fast_mode=fast)


def test_nothing_to_move_and_nothing_that_moves() -> None:
    empty = torch.zeros(0, 2, dtype=torch.float64, requires_grad=True)
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    assert gradgradcheck(lambda a, b: a.sum() + b.exp(), (empty, x))
    assert gradgradcheck(lambda a: (a * a, a.detach() * 2), (x,))  # one result has no gradient


class Exponential(torch.autograd.Function):
    """It has a tangent and no gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.result = x.exp()
        return ctx.result

    @staticmethod
    def jvp(ctx: Any, tangent: Any) -> Any:
        moved = tangent * ctx.result
        del ctx.result
        return moved


@pytest.mark.parametrize("fast", [False, True])
def test_forward_mode_alone(fast: bool) -> None:
    x = torch.linspace(0.5, 2, 3, dtype=torch.float64).requires_grad_()
    y = torch.linspace(1, 2, 3, dtype=torch.float64).requires_grad_()
    z = torch.complex(x.detach(), y.detach()).requires_grad_()
    alone = {"check_forward_ad": True, "check_backward_ad": False, "fast_mode": fast}
    assert gradcheck(Exponential.apply, x, **alone)
    assert gradcheck(lambda x, y: (x * y, x.exp(), y.detach()), (x, y), **alone)
    assert gradcheck(lambda x, y: (x * y).sum(), (x, y.detach()), **alone)
    assert gradcheck(torch.abs, z, **alone) and gradcheck(lambda x: torch.complex(x, x), x, **alone)
    with pytest.raises(NotImplementedError, match="either the backward or vjp method"):
        gradcheck(Exponential.apply, x, check_forward_ad=True, fast_mode=fast)


@pytest.mark.parametrize("fast", [False, True])
def test_fast_and_full_forward_mode_over_backward(fast: bool) -> None:
    x = torch.linspace(0.5, 2, 3, dtype=torch.float64).requires_grad_()
    forward = {"check_fwd_over_rev": True, "check_undefined_grad": False, "fast_mode": fast}
    assert gradgradcheck(lambda x: x.sin() * x, (x,), **forward)
    assert not gradgradcheck(
        wrong_later, (x,), check_rev_over_rev=False, raise_exception=False, **forward
    )


@both
def test_what_is_said_of_wrong_tangents(torch: Any, note: Any) -> None:
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def jvp(ctx: Any, tangent: Any) -> Any:
            return tangent * 3

    class HalfWrong(Wrong):
        @staticmethod
        def jvp(ctx: Any, tangent: Any) -> Any:
            return torch.complex(tangent.real * 3, tangent.imag * 2)

    def first(func: Any, *inputs: Any, check: Any = torch.autograd.gradcheck, **flags: Any) -> Any:
        try:
            return check(func, inputs, **flags)
        except torch.autograd.gradcheck.GradcheckError as error:
            return type(error), str(error).partition("\n")[0]

    x = torch.linspace(0.5, 2, 3, dtype=torch.float64).requires_grad_()
    z = torch.complex(x.detach(), x.detach()).requires_grad_()
    alone = {"check_forward_ad": True, "check_backward_ad": False}
    for fast in (False, True):
        alone["fast_mode"] = fast
        note(lambda: first(Wrong.apply, x, **alone))
        note(lambda: first(Wrong.apply, z, **alone))
        note(lambda: first(HalfWrong.apply, z, **alone))
        note(lambda: first(lambda x, z: (x.exp(), Wrong.apply(z)), x, z, **alone))
        note(lambda: first(Wrong.apply, x, raise_exception=False, **alone))
        note(lambda: first(lambda x: x.detach() * x, x, **alone))
    note(lambda: first(Wrong.apply, x, check_backward_ad=False, raise_exception=False))
    note(lambda: first(torch.exp, x, check_batched_grad=True, **alone))
    note(lambda: first(torch.exp, x, check_batched_forward_grad=True))
    twice = torch.autograd.gradgradcheck
    note(lambda: first(torch.exp, x, check=twice, check_rev_over_rev=False))
    note(
        lambda: first(
            torch.exp, x, check=twice, check_rev_over_rev=False, check_fwd_over_rev=True
        )
    )
