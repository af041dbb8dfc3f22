"""autocast and the scaler under the names that belonged to one kind of device each."""

from __future__ import annotations

import warnings
from typing import Any

from compat.amp.autocast_mode import autocast
from compat.amp.grad_scaler import GradScaler


def _warn(kind: str, name: str) -> None:
    warnings.warn(
        f"`torch.{kind}.amp.{name}(args...)` is deprecated. Please use "
        f"`torch.amp.{name}('{kind}', args...)` instead.",
        FutureWarning,
        stacklevel=3,
    )


class Autocast(autocast):
    """`torch.autocast(kind, ...)`, where a subclass says the kind and the type."""

    kind: str
    lower: Any

    def __init__(
        self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True
    ) -> None:
        _warn(self.kind, "autocast")
        super().__init__(self.kind, self.lower if dtype is None else dtype, enabled, cache_enabled)


class Scaler(GradScaler):
    """`torch.amp.GradScaler(kind, ...)`, where a subclass says the kind."""

    kind: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _warn(self.kind, "GradScaler")
        super().__init__(self.kind, *args, **kwargs)
