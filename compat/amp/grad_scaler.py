"""Scales losses, so that gradients of lower precision do not vanish, and scales them back."""

from __future__ import annotations

import enum
import warnings
from collections.abc import Iterable
from typing import Any

import compat as torch


class OptState(enum.Enum):
    """Where an optimizer is between two updates of the scale."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class GradScaler:
    """Scales losses by a factor that shrinks when gradients overflow and grows when they do not.

    device           the kind of device of the gradients
    init_scale       the first factor
    growth_factor    what it is multiplied by after growth_interval steps without overflow
    backoff_factor   what it is multiplied by after a step with overflow
    enabled          False makes every method do the plain thing
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        self._enabled = enabled
        if enabled and device == "cuda" and not torch.cuda.is_available():
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                UserWarning,
                stacklevel=2,
            )
            self._enabled = False
        if self._enabled:
            if growth_factor <= 1.0:
                raise AssertionError("The growth factor must be > 1.0.")
            if backoff_factor >= 1.0:
                raise AssertionError("The backoff factor must be < 1.0.")
        self._factor = float(init_scale)
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval, self._growth_tracker = growth_interval, 0
        self._states: dict[int, tuple[OptState, Any]] = {}

    def scale(self, outputs: Any) -> Any:
        """The tensors (one, or nested lists and tuples) times the factor."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, torch.Tensor):
            return outputs.mul(self._factor)  # type: ignore[attr-defined]
        if isinstance(outputs, Iterable):
            scaled = [self.scale(one) for one in outputs]
            return scaled if isinstance(outputs, list) else tuple(scaled)
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divides the gradients of an optimizer's parameters by the factor, once a step."""
        if not self._enabled:
            return
        state, _ = self._state(optimizer)
        if state is OptState.UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if state is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        self._states[id(optimizer)] = OptState.UNSCALED, self._unscaled(optimizer)

    def _state(self, optimizer: Any) -> tuple[OptState, Any]:
        return self._states.get(id(optimizer), (OptState.READY, None))

    def _unscaled(self, optimizer: Any) -> Any:
        """Divides the gradients; gives a tensor that says whether one is infinite or NaN."""
        found = None
        with torch.no_grad():
            for group in optimizer.param_groups:
                for param in group["params"]:
                    grad = param.grad
                    if grad is None:
                        continue
                    if grad.dtype is torch.float16:
                        if param.dtype is torch.float16:
                            raise ValueError("Attempting to unscale FP16 gradients.")
                    grad.mul_(1.0 / self._factor)
                    wrong = torch.isfinite(grad).all().logical_not()
                    found = wrong if found is None else found | wrong
        return found

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's step, unless a gradient is infinite or NaN."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        state, found = self._state(optimizer)
        if state is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if state is OptState.READY:
            self.unscale_(optimizer)
            _, found = self._state(optimizer)
        if found is None:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        made = None if bool(found) else optimizer.step(*args, **kwargs)
        self._states[id(optimizer)] = OptState.STEPPED, found
        return made

    def update(self, new_scale: Any = None) -> None:
        """The factor for the next step, after what the steps since the last update found."""
        if not self._enabled:
            return
        if new_scale is not None:
            self._factor = float(new_scale)
        else:
            found = [one for _, one in self._states.values() if one is not None]
            if not found:
                raise AssertionError("No inf checks were recorded prior to update.")
            self._adapt(any(bool(one) for one in found))
        self._states.clear()

    def _adapt(self, overflowed: bool) -> None:
        if overflowed:
            self._factor *= self._backoff_factor
            self._growth_tracker = 0
            return
        self._growth_tracker += 1
        if self._growth_tracker == self._growth_interval:
            grown = self._factor * self._growth_factor
            self._factor = grown if grown < 3.4e38 else self._factor
            self._growth_tracker = 0

    def get_scale(self) -> float:
        """The factor; 1 when scaling is off."""
        return self._factor if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What the factor grows by."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Sets what the factor grows by."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the factor shrinks by."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Sets what the factor shrinks by."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """How many steps without overflow let the factor grow."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Sets how many steps without overflow let the factor grow."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether losses are scaled."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """The settings and the factor, to be saved; empty when scaling is off."""
        if not self._enabled:
            return {}
        return {
            "scale": self._factor,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on with what `state_dict` gave."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        self._factor = float(state_dict["scale"])
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]
