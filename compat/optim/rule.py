"""A pure update rule becomes an optimizer: one recorded entry updates a whole group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

import compat as torch
from compat.front.update import count_tensor, fresh_state, gradients, overwrite, run_pending
from compat.optim.checks import check_strided
from compat.optim.optimizer import Optimizer


class RuleOptimizer(Optimizer):
    """An optimizer whose step is a rule over (parameter, gradient, state).

    A subclass names its state tensors and gives `update`, a pure function of arrays, and
    `numbers`, what of a group's settings is traced.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        super().__init__(params, defaults)
        run_pending()  # initialisation, so that the first step is the program of all steps

    states: tuple[str, ...] = ()  # the names of the state tensors, shaped as the parameter
    counts = False  # whether a `step` count is kept

    def flags(self, group: dict[str, Any]) -> tuple[Any, ...]:
        """The settings that are part of the program."""
        return ()

    def numbers(self, group: dict[str, Any], step: int) -> tuple[float, ...]:
        """The settings that are traced: a change compiles nothing."""
        raise NotImplementedError

    def active_states(self, group: dict[str, Any]) -> tuple[str, ...]:
        """The state tensors that this group's settings need."""
        return self.states

    @staticmethod
    def update(flags: Any, numbers: Any, param: Any, grad: Any, *state: Any) -> tuple[Any, ...]:
        """The new parameter and state, as PyTorch computes them."""
        raise NotImplementedError

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Updates every parameter that has a gradient; gives the closure's loss."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params, sparse = [], []
            for param, grad in zip(group["params"], gradients(group["params"]), strict=True):
                if grad is not None:
                    (sparse if grad.is_sparse else params).append(param)
            if sparse:
                self._apply_sparse(group, sparse)
            for chosen, step in self._by_step(group, params):
                self._apply(group, chosen, step)
        run_pending()
        return loss

    def _by_step(self, group: dict[str, Any], params: list[Any]) -> list[tuple[list[Any], int]]:
        """The parameters that have been updated equally often, with the count to come."""
        if not params:
            return []
        names = self.active_states(group)
        if not names and not self.counts:
            return [(params, 0)]
        parts: dict[int, tuple[list[Any], Any]] = {}
        for param in params:
            state = self.state[param]
            started = not self.counts or "step" in state
            for name in names:
                started = started and state.get(name) is not None
            if not started:
                self.start(group, param, state)
            key = id(state["step"]) if self.counts else 0
            parts.setdefault(key, ([], state.get("step")))[0].append(param)
        if not self.counts:
            return [(params, 0)]
        by_count: dict[int, list[Any]] = {}
        for chosen, step in parts.values():
            by_count.setdefault(self._number_of(step), []).extend(chosen)
        result = []
        for count, chosen in by_count.items():
            shared = count_tensor(count + 1)
            self._last_count = shared, count + 1
            for param in chosen:
                self.state[param]["step"] = shared
            result.append((chosen, count + 1))
        return result

    _last_count: tuple[Any, int] = (None, 0)  # the tensor made last, and its number

    def _number_of(self, step: Any) -> int:
        """A count as a number: without a look if it is the one that the last step left."""
        made, number = self._last_count
        untouched = step is made and step._version == 0
        return number if untouched else int(step)

    def start(self, group: dict[str, Any], param: Any, state: dict[str, Any]) -> None:
        """Makes a parameter's state before its first update."""
        if self.counts and "step" not in state:
            state["step"] = self._first_step()
        for name in self.active_states(group):
            if state.get(name) is None:
                state[name] = self.first(group, param, name)

    def first(self, group: dict[str, Any], param: Any, name: str) -> Any:
        """A state tensor before the first update."""
        return fresh_state(param)

    def _first_step(self) -> Any:
        """One count for all that start together."""
        zero = getattr(self, "_zero", None)
        if zero is None:
            zero = self._zero = torch.tensor(0.0)
        return zero

    def _apply_sparse(self, group: dict[str, Any], params: Sequence[Any]) -> None:
        """Updates parameters whose gradients are sparse; RuntimeError where there is no way."""
        check_strided(type(self).__name__, params)

    def _apply(self, group: dict[str, Any], params: Sequence[Any], step: int) -> None:
        names = self.active_states(group)
        flags, numbers = self.flags(group), self.numbers(group, step)
        grads = gradients(params)
        kept = [self.state[param] for param in params] if names else []
        states = [[state[name] for state in kept] for name in names]
        count, update = len(params), type(self).update

        def whole(arrays: Any, given: Any) -> list[Any]:
            columns = [arrays[at * count : (at + 1) * count] for at in range(2 + len(names))]
            ordered = [columns[0], columns[-1], *columns[1:-1]]
            rows = [
                _of_reals(update, flags, given, row)
                for row in zip(*ordered, strict=True)
            ]
            return [each for column in zip(*rows, strict=True) for each in column]

        targets = list(params)
        for column in states:
            targets += column
        key = (type(self), flags, count, names)
        overwrite(key, type(self).__name__, whole, targets, grads, numbers)


def _of_reals(update: Any, flags: Any, numbers: Any, row: Any) -> Any:
    """One parameter's update; complex numbers go through it as pairs of reals."""
    dtype = row[0].dtype
    if not jnp.issubdtype(dtype, jnp.complexfloating):
        return update(flags, [number.astype(dtype) for number in numbers], *row)
    pairs = [jnp.stack([one.real, one.imag], -1) if one.dtype == dtype else one for one in row]
    made = update(flags, [number.astype(pairs[0].dtype) for number in numbers], *pairs)
    inputs = [row[0], *row[2:]]
    return tuple(
        new[..., 0] + 1j * new[..., 1] if old.dtype == dtype else new
        for old, new in zip(inputs, made, strict=True)
    )


def as_float(number: Any) -> float:
    """A setting that may be a tensor, as a float."""
    return float(number)


def penalized(param: Any, grad: Any, decay: Any, decays: bool, maximize: bool) -> Any:
    """The gradient to go down by: turned when maximizing, with weight decay mixed in."""
    grad = -grad if maximize else grad
    return grad + decay * param if decays else grad


def decayed(
    param: Any, grad: Any, lr: Any, decay: Any, decays: bool, decoupled: bool, maximize: bool
) -> tuple[Any, Any]:
    """Parameter and gradient after weight decay, taken off the one (decoupled) or mixed into the
    other."""
    if decays and decoupled:
        param = param * (1 - lr * decay)
    return param, penalized(param, grad, decay, decays and not decoupled, maximize)
