"""RAdam."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from compat.optim.checks import check_betas, check_not_negative, check_rate
from compat.optim.rule import RuleOptimizer, as_float, decayed


class RAdam(RuleOptimizer):
    """Adam that divides by the spread only once enough gradients have been seen to know it.

    Liu et al., 2019: the length of the simple moving average decides, and rectifies the step.
    """

    counts = True
    states = ("exp_avg", "exp_avg_sq")

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, decoupled_weight_decay: bool = False, *,
        foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_rate(lr)
        check_not_negative(eps=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                "maximize": maximize, "foreach": foreach, "capturable": capturable,
                "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )  # fmt: skip

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return group["weight_decay"] != 0, group["decoupled_weight_decay"], group["maximize"]

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        first, second = (float(beta) for beta in group["betas"])
        correction = 1 - second**step
        limit = 2 / (1 - second) - 1
        length = limit - 2 * step * second**step / correction
        rectified = 0.0
        if length > 5:
            ratio = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
            rectified = (ratio * correction) ** 0.5
        return (
            as_float(group["lr"]), 1 - first, second, 1 - second, float(group["eps"]),
            float(group["weight_decay"]), 1 - first**step, rectified,
        )  # fmt: skip

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        lr, rest, keep, left, eps, weight_decay, correction, rectified = numbers
        mean, square = state
        param, grad = decayed(param, grad, lr, weight_decay, *flags)
        mean = mean + rest * (grad - mean)
        square = keep * square + left * grad * grad
        scale = jnp.where(rectified > 0, rectified / (jnp.sqrt(square) + eps), 1)
        return param - lr * (mean / correction) * scale, mean, square
