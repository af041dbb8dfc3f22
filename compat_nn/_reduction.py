"""The `reduction` of a loss, and the two flags that were before it."""

from __future__ import annotations

import warnings


def get_enum(reduction: str) -> int:
    """The number of a reduction: 0 none, 1 mean, 2 sum."""
    if reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.",
            stacklevel=2,
        )
        reduction = "mean"
    known = ("none", "mean", "sum")
    if reduction not in known:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return known.index(reduction)


def legacy_get_string(
    size_average: bool | None, reduce: bool | None, emit_warning: bool = True
) -> str:
    """The reduction that the old flags ask for; both count as true when not given."""
    if reduce is False:
        reduction = "none"
    elif size_average is False:
        reduction = "sum"
    else:
        reduction = "mean"
    if emit_warning:
        warnings.warn(
            "size_average and reduce args will be deprecated, "
            f"please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    return reduction


def legacy_get_enum(
    size_average: bool | None, reduce: bool | None, emit_warning: bool = True
) -> int:
    """The number of the reduction that the old flags ask for."""
    return get_enum(legacy_get_string(size_average, reduce, emit_warning))
