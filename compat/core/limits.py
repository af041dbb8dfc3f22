"""`torch.finfo` and `torch.iinfo`: the limits of the element types."""

from __future__ import annotations

import ml_dtypes
import numpy as np

from compat.core import dtype as d
from compat.core.dtype import dtype


class finfo:
    """The limits of a floating type: `bits eps max min tiny smallest_normal resolution`.

    Without a type it tells of the default one; of a complex type, of its parts.
    """

    __slots__ = ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype")

    def __init__(self, type: dtype | None = None) -> None:
        kind = d.get_default_dtype() if type is None else type
        if kind.category < d.FLOATING:
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle "
                "'torch.finfo'"
            )
        limits = ml_dtypes.finfo(kind.to_real().numpy)
        self.bits = int(limits.bits)
        self.dtype = kind.to_real().name
        for name in ("eps", "max", "min", "tiny", "smallest_normal", "resolution"):
            setattr(self, name, float(getattr(limits, name)))

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo:
    """The limits of a type of whole numbers: `bits max min`."""

    __slots__ = ("bits", "max", "min", "dtype")

    def __init__(self, type: dtype) -> None:
        if type.category != d.INTEGER:
            raise TypeError(
                "torch.iinfo() requires an integer input type. Use torch.finfo to handle "
                "'torch.iinfo'"
            )
        limits = np.iinfo(type.numpy)
        self.bits, self.max, self.min = int(limits.bits), int(limits.max), int(limits.min)
        self.dtype = type.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
