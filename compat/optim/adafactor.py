"""Adafactor."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from compat.front.update import fresh_state
from compat.optim.checks import check_rate
from compat.optim.rule import RuleOptimizer, as_float


class Adafactor(RuleOptimizer):
    """Keeps the mean of squares of a matrix as that of its rows and that of its columns.

    Shazeer and Stern, 2018. beta2_decay is the power by which forgetting slows down, eps bounds
    the squares and the scale from below, d is the root mean square above which steps are clipped.
    """

    counts = True

    def __init__(
        self, params: Any, lr: Any = 1e-2, beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3), d: float = 1.0, weight_decay: float = 0.0,
        *, foreach: bool | None = None, maximize: bool = False,
    ) -> None:  # fmt: skip
        check_rate(lr, "Learning rate should be >= 0 but is: {}")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not 0.0 <= eps[0]:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not 0.0 <= eps[1]:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not 1.0 <= d:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        super().__init__(
            params,
            {
                "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d,
                "weight_decay": weight_decay, "foreach": foreach, "maximize": maximize,
            },
        )  # fmt: skip

    def active_states(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("row_var", "col_var") if group["_factored"] else ("variance",)

    def _by_step(self, group: dict[str, Any], params: list[Any]) -> list[tuple[list[Any], int]]:
        """Matrices and vectors have different states: each kind is updated apart."""
        if any(param.is_complex() for param in params):
            raise RuntimeError("Adafactor does not support complex parameters")
        for factored in (True, False):
            part = {**group, "_factored": factored}
            kind = [param for param in params if (param.dim() > 1) == factored]
            for chosen, step in super()._by_step(part, kind):
                self._apply(part, chosen, step)
        return []

    def first(self, group: dict[str, Any], param: Any, name: str) -> Any:
        *batch, rows, columns = (0, 0, *param.shape) if param.dim() < 2 else param.shape
        shapes = {"row_var": (*batch, rows, 1), "col_var": (*batch, 1, columns)}
        return fresh_state(param, shape=shapes.get(name))

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return group["weight_decay"] != 0, group["maximize"], group["eps"][0] is None

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        lr, (least, scale) = as_float(group["lr"]), group["eps"]
        return (
            min(lr, 1 / step**0.5), step ** group["beta2_decay"], float(least or 0), float(scale),
            float(group["d"]), 1 - lr * group["weight_decay"],
        )  # fmt: skip

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        decays, maximize, by_dtype = flags
        rate, new, least, scale, clip, kept = numbers
        least = jnp.finfo(param.dtype).eps if by_dtype else least
        grad = -grad if maximize else grad
        rate = rate * jnp.maximum(scale, _size(param))
        param = param * kept if decays else param
        squares = grad * grad
        if len(state) == 2:
            means = squares.mean(-1, keepdims=True), squares.mean(-2, keepdims=True)
            row, column = (old + new * (mean - old) for old, mean in zip(state, means, strict=True))
            spread = row * column / jnp.maximum(row.mean(-2, keepdims=True), least)
            state = row, column
        else:
            spread = state[0] + new * (squares - state[0])
            state = (spread,)
        step = grad / jnp.sqrt(jnp.maximum(spread, least * least))
        return param - rate / jnp.maximum(1, _size(step) / clip) * step, *state


def _size(values: Any) -> Any:
    """The root mean square."""
    return jnp.sqrt((values * values).mean())
