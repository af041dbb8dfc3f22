"""Muon."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from compat.optim.checks import check_rate
from compat.optim.rule import RuleOptimizer, as_float


class Muon(RuleOptimizer):
    """Momentum made orthogonal by a few Newton-Schulz steps in bfloat16, for matrices only.

    Jordan, 2024. ns_coefficients and ns_steps are the polynomial's and how often it is taken;
    adjust_lr_fn, "original" or "match_rms_adamw", how the rate depends on the matrix's shape.
    """

    states = ("momentum_buffer",)

    def __init__(
        self, params: Any, lr: Any = 1e-3, weight_decay: float = 0.1, momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7, ns_steps: int = 5, adjust_lr_fn: str | None = None,
    ) -> None:  # fmt: skip
        check_rate(lr, "Learning rate should be >= 0 but is: {}")
        if not 0.0 <= momentum:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        super().__init__(
            params,
            {
                "lr": lr, "weight_decay": weight_decay, "momentum": momentum,
                "nesterov": nesterov, "ns_coefficients": ns_coefficients, "eps": eps,
                "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn,
            },
        )  # fmt: skip
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter "
                        f"with size: {param.size()}"
                    )

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return (
            group["nesterov"], tuple(group["ns_coefficients"]), group["ns_steps"], group["eps"],
            group["adjust_lr_fn"],
        )  # fmt: skip

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        lr, momentum = as_float(group["lr"]), float(group["momentum"])
        return lr, momentum, 1 - momentum, 1 - lr * group["weight_decay"]

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        nesterov, coefficients, steps, eps, adjust = flags
        lr, momentum, rest, kept = numbers
        mean = state[0] + rest * (grad - state[0])
        step = grad + momentum * (mean - grad) if nesterov else mean
        rows, columns = param.shape
        if adjust == "match_rms_adamw":
            lr = lr * 0.2 * max(rows, columns) ** 0.5
        else:
            lr = lr * max(1, rows / columns) ** 0.5
        step = _orthogonal(step, coefficients, steps, eps).astype(param.dtype)
        return param * kept - lr * step, mean


def _orthogonal(matrix: Any, coefficients: Any, steps: int, eps: float) -> Any:
    """A matrix with the same singular vectors, and singular values near one."""
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    one = _rounded(matrix.T if tall else matrix)
    one = _rounded(one / jnp.maximum(_rounded(jnp.linalg.norm(one)), eps))
    for _ in range(steps):
        gram = _rounded(one @ one.T)
        one = _rounded(a * one + _rounded(b * gram + c * (gram @ gram)) @ one)
    return one.T if tall else one


def _rounded(values: Any) -> Any:
    """To bfloat16's precision, kept in float32: the compiler may not leave this rounding out."""
    return lax.reduce_precision(values.astype(jnp.float32), exponent_bits=8, mantissa_bits=7)
