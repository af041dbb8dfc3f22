"""torch.distributed.tensor: the type that libraries compare with. No tensor here is of it."""

from __future__ import annotations

from typing import Any


class DTensor:
    """A tensor that is spread over processes: cannot be made yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("torch.distributed.tensor.DTensor")
