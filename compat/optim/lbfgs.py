"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import compat as torch
from compat.optim.checks import check_rate
from compat.optim.line_search import Point, strong_wolfe
from compat.optim.optimizer import Optimizer
from compat.optim.rule import as_float


class LBFGS(Optimizer):
    """Newton's method with the curvature that the last steps have seen.

    Nocedal, 1980; Liu and Nocedal, 1989. A step needs a closure, and makes up to max_iter
    iterations with up to max_eval evaluations; history_size steps are remembered.
    line_search_fn  None, or "strong_wolfe"
    """

    def __init__(
        self, params: Any, lr: Any = 1, max_iter: int = 20, max_eval: int | None = None,
        tolerance_grad: float = 1e-7, tolerance_change: float = 1e-9, history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:  # fmt: skip
        check_rate(lr)
        super().__init__(
            params,
            {
                "lr": lr, "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change,
                "history_size": history_size, "line_search_fn": line_search_fn,
            },
        )  # fmt: skip
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    def _gradient(self) -> Any:
        """All gradients in one vector, zero where there is none; complex numbers as pairs."""
        parts = []
        for param in self._params:
            grad = torch.zeros_like(param) if param.grad is None else param.grad
            grad = grad.to_dense() if grad.is_sparse else grad
            parts.append((torch.view_as_real(grad) if grad.is_complex() else grad).reshape(-1))
        return torch.cat(parts)

    def _values(self) -> list[Any]:
        return [param.detach().clone() for param in self._params]

    def _move(self, start: list[Any], length: float, direction: Any) -> None:
        """Puts the parameters at a distance from the start."""
        used = 0
        for param, value in zip(self._params, start, strict=True):
            real = torch.view_as_real(value) if value.is_complex() else value
            part = direction[used : used + real.numel()].reshape(real.shape)
            moved = real + length * part
            param.copy_(torch.view_as_complex(moved) if value.is_complex() else moved)
            used += real.numel()

    def _direction(self, state: dict[str, Any], gradient: Any, history_size: int) -> Any:
        """The negative gradient times the inverse curvature: the two-loop recursion."""
        change, moved = gradient - state["prev_flat_grad"], state["d"] * state["t"]
        product = float(change.dot(moved))
        if product > 1e-10:
            for name, new in (("old_dirs", change), ("old_stps", moved), ("ro", 1 / product)):
                if len(state[name]) == history_size:
                    state[name].pop(0)
                state[name].append(new)
            state["H_diag"] = product / float(change.dot(change))
        pairs = list(zip(state["old_dirs"], state["old_stps"], state["ro"], strict=True))
        direction, shares = -gradient, []
        for change, moved, inverse in reversed(pairs):
            shares.append(moved.dot(direction) * inverse)
            direction = direction - shares[-1] * change
        direction = direction * state["H_diag"]
        for (change, moved, inverse), share in zip(pairs, reversed(shares), strict=True):
            direction = direction + moved * (share - change.dot(direction) * inverse)
        return direction

    @torch.no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Iterates until the gradient or the step is small; gives the first loss."""
        evaluate = torch.enable_grad()(closure)
        group, state = self.param_groups[0], self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        rate, tolerance = as_float(group["lr"]), group["tolerance_change"]
        first_loss = evaluate()
        loss, gradient = float(first_loss), self._gradient()
        evaluations = 1
        state["func_evals"] += 1
        if float(gradient.abs().max()) <= group["tolerance_grad"]:
            return first_loss
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                state.update(d=-gradient, old_dirs=[], old_stps=[], ro=[], H_diag=1)
                length = min(1.0, 1.0 / float(gradient.abs().sum())) * rate
            else:
                state["d"] = self._direction(state, gradient, group["history_size"])
                length = rate
            direction, last_loss = state["d"], loss
            state.update(prev_flat_grad=gradient, prev_loss=loss, t=length)
            slope = float(gradient.dot(direction))
            if slope > -tolerance:
                break
            start, visits = self._values(), 0

            def visit(at: float, start: Any = start, direction: Any = direction) -> Point:
                self._move(start, at, direction)
                value, found = float(evaluate()), self._gradient()
                return Point(at, value, found, float(found.dot(direction)))

            if group["line_search_fn"] is None:
                if iteration != group["max_iter"]:
                    _, loss, gradient, _ = visit(length)
                    visits = 1
                else:
                    self._move(start, length, direction)
            elif group["line_search_fn"] == "strong_wolfe":
                origin = Point(0.0, loss, gradient, slope)
                longest = float(direction.abs().max())
                found, visits = strong_wolfe(visit, origin, length, longest, 1e-9)
                length, loss, gradient, _ = found
                self._move(start, length, direction)
            else:
                raise RuntimeError("only 'strong_wolfe' is supported")
            state["t"] = length
            evaluations += visits
            state["func_evals"] += visits
            if (
                evaluations >= group["max_eval"]
                or float(gradient.abs().max()) <= group["tolerance_grad"]
                or float((direction * length).abs().max()) <= tolerance
                or abs(loss - last_loss) < tolerance
            ):
                break
        return first_loss
