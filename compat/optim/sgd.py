"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compat.front.update import fresh_state
from compat.optim.rule import RuleOptimizer, as_float, penalized


class SGD(RuleOptimizer):
    """Descends along the gradient, with momentum if wanted.

    lr            the step size
    momentum      how much of the last direction is kept (Sutskever et al., 2013)
    dampening     how much of the gradient is left out of the direction
    weight_decay  adds this multiple of the parameter to its gradient
    nesterov      looks ahead along the direction
    maximize      climbs instead
    """

    def __init__(
        self, params: Any, lr: Any = 1e-3, momentum: float = 0, dampening: float = 0,
        weight_decay: Any = 0, nesterov: bool = False, *, maximize: bool = False,
        foreach: bool | None = None, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params,
            {
                "lr": lr, "momentum": momentum, "dampening": dampening,
                "weight_decay": weight_decay, "nesterov": nesterov, "maximize": maximize,
                "foreach": foreach, "differentiable": differentiable, "fused": fused,
            },
        )  # fmt: skip

    def active_states(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        decays = group["weight_decay"] != 0
        first = bool(group.get("_starting"))
        return bool(group["momentum"]), decays, group["nesterov"], group["maximize"], first

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        return (
            as_float(group["lr"]), float(group["momentum"]), float(group["dampening"]),
            float(group["weight_decay"]),
        )  # fmt: skip

    def _by_step(self, group: dict[str, Any], params: list[Any]) -> list[tuple[list[Any], int]]:
        """The first direction is the gradient itself, undamped: with dampening those that start
        are updated apart. Without it, a start from zeros is the same."""
        if not group["momentum"] or not group["dampening"]:
            return super()._by_step(group, params)
        old = [p for p in params if self.state[p].get("momentum_buffer") is not None]
        new = [p for p in params if self.state[p].get("momentum_buffer") is None]
        if new:
            super()._by_step(group, new)
            self._apply({**group, "_starting": True}, new, 0)
        return [(old, 0)] if old else []

    def _apply_sparse(self, group: dict[str, Any], params: Sequence[Any]) -> None:
        """The same steps. The kept directions of a strided parameter are strided: sparse ones
        would grow with each step by the entries of the gradient, and each step would be another
        program."""
        momentum, damped = float(group["momentum"]), 1 - float(group["dampening"])
        for param in params:
            grad = -param.grad if group["maximize"] else param.grad
            if group["weight_decay"] != 0:
                grad = grad.add(param, alpha=group["weight_decay"])  # which PyTorch refuses
            if momentum:
                state = self.state[param]
                kept = state.get("momentum_buffer")
                if kept is None:
                    start = grad.clone() if param.is_sparse else fresh_state(param).add_(grad)
                    kept = state["momentum_buffer"] = start
                else:
                    kept.mul_(momentum).add_(grad, alpha=damped)
                if group["nesterov"]:
                    grad = kept.mul(momentum).add(grad)
                else:
                    grad = kept
            param.add_(grad, alpha=-as_float(group["lr"]))

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        has_momentum, decays, nesterov, maximize, first = flags
        lr, momentum, dampening, weight_decay = numbers
        direction = penalized(param, grad, weight_decay, decays, maximize)
        if not has_momentum:
            return (param - lr * direction,)
        (buffer,) = state
        buffer = direction if first else momentum * buffer + (1 - dampening) * direction
        direction = direction + momentum * buffer if nesterov else buffer
        return param - lr * direction, buffer
