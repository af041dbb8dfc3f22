"""Pooling: maxima, averages and norms over windows."""

from __future__ import annotations

from typing import Any

import compat as torch

from .. import functional as F
from .families import Family, ntuple, shown

Tensor = torch.Tensor
Size = int | tuple[int, ...]


class _MaxPoolNd(Family):
    __constants__ = ["kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"]
    function_name = "max_pool{}d"

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        return self.function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        return shown(self, "kernel_size", "stride", "padding", "dilation", "ceil_mode")


class MaxPool1d(_MaxPoolNd, dims=1):
    """The largest element of each window of (N, C, L), or (C, L).

    stride is kernel_size when not given; with `return_indices` also where each maximum was.
    """


class MaxPool2d(_MaxPoolNd, dims=2):
    """The largest element of each window of (N, C, H, W), or (C, H, W); as `MaxPool1d`."""


class MaxPool3d(_MaxPoolNd, dims=3):
    """The largest element of each window of (N, C, D, H, W), or (C, D, H, W); as `MaxPool1d`."""


class _MaxUnpoolNd(Family):
    function_name = "max_unpool{}d"

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, self.dims)
        self.stride = ntuple(stride if stride is not None else kernel_size, self.dims)
        self.padding = ntuple(padding, self.dims)

    def forward(
        self, input: Tensor, indices: Tensor, output_size: list[int] | None = None
    ) -> Tensor:
        return self.function(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        return shown(self, "kernel_size", "stride", "padding")


class MaxUnpool1d(_MaxUnpoolNd, dims=1):
    """Puts maxima back where `MaxPool1d(return_indices=True)` found them, zeros elsewhere."""


class MaxUnpool2d(_MaxUnpoolNd, dims=2):
    """Puts maxima back where `MaxPool2d(return_indices=True)` found them, zeros elsewhere."""


class MaxUnpool3d(_MaxUnpoolNd, dims=3):
    """Puts maxima back where `MaxPool3d(return_indices=True)` found them, zeros elsewhere."""


class _AvgPoolNd(Family):
    __constants__ = ["kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"]
    function_name = "avg_pool{}d"

    def extra_repr(self) -> str:
        return shown(self, "kernel_size", "stride", "padding")


class AvgPool1d(_AvgPoolNd, dims=1):
    """The average of each window of (N, C, L), or (C, L).

    stride is kernel_size when not given; count_include_pad says whether padding counts.
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, 1)
        self.stride = ntuple(stride if stride is not None else kernel_size, 1)
        self.padding = ntuple(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding,
            self.ceil_mode, self.count_include_pad,
        )  # fmt: skip


class _AvgPoolWithDivisor(_AvgPoolNd):
    __constants__ = [*_AvgPoolNd.__constants__, "divisor_override"]

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return self.function(
            input, self.kernel_size, self.stride, self.padding,
            self.ceil_mode, self.count_include_pad, self.divisor_override,
        )  # fmt: skip


class AvgPool2d(_AvgPoolWithDivisor, dims=2):
    """The average of each window of (N, C, H, W), or (C, H, W); as `AvgPool1d`.

    divisor_override stands in the place of the window's number of elements.
    """


class AvgPool3d(_AvgPoolWithDivisor, dims=3):
    """The average of each window of (N, C, D, H, W), or (C, D, H, W); as `AvgPool2d`."""


class _FractionalMaxPoolNd(Family):
    __constants__ = ["kernel_size", "return_indices", "output_size", "output_ratio"]
    function_name = "fractional_max_pool{}d"

    def __init__(
        self,
        kernel_size: Size,
        output_size: Size | None = None,
        output_ratio: float | tuple[float, ...] | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.kernel_size = ntuple(kernel_size, self.dims)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else ntuple(output_size, self.dims)
        self.output_ratio = None if output_ratio is None else ntuple(output_ratio, self.dims)
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{name} requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < part < 1 for part in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        return self.function(
            input, self.kernel_size, self.output_size, self.output_ratio,
            self.return_indices, _random_samples=self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPoolNd, dims=2):
    """The maxima of windows at random places that give the wanted output size or ratio.

    Graham 2014. Exactly one of output_size and output_ratio is given.
    """


class FractionalMaxPool3d(_FractionalMaxPoolNd, dims=3):
    """The maxima of windows at random places; as `FractionalMaxPool2d`."""


class _LPPoolNd(Family):
    __constants__ = ["norm_type", "kernel_size", "stride", "ceil_mode"]
    function_name = "lp_pool{}d"

    def __init__(
        self,
        norm_type: float,
        kernel_size: Size,
        stride: Size | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return self.function(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )

    def extra_repr(self) -> str:
        return shown(self, *self.__constants__)


class LPPool1d(_LPPoolNd, dims=1):
    """(Σ xᵖ)^(1/p) of each window of (N, C, L), or (C, L), for p = norm_type."""


class LPPool2d(_LPPoolNd, dims=2):
    """(Σ xᵖ)^(1/p) of each window of (N, C, H, W), or (C, H, W), for p = norm_type."""


class LPPool3d(_LPPoolNd, dims=3):
    """(Σ xᵖ)^(1/p) of each window of (N, C, D, H, W), or (C, D, H, W), for p = norm_type."""


class _AdaptiveMaxPoolNd(Family):
    __constants__ = ["output_size", "return_indices"]
    function_name = "adaptive_max_pool{}d"

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return self.function(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd, dims=1):
    """Maxima of windows chosen so that the output has `output_size` elements."""


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd, dims=2):
    """Maxima of windows chosen so that the output has `output_size`; None keeps a size."""


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd, dims=3):
    """Maxima of windows chosen so that the output has `output_size`; None keeps a size."""


class _AdaptiveAvgPoolNd(Family):
    __constants__ = ["output_size"]
    function_name = "adaptive_avg_pool{}d"

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd, dims=1):
    """Averages of windows chosen so that the output has `output_size` elements."""


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd, dims=2):
    """Averages of windows chosen so that the output has `output_size`; None keeps a size."""


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd, dims=3):
    """Averages of windows chosen so that the output has `output_size`; None keeps a size."""
