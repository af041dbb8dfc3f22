"""Whether what sparse tensors are made of is checked, which is a look at the indices."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


class check_sparse_tensor_invariants:
    """Switches the checks: by `enable()` and `disable()`, as a context, or around a function.

    They are off unless switched on; a call's own `check_invariants=` wins.
    """

    _on = False

    def __init__(self, enable: bool = True) -> None:
        self.state = enable
        self.saved_state: bool | None = None

    @staticmethod
    def is_enabled() -> bool:
        """Whether they are on."""
        return check_sparse_tensor_invariants._on

    @staticmethod
    def enable() -> None:
        """Switches them on."""
        check_sparse_tensor_invariants._on = True

    @staticmethod
    def disable() -> None:
        """Switches them off."""
        check_sparse_tensor_invariants._on = False

    @staticmethod
    def is_wanted(given: bool | None) -> bool:
        """Whether a call that says this is checked."""
        return check_sparse_tensor_invariants._on if given is None else given

    def __enter__(self) -> None:
        if self.saved_state is not None:
            raise RuntimeError(
                "This context manager instance is already activated. Use a different context "
                "manager instance for context nesting."
            )
        self.saved_state = self.is_enabled()
        check_sparse_tensor_invariants._on = self.state

    def __exit__(self, *_: Any) -> None:
        assert self.saved_state is not None
        check_sparse_tensor_invariants._on = self.saved_state
        self.saved_state = None

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def checked(*args: Any, **settings: Any) -> Any:
            with type(self)(self.state):
                return function(*args, **settings)

        return checked
