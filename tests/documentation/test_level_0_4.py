"""The examples of the 0.4 documentation that hold at level 0.4, in cases of our own."""

from __future__ import annotations

from typing import Any

import pytest

import compat as t
from tests.documentation.say import close, flat, holds, raises, warned
from tests.documentation.test_examples import Function, V, a, m

optim, T = t.optim, t.Tensor
OLD: dict[str, Any] = {}


def old(check: Any) -> Any:
    OLD[check.__name__] = check
    return check


class Product(Function):  # the old form
    def forward(self, x: Any, weight: Any) -> Any:  # type: ignore[override]
        self.save_for_backward(x, weight)
        return x.mm(weight)

    def backward(self, grad: Any) -> Any:  # type: ignore[override]
        x, weight = self.saved_tensors
        assert self.needs_input_grad == (True, True)
        return grad.mm(weight.t()), x.t().mm(grad)


def rates(make: Any, epochs: int, lr: float = 0.05) -> list[float]:
    optimizer = optim.SGD([t.zeros(1, requires_grad=True)], lr=lr)
    scheduler, found = make(optimizer), []
    for _ in range(epochs):
        scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


@old
def E14() -> Any:
    x, w = (V(t.ones(2, 2), requires_grad=True) for _ in range(2))
    Product()(x, w).sum().backward()
    return x.grad.tolist() == [[2, 2], [2, 2]], w.grad.tolist() == [[2, 2], [2, 2]]


def switched() -> Any:
    switch = t.utils.backcompat.broadcast_warning
    switch.enabled = True
    try:
        told = warned(lambda: t.add(t.ones(3, 1), t.ones(3)))
    finally:
        switch.enabled = False
    return any("do not have the same shape, but are broadcastable" in one for one in told)


OLD |= {
    "E5": lambda: (t.zeros(4, 3, 2).add_(t.zeros(3, 1)).shape == (4, 3, 2),
                   raises(lambda: t.zeros(1, 2, 1).add_(t.zeros(2, 1, 5)), "expanded size of "
                          "the tensor (1) must match the existing size (5) at non-singleton "
                          "dimension 2")),
    "E7": switched,
    "E29": lambda: (t.linspace(0, 1).numel() == 100, t.logspace(0, 1).numel() == 100),
    "E33": lambda: ((r := t.arange(2, 5)).type() == "torch.FloatTensor", r.tolist() == [2, 3, 4],
                    t.arange(1, 2, 0.5).tolist() == [1, 1.5]),
    "E44": lambda: (t.normal(means=t.arange(1, 5), std=t.arange(1, 0, -0.25)).shape == (4,),
                    t.normal(mean=0.5, std=t.arange(1, 4)).shape == (3,),
                    t.normal(means=t.arange(1, 4)).shape == (3,)),
    "E51": lambda: flat(t.add(T([1, 2, 3, 4]), 10, T([[1, 2], [3, 4]]))) == [11, 22, 33, 44],
    "E52": lambda: (close(t.addcdiv(t.ones(2, 2), 0.5, t.ones(1, 4) * 4, t.ones(4, 1) * 2),
              [2] * 4),
                    close(t.addcmul(t.ones(2, 2), 0.5, t.ones(1, 4), t.ones(4, 1) * 2), [2] * 4)),
    "E53": lambda: (t.div(m(), T([1, 2, 3, 4, 5, 6, 7, 8, 9])).equal(t.ones(3, 3)),
                    t.mul(T([[1, 2]]), T([[3], [4]])).tolist() == [[3, 6], [4, 8]],
                    t.mul(t.ones(4, 3), t.ones(2, 6) * 2).equal(t.ones(4, 3) * 2)),
    "E67": lambda: [getattr(t, n)(m(), m()).type() == "torch.ByteTensor"
                    for n in "eq ne ge gt le lt".split()],
    "E85": lambda: (t.device(1).type == "cuda", t.device(1).index == 1),
    "E119": lambda: close(rates(lambda o: optim.lr_scheduler.LambdaLR(
        o, lr_lambda=[lambda epoch: 0.9**epoch]), 3, 1.0), [1, 0.9, 0.81]),
    "E120": lambda: (close(rates(lambda o: optim.lr_scheduler.StepLR(o, 3, gamma=0.1), 7),
                           [0.05] * 3 + [0.005] * 3 + [0.0005], 1e-6),
                     close(rates(lambda o: optim.lr_scheduler.MultiStepLR(o, [2, 5], gamma=0.1), 6),
                           [0.05] * 2 + [0.005] * 3 + [0.0005], 1e-6)),
    "E128": lambda: ((d := t.utils.data.TensorDataset(data_tensor=a(),
              target_tensor=-a()))[1][1] == (
        -0.25), len(d) == 4),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OLD, key=lambda name: int(name[1:])))
def test_example_of_level_0_4(name: str) -> None:
    holds(OLD[name], "0.4")
