"""Rprop."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from compat.front.update import fresh_state
from compat.optim.checks import check_rate
from compat.optim.rule import RuleOptimizer, as_float


class Rprop(RuleOptimizer):
    """Steps by the gradient's sign, with a size for each element that grows while it holds.

    Riedmiller and Braun, 1993. etas are the factors when the sign changes and when it holds.
    """

    counts = True
    states = ("prev", "step_size")

    def __init__(
        self, params: Any, lr: Any = 1e-2, etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False,
        foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_rate(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(
            params,
            {
                "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach,
                "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
            },
        )  # fmt: skip

    def first(self, group: dict[str, Any], param: Any, name: str) -> Any:
        if name == "prev":
            return fresh_state(param)
        rate = as_float(group["lr"])
        return fresh_state(param, complex(rate, rate) if param.is_complex() else rate)

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return (group["maximize"],)

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        return (*map(float, group["etas"]), *map(float, group["step_sizes"]))

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        shrink, grow, smallest, largest = numbers
        previous, size = state
        grad = -grad if flags[0] else grad
        agrees = grad * previous
        factor = jnp.where(agrees > 0, grow, jnp.where(agrees < 0, shrink, 1))
        size = jnp.clip(size * factor, smallest, largest)
        grad = jnp.where(agrees < 0, 0, grad)
        return param - jnp.sign(grad) * size, grad, size
