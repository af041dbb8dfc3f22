"""Factories at level 0.4: what is made from whole numbers is of the default floating type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import compat as torch
from compat.core.level import divide
from compat.front.base import TensorBase
from compat.front.derive import FUNCTIONS
from compat.front.spectral import old_stft


def _floating(which: Callable[..., bool]) -> Callable[..., Any]:
    """Of the default type unless the call says or implies another."""

    def older(newer: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("dtype") is None and kwargs.get("out") is None and which(*args, **kwargs):
            kwargs["dtype"] = torch.get_default_dtype()
        return newer(*args, **kwargs)

    return older


def _of_numbers(*args: Any, **kwargs: Any) -> bool:
    """Ranges between numbers, and fills with one; tensors keep their type."""
    return not any(isinstance(each, TensorBase) for each in (*args, *kwargs.values()))


def _stft(newer: Any, *args: Any, **kwargs: Any) -> Any:
    """The call of the documentation: signal, frame_length, hop, ..."""
    return old_stft(*args, **kwargs)


def _always(*_: Any, **__: Any) -> bool:
    return True


def divide_factories() -> None:
    """Gives the factories their older forms."""
    functions = FUNCTIONS["torch"]
    divide(functions["arange"], _floating(_of_numbers))
    divide(functions["full"], _floating(_of_numbers))
    divide(functions["randint"], _floating(_always))
    for function in {functions["stft"], torch.Tensor.__dict__["stft"]}:
        divide(function, _stft)
