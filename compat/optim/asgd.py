"""ASGD."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.front.update import fresh_state
from compat.optim.checks import check_not_negative, check_rate
from compat.optim.rule import RuleOptimizer, as_float, penalized


class ASGD(RuleOptimizer):
    """Gradient descent that also averages its iterates, in the state `ax`.

    Polyak and Juditsky, 1992. lambd is a decay, alpha the power of the step size's decay, t0 the
    step at which averaging starts. A step uses the step size and weight that the last one left.
    """

    counts = True
    states = ("eta", "mu", "ax")

    def __init__(
        self, params: Any, lr: Any = 1e-2, lambd: float = 1e-4, alpha: float = 0.75,
        t0: float = 1e6, weight_decay: float = 0, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ) -> None:  # fmt: skip
        check_rate(lr)
        check_not_negative(weight_decay=weight_decay)
        super().__init__(
            params,
            {
                "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay,
                "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
                "capturable": capturable,
            },
        )  # fmt: skip

    def first(self, group: dict[str, Any], param: Any, name: str) -> Any:
        if name == "ax":
            return fresh_state(param)
        return torch.tensor(as_float(group["lr"]) if name == "eta" else 1.0, device=param.device)

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return group["weight_decay"] != 0, group["maximize"]

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        lr, lambd = as_float(group["lr"]), float(group["lambd"])
        eta = lr / (1 + lambd * lr * step) ** group["alpha"]
        return lambd, float(group["weight_decay"]), eta, 1 / max(1.0, step - group["t0"])

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        decays, maximize = flags
        lambd, weight_decay, next_eta, next_mu = numbers
        eta, mu, mean = state
        rate = eta.astype(param.dtype)
        grad = penalized(param, grad, weight_decay, decays, maximize)
        param = param * (1 - lambd * rate) - rate * grad
        mean = mean + mu.astype(param.dtype) * (param - mean)
        return param, next_eta.astype(eta.dtype), next_mu.astype(mu.dtype), mean
