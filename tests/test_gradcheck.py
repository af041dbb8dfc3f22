"""gradcheck and gradgradcheck, in full and in the fast mode, tell right gradients from wrong."""

from __future__ import annotations

from typing import Any

import pytest

import compat as torch
from compat.autograd import gradcheck, gradgradcheck


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
