"""Adamax."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from compat.optim.checks import check_betas, check_not_negative, check_rate
from compat.optim.rule import RuleOptimizer, as_float, penalized


class Adamax(RuleOptimizer):
    """Adam with the largest gradient, slowly forgotten, in the place of the mean of squares.

    Kingma and Ba, 2014, section 7.
    """

    counts = True
    states = ("exp_avg", "exp_inf")

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, foreach: bool | None = None, *,
        maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ) -> None:  # fmt: skip
        check_rate(lr)
        check_not_negative(eps=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
                "capturable": capturable,
            },
        )  # fmt: skip

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return group["weight_decay"] != 0, group["maximize"]

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        first, second = (float(beta) for beta in group["betas"])
        rate = as_float(group["lr"]) / (1 - first**step)
        return rate, 1 - first, second, float(group["eps"]), float(group["weight_decay"])

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        decays, maximize = flags
        rate, rest, second, eps, weight_decay = numbers
        mean, largest = state
        grad = penalized(param, grad, weight_decay, decays, maximize)
        mean = mean + rest * (grad - mean)
        largest = jnp.maximum(second * largest, jnp.abs(grad) + eps)
        return param - rate * (mean / largest), mean, largest
