"""Adadelta."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from compat.optim.checks import check_not_negative, check_rate
from compat.optim.rule import RuleOptimizer, as_float, penalized


class Adadelta(RuleOptimizer):
    """Steps by the gradient times the root mean square of past steps over that of gradients.

    Zeiler, 2012. rho is how long both means remember.
    """

    counts = True
    states = ("square_avg", "acc_delta")

    def __init__(
        self, params: Any, lr: Any = 1.0, rho: float = 0.9, eps: float = 1e-6,
        weight_decay: float = 0, foreach: bool | None = None, *, capturable: bool = False,
        maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_rate(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative(eps=eps, weight_decay=weight_decay)
        super().__init__(
            params,
            {
                "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay,
                "maximize": maximize, "capturable": capturable, "foreach": foreach,
                "differentiable": differentiable,
            },
        )  # fmt: skip

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return group["weight_decay"] != 0, group["maximize"]

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        rho = float(group["rho"])
        return (
            as_float(group["lr"]), rho, 1 - rho, float(group["eps"]), float(group["weight_decay"]),
        )  # fmt: skip

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        decays, maximize = flags
        lr, rho, rest, eps, weight_decay = numbers
        square, moved = state
        grad = penalized(param, grad, weight_decay, decays, maximize)
        square = rho * square + rest * grad * grad
        delta = jnp.sqrt(moved + eps) / jnp.sqrt(square + eps) * grad
        moved = rho * moved + rest * delta * delta
        return param - lr * delta, square, moved
