"""Checks of the settings that optimizers share, with PyTorch's messages."""

from __future__ import annotations

from typing import Any

import compat as torch


def check_rate(lr: Any, message: str = "Invalid learning rate: {}") -> None:
    """That a learning rate is one number, not negative."""
    if isinstance(lr, torch.Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not 0.0 <= lr:
        raise ValueError(message.format(lr))


def check_not_negative(**settings: Any) -> None:
    """That no setting is negative, or not a number."""
    for name, given in settings.items():
        if not 0.0 <= given:
            text = "epsilon" if name == "eps" else name
            raise ValueError(f"Invalid {text} value: {given}")


def check_betas(betas: Any) -> None:
    """That both betas are in [0, 1)."""
    for at, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {at}: {beta}")


def check_strided(name: str, params: Any, instead: str = "") -> None:
    """RuntimeError when a parameter has a sparse gradient."""
    if any(param.grad is not None and param.grad.is_sparse for param in params):
        raise RuntimeError(f"{name} does not support sparse gradients{instead}")
