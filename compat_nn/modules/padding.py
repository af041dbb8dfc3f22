"""Padding: constants, reflections, repetitions and wrapping around the borders."""

from __future__ import annotations

from collections.abc import Sequence

import compat as torch

from .. import functional as F
from .families import Family, ntuple

Tensor = torch.Tensor


class _PadNd(Family):
    """Pads both sides of the last `dims` dimensions in one of the modes of `F.pad`."""

    __constants__ = ["padding"]
    mode = "constant"

    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__()
        self.padding = ntuple(padding, 2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPadNd(_PadNd):
    __constants__ = ["padding", "value"]

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd, dims=1):
    """Adds a constant to the ends of the last dimension: (left, right), or one width for both."""


class ConstantPad2d(_ConstantPadNd, dims=2):
    """Adds a constant around the last two dimensions: (left, right, top, bottom)."""


class ConstantPad3d(_ConstantPadNd, dims=3):
    """Adds a constant around the last three: (left, right, top, bottom, front, back)."""


class _Zeros(_ConstantPadNd):
    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_Zeros, ConstantPad1d):
    """Adds zeros to the ends of the last dimension."""


class ZeroPad2d(_Zeros, ConstantPad2d):
    """Adds zeros around the last two dimensions."""


class ZeroPad3d(_Zeros, ConstantPad3d):
    """Adds zeros around the last three dimensions."""


class _ReflectionPadNd(_PadNd):
    mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd, dims=1):
    """Mirrors the elements at the ends of the last dimension; the border itself is not repeated."""


class ReflectionPad2d(_ReflectionPadNd, dims=2):
    """Mirrors the elements around the last two dimensions."""


class ReflectionPad3d(_ReflectionPadNd, dims=3):
    """Mirrors the elements around the last three dimensions."""


class _ReplicationPadNd(_PadNd):
    mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd, dims=1):
    """Repeats the border at the ends of the last dimension."""


class ReplicationPad2d(_ReplicationPadNd, dims=2):
    """Repeats the border around the last two dimensions."""


class ReplicationPad3d(_ReplicationPadNd, dims=3):
    """Repeats the border around the last three dimensions."""


class _CircularPadNd(_PadNd):
    mode = "circular"

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in (self.dims + 1, self.dims + 2):
            raise ValueError(
                f"expected {self.dims + 1}D or {self.dims + 2}D input (got {input.dim()}D input)"
            )

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        return super().forward(input)


class CircularPad1d(_CircularPadNd, dims=1):
    """Continues with the other end of the last dimension."""


class CircularPad2d(_CircularPadNd, dims=2):
    """Continues with the other side of the last two dimensions."""


class CircularPad3d(_CircularPadNd, dims=3):
    """Continues with the other side of the last three dimensions."""
