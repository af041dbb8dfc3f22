"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from compat.optim.checks import check_betas, check_not_negative, check_rate, check_strided
from compat.optim.rule import RuleOptimizer, as_float, decayed


class Adam(RuleOptimizer):
    """Steps by the mean of gradients over the root of the mean of their squares.

    Kingma and Ba, 2014. lr is the step size, betas how long the two means remember, eps keeps
    the quotient finite, weight_decay adds a multiple of the parameter to its gradient, amsgrad
    divides by the largest mean of squares so far.
    """

    counts = True
    decoupled = False

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: tuple[Any, Any] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
        fused: bool | None = None, decoupled_weight_decay: bool = False,
    ) -> None:  # fmt: skip
        check_rate(lr)
        check_not_negative(eps=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                "amsgrad": amsgrad, "maximize": maximize, "foreach": foreach,
                "capturable": capturable, "differentiable": differentiable, "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay or self.decoupled,
            },
        )  # fmt: skip

    def _apply_sparse(self, group: dict[str, Any], params: Sequence[Any]) -> None:
        check_strided("Adam", params, ", please consider SparseAdam instead")

    def active_states(self, group: dict[str, Any]) -> tuple[str, ...]:
        names = ("exp_avg", "exp_avg_sq")
        return (*names, "max_exp_avg_sq") if group["amsgrad"] else names

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        decoupled = group.get("decoupled_weight_decay", self.decoupled)
        return group["weight_decay"] != 0, bool(decoupled), group["maximize"]

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        lr, (first, second) = as_float(group["lr"]), (float(beta) for beta in group["betas"])
        return (
            lr, first, 1 - first, second, 1 - second, float(group["eps"]),
            float(group["weight_decay"]), lr / (1 - first**step), (1 - second**step) ** 0.5,
        )  # fmt: skip

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        lr, _, rest, keep, left, eps, weight_decay, step_size, root = numbers
        mean, square, *largest = state
        param, grad = decayed(param, grad, lr, weight_decay, *flags)
        mean = mean + rest * (grad - mean)
        square = keep * square + left * grad * grad
        if largest:
            largest = [jnp.maximum(largest[0], square)]
        spread = jnp.sqrt(largest[0] if largest else square) / root + eps
        return param - step_size * (mean / spread), mean, square, *largest


class AdamW(Adam):
    """Adam with the decay taken off the parameter, not mixed into its gradient.

    Loshchilov and Hutter, 2017.
    """

    decoupled = True

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: tuple[Any, Any] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False,
        foreach: bool | None = None, capturable: bool = False, differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused,
        )  # fmt: skip
