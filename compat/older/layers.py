"""Layers, optimizers and schedulers at level 0.4: defaults, and when a scheduler steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import compat as torch
from compat.core.level import divide
from compat.optim.rule import RuleOptimizer

_ALIGNED = ("linear", "bilinear", "trilinear")


def _dropout(newer: Any, input: Any, p: float = 0.5, training: bool = False,
             inplace: bool = False) -> Any:  # fmt: skip
    return newer(input, p, training, inplace)


def _grid_sample(newer: Any, input: Any, grid: Any, mode: str = "bilinear",
                 padding_mode: str = "zeros",
                 align_corners: bool | None = None) -> Any:  # fmt: skip
    return newer(input, grid, mode, padding_mode, align_corners is None or align_corners)


def _affine_grid(newer: Any, theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    return newer(theta, size, align_corners is None or align_corners)


def _upsample(newer: Any, input: Any, size: Any = None, scale_factor: Any = None,
              mode: str = "nearest", align_corners: bool | None = None) -> Any:  # fmt: skip
    if align_corners is None and mode in _ALIGNED:
        align_corners = True
    return newer(input, size, scale_factor, mode, align_corners)


def _upsample_layer(newer: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    newer(self, *args, **kwargs)
    if self.align_corners is None and self.mode in _ALIGNED:
        self.align_corners = True


def _zeros(newer: Any, self: Any, set_to_none: bool = False) -> None:
    newer(self, set_to_none)


def _before_the_first_epoch(newer: Callable[..., Any], self: Any) -> None:
    """Construction sets the first rates, but the first `step()` is the one into epoch 0."""
    newer(self)
    self.last_epoch -= 1
    self._step_count = 0
    self._is_initial = True


def _step(newer: Callable[..., Any], self: Any, epoch: int | None = None) -> None:
    try:
        newer(self, epoch)
    finally:
        self._is_initial = False


def _any_order(newer: Callable[..., Any], self: Any) -> None:
    """The scheduler may go first."""


def _unseen(newer: Callable[..., Any], self: Any, group: Any, params: Any, step: Any) -> None:
    """Optimizers wrote to `param.data`, which backward does not notice."""
    versions = [param._storage.version for param in params]
    newer(self, group, params, step)
    for param, version in zip(params, versions, strict=True):
        param._storage.version = version


def divide_layers() -> None:
    """Gives functions and methods their older forms."""
    functional = torch.nn.functional
    for name in ("dropout", "dropout2d", "dropout3d", "alpha_dropout"):
        divide(getattr(functional, name), _dropout)
    divide(functional.grid_sample, _grid_sample)
    divide(functional.affine_grid, _affine_grid)
    divide(functional.upsample, _upsample)
    divide(torch.nn.Upsample.__init__, _upsample_layer)
    divide(torch.optim.Optimizer.zero_grad, _zeros)
    divide(torch.nn.Module.zero_grad, _zeros)
    divide(RuleOptimizer._apply, _unseen, always=True)
    base = torch.optim.lr_scheduler.LRScheduler
    divide(base._initial_step, _before_the_first_epoch, always=True)
    divide(base.step, _step, always=True)
    divide(base._check_order, _any_order, always=True)
