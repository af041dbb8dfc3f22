"""Adagrad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from compat.front.update import fresh_state
from compat.optim.checks import check_not_negative, check_rate
from compat.optim.rule import RuleOptimizer, as_float, penalized
from compat.optim.sparse_rows import update_rows


class Adagrad(RuleOptimizer):
    """Steps by the gradient over the root of the sum of its squares (Duchi et al., 2011)."""

    counts = True
    states = ("sum",)

    def __init__(
        self, params: Any, lr: Any = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
        initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *,
        maximize: bool = False, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        check_rate(lr)
        check_not_negative(
            lr_decay=lr_decay, weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value, eps=eps,
        )  # fmt: skip
        super().__init__(
            params,
            {
                "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value, "foreach": foreach,
                "maximize": maximize, "differentiable": differentiable, "fused": fused,
            },
        )  # fmt: skip
        for group in self.param_groups:
            for param in group["params"]:
                self.start(group, param, self.state[param])

    def first(self, group: dict[str, Any], param: Any, name: str) -> Any:
        value = group["initial_accumulator_value"]
        return fresh_state(param, complex(value, value) if param.is_complex() else value)

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return group["weight_decay"] != 0, group["maximize"]

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        rate = as_float(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        return rate, float(group["eps"]), float(group["weight_decay"])

    def _apply_sparse(self, group: dict[str, Any], params: Sequence[Any]) -> None:
        """The same on the rows that have a gradient."""
        if group["weight_decay"] != 0:
            raise RuntimeError("weight_decay option is not compatible with sparse gradients")
        maximize = bool(group["maximize"])

        def change(numbers: Any, grad: Any, param: Any, total: Any) -> Any:
            rate, eps = numbers
            total = total + grad * grad
            step = rate * (grad / (jnp.sqrt(total) + eps))
            return param + step if maximize else param - step, total

        for chosen, step in self._by_step(group, list(params)):
            rate, eps, _ = self.numbers(group, step)
            for param in chosen:
                update_rows(
                    (Adagrad, maximize), "Adagrad", change, [param, self.state[param]["sum"]],
                    param.grad, (rate, eps),
                )  # fmt: skip

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        decays, maximize = flags
        rate, eps, weight_decay = numbers
        grad = penalized(param, grad, weight_decay, decays, maximize)
        total = state[0] + grad * grad
        return param - rate * (grad / (jnp.sqrt(total) + eps)), total
