"""A network with what trains it, and the loop that does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class Network:
    """What a training loop needs of a network.

    module      what is trained
    loss        loss(module, *batch)
    batches     which the steps take in turn
    optimizer   of the module's parameters
    schedule    of its rate, if any
    clip        the norm to which gradients are cut down, if any
    """

    def __init__(
        self, torch: Any, module: Any, loss: Callable[..., Any], batches: Sequence[Any],
        optimizer: Any = None, schedule: Any = None, clip: float | None = None,
    ) -> None:  # fmt: skip
        self.torch, self.module, self.loss, self.batches = torch, module, loss, batches
        self.optimizer, self.schedule, self.clip = optimizer, schedule, clip
        self.count = 0

    def batch(self) -> Any:
        """The next batch."""
        self.count += 1
        return self.batches[(self.count - 1) % len(self.batches)]

    def step(self) -> list[Any]:
        """One step of training; gives what it tells."""
        self.optimizer.zero_grad()
        loss = self.loss(self.module, *self.batch())
        loss.backward()
        if self.clip is not None:
            self.torch.nn.utils.clip_grad_norm_(self.module.parameters(), self.clip)
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        return [loss]
