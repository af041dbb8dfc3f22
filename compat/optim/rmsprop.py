"""RMSprop."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from compat.optim.rule import RuleOptimizer, as_float, penalized


class RMSprop(RuleOptimizer):
    """Steps by the gradient over the root of the mean of its squares (Hinton, 2012).

    alpha is how long the mean remembers, centered takes the gradient's mean off its spread.
    """

    counts = True

    def __init__(
        self, params: Any, lr: Any = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
        weight_decay: float = 0, momentum: float = 0, centered: bool = False,
        capturable: bool = False, foreach: bool | None = None, maximize: bool = False,
        differentiable: bool = False,
    ) -> None:  # fmt: skip
        named = {"learning rate": lr, "epsilon value": eps, "momentum value": momentum,
                 "weight_decay value": weight_decay, "alpha value": alpha}  # fmt: skip
        for name, given in named.items():
            if not 0.0 <= given:
                raise ValueError(f"Invalid {name}: {given}")
        super().__init__(
            params,
            {
                "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
                "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
                "maximize": maximize, "differentiable": differentiable,
            },
        )  # fmt: skip

    def active_states(self, group: dict[str, Any]) -> tuple[str, ...]:
        names = ["square_avg"]
        names += ["momentum_buffer"] if group["momentum"] > 0 else []
        names += ["grad_avg"] if group["centered"] else []
        return tuple(names)

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return (
            group["weight_decay"] != 0, group["momentum"] > 0, group["centered"], group["maximize"]
        )  # fmt: skip

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        alpha = float(group["alpha"])
        return (
            as_float(group["lr"]), alpha, 1 - alpha, float(group["eps"]),
            float(group["weight_decay"]), float(group["momentum"]),
        )  # fmt: skip

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        decays, has_momentum, centered, maximize = flags
        lr, alpha, rest, eps, weight_decay, momentum = numbers
        square, *more = state
        grad = penalized(param, grad, weight_decay, decays, maximize)
        square = alpha * square + rest * grad * grad
        kept = [square]
        spread = square
        if centered:
            mean = more[-1] + rest * (grad - more[-1])
            spread = square - mean * mean
        spread = jnp.sqrt(spread) + eps
        if has_momentum:
            buffer = momentum * more[0] + grad / spread
            kept.append(buffer)
            param = param - lr * buffer
        else:
            param = param - lr * (grad / spread)
        return (param, *kept, mean) if centered else (param, *kept)
