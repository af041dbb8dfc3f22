"""Whether operations are recorded for backward: `no_grad` and its kin."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from compat.engine.recorder import local


class _Mode:
    """A setting that holds in a `with` block or in each call of a decorated function."""

    def __enter__(self) -> None:
        raise NotImplementedError

    def __exit__(self, *exc: object) -> None:
        raise NotImplementedError

    def _again(self) -> _Mode:
        return type(self)()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isgeneratorfunction(function):
            return self._around_generator(function)
        return self._around(function)

    def _around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return inside

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The setting holds inside the generator, and not where it has yielded to."""

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            sent: Any = None
            while True:
                try:
                    with self._again():
                        item = generator.send(sent)
                except StopIteration as stop:
                    return stop.value
                sent = yield item

        return inside


class set_grad_enabled(_Mode):
    """Sets whether operations are recorded, at once and, in a `with` block, until its end."""

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self.before = local.grad
        local.grad = self.mode

    def __enter__(self) -> None:
        local.grad = self.mode

    def __exit__(self, *exc: object) -> None:
        local.grad = self.before

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        local.grad = self.before  # as a decorator it holds in the calls only
        return super().__call__(function)

    def _again(self) -> _Mode:
        return set_grad_enabled(self.mode)


class _Switch(_Mode):
    mode = False

    def __init__(self) -> None:
        self.before = True

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        made = object.__new__(cls)
        if function is None:
            return made
        made.__init__()  # type: ignore[misc]
        return made(function)  # `@no_grad` without brackets

    def __enter__(self) -> None:
        self.before = local.grad
        local.grad = self.mode

    def __exit__(self, *exc: object) -> None:
        local.grad = self.before

    def _around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        mode = self.mode

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            # Not by `with`: an interrupt at the beginning of `__exit__` would leave the setting.
            before = local.grad
            local.grad = mode
            try:
                return function(*args, **kwargs)
            finally:
                local.grad = before

        return inside


class no_grad(_Switch):
    """Operations inside are not recorded for backward: `with torch.no_grad(): ...`."""


class enable_grad(_Switch):
    """Operations inside are recorded again, within `no_grad`."""

    mode = True


class inference_mode(_Mode):
    """As `no_grad`; the tensors made inside are marked, and never enter a graph later."""

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def __new__(cls, mode: Any = True) -> Any:
        made = object.__new__(cls)
        if callable(mode):
            made.__init__()
            return made(mode)
        return made

    def __enter__(self) -> None:
        self.before = local.grad, local.inference
        if self.mode:
            local.grad, local.inference = False, True

    def __exit__(self, *exc: object) -> None:
        local.grad, local.inference = self.before

    def _again(self) -> _Mode:
        return inference_mode(self.mode)


def is_grad_enabled() -> bool:
    """Whether operations are recorded for backward in this thread."""
    return local.grad


def is_inference_mode_enabled() -> bool:
    """Whether `inference_mode` is on in this thread."""
    return local.inference
