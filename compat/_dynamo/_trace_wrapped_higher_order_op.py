"""torch._dynamo._trace_wrapped_higher_order_op: the one name of it that libraries import."""

from __future__ import annotations


class TransformGetItemToIndex:
    """Inside, `x[i]` with a tensor i works under `vmap`. It does so everywhere here."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...
