"""Adam for sparse gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

import compat as torch
from compat.front.update import fresh_state, run_pending
from compat.optim.checks import check_betas
from compat.optim.optimizer import Optimizer
from compat.optim.rule import as_float
from compat.optim.sparse_rows import update_rows


class SparseAdam(Optimizer):
    """Adam that leaves alone, in the means as in the parameter, all rows without a gradient.

    Every gradient has to be a COO tensor, every parameter a strided one.
    """

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, maximize: bool = False,
    ) -> None:  # fmt: skip
        if not 0 < lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0 < eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        wrong = [
            [number, at]
            for number, group in enumerate(self.param_groups)
            for at, param in enumerate(group["params"])
            if param.is_sparse
        ]
        if wrong:
            raise ValueError(
                f"Sparse params at indices {wrong}: SparseAdam requires dense parameter tensors"
            )
        run_pending()

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Updates the rows that have a gradient; gives the closure's loss."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is None:
                    continue
                if not param.grad.is_sparse:
                    raise RuntimeError(
                        "SparseAdam does not support dense gradients, please consider Adam instead"
                    )
                self._update(group, param)
        run_pending()
        return loss

    def _update(self, group: dict[str, Any], param: Any) -> None:
        state = self.state[param]
        if not state:
            state["step"] = 0
            state["exp_avg"], state["exp_avg_sq"] = fresh_state(param), fresh_state(param)
        state["step"] += 1
        first, second = (as_float(beta) for beta in group["betas"])
        rate = as_float(group["lr"]) * math.sqrt(1 - second ** state["step"])
        rate /= 1 - first ** state["step"]
        maximize = bool(group["maximize"])

        def change(numbers: Any, grad: Any, param: Any, mean: Any, square: Any) -> Any:
            rate, first, second, eps = numbers
            grad = -grad if maximize else grad
            mean = mean + (grad - mean) * (1 - first)
            square = square + (grad * grad - square) * (1 - second)
            return param - rate * (mean / (jnp.sqrt(square) + eps)), mean, square

        update_rows(
            (SparseAdam, maximize), "SparseAdam", change,
            [param, state["exp_avg"], state["exp_avg_sq"]], param.grad,
            (rate, first, second, float(group["eps"])),
        )  # fmt: skip
