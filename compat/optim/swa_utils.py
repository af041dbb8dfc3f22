"""torch.optim.swa_utils: averages of a model's weights, and the learning rates to take them at."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import compat as torch
from compat.optim.lr_scheduler import LRScheduler

Average = Callable[[Any, Any, Any], Any]


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The exponential moving average of one tensor."""
    _check_decay(decay)

    @torch.no_grad()
    def ema_update(ema_param: Any, current_param: Any, num_averaged: Any) -> Any:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Average:
    """The mean of one tensor over all updates."""

    @torch.no_grad()
    def swa_update(averaged_param: Any, current_param: Any, num_averaged: Any) -> Any:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def _in_place(average: Average) -> Callable[[Any, Any, Any], None]:
    """The average of a list of tensors, written over them."""

    @torch.no_grad()
    def update(averaged: Any, current: Any, num_averaged: Any) -> None:
        for mean, new in zip(averaged, current, strict=True):
            mean.copy_(average(mean, new, num_averaged))

    return update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Any, Any, Any], None]:
    """The exponential moving average of a list of tensors, in place."""
    return _in_place(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Callable[[Any, Any, Any], None]:
    """The mean of a list of tensors over all updates, in place."""
    return _in_place(get_swa_avg_fn())


class AveragedModel(torch.nn.Module):
    """A copy of a model whose parameters are the average of those it was updated with.

    avg_fn, or multi_avg_fn for all tensors at once, say how; use_buffers averages buffers too.
    """

    def __init__(
        self, model: Any, device: Any = None, avg_fn: Average | None = None,
        multi_avg_fn: Callable[[Any, Any, Any], None] | None = None, use_buffers: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", torch.tensor(0, dtype=torch.long, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Any) -> None:
        """Takes a model's parameters into the average; the first time, they are the average."""
        own, new = list(self.module.parameters()), list(model.parameters())
        if self.use_buffers:
            own, new = [*own, *self.module.buffers()], [*new, *model.buffers()]
        averaged = [one.detach() for one in own]
        current = [
            one.detach().to(mean.device) for mean, one in zip(averaged, new, strict=True)
        ]
        if self.n_averaged == 0:
            for mean, one in zip(averaged, current, strict=True):
                mean.copy_(one)
        else:
            several = self.multi_avg_fn or _in_place(self.avg_fn or get_swa_avg_fn())
            several(averaged, current, self.n_averaged)
        if not self.use_buffers:
            for mine, one in zip(self.module.buffers(), model.buffers(), strict=True):
                mine.detach().copy_(one.detach().to(mine.device))
        self.n_averaged += 1


@torch.no_grad()
def update_bn(loader: Iterable[Any], model: Any, device: Any = None) -> None:
    """Takes the running statistics of all batch norms anew, from one pass over the loader."""
    momenta = {}
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()
            momenta[module] = module.momentum
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.momentum = None
    for batch in loader:
        given = batch[0] if isinstance(batch, list | tuple) else batch
        model(given if device is None else given.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Anneals each group's rate to swa_lr over anneal_epochs, and keeps it there."""

    def __init__(
        self, optimizer: Any, swa_lr: Any, anneal_epochs: int = 10, anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(
                f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}"
            )
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        count = len(optimizer.param_groups)
        rates = swa_lr if isinstance(swa_lr, list | tuple) else [swa_lr] * count
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How much of the way has been gone by a step."""
        part = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return part if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * part)) / 2

    def get_lr(self) -> list[Any]:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            start, goal = group["lr"], group["swa_lr"]
            if before != 1:
                start = (start - before * goal) / (1 - before)
            rates.append(goal if before == 1 else goal * now + start * (1 - now))
        return rates
