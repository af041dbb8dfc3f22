"""NAdam."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

import compat as torch
from compat.front.update import fresh_state
from compat.optim.checks import check_betas, check_not_negative, check_rate
from compat.optim.rule import RuleOptimizer, as_float, decayed


class NAdam(RuleOptimizer):
    """Adam that looks ahead along its mean, as Nesterov's momentum does (Dozat, 2016)."""

    counts = True
    states = ("mu_product", "exp_avg", "exp_avg_sq")

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_rate(lr)
        check_not_negative(eps=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay, momentum_decay=momentum_decay)
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize,
                "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            },
        )  # fmt: skip

    def first(self, group: dict[str, Any], param: Any, name: str) -> Any:
        if name == "mu_product":
            return torch.tensor(1.0, device=param.device)
        return fresh_state(param)

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return group["weight_decay"] != 0, group["decoupled_weight_decay"], group["maximize"]

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        first, second = (float(beta) for beta in group["betas"])
        now, coming = (
            first * (1 - 0.5 * 0.96 ** (at * group["momentum_decay"])) for at in (step, step + 1)
        )
        return (
            as_float(group["lr"]), 1 - first, second, 1 - second, float(group["eps"]),
            float(group["weight_decay"]), now, coming, 1 - second**step,
        )  # fmt: skip

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        lr, rest, keep, left, eps, weight_decay, now, coming, correction = numbers
        product, mean, square = state
        product = product * now.astype(product.dtype)
        past = product.astype(param.dtype)
        param, grad = decayed(param, grad, lr, weight_decay, *flags)
        mean = mean + rest * (grad - mean)
        square = keep * square + left * grad * grad
        spread = jnp.sqrt(square / correction) + eps
        param = param - lr * (1 - now) / (1 - past) * (grad / spread)
        param = param - lr * coming / (1 - past * coming) * (mean / spread)
        return param, product, mean, square
