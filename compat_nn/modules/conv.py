"""Convolutions and transposed convolutions over one, two and three dimensions."""

from __future__ import annotations

import math
from typing import Any

import compat as torch

from .. import functional as F
from .. import init
from ..parameter import Parameter
from .families import Family, ntuple

Tensor = torch.Tensor

_PADDING_MODES = ["zeros", "reflect", "replicate", "circular"]


class _ConvNd(Family):
    """What all convolutions have: sizes, weight, bias, and how they are drawn and shown."""

    __constants__ = [
        "stride", "padding", "dilation", "groups", "padding_mode", "output_padding",
        "in_channels", "out_channels", "kernel_size",
    ]  # fmt: skip
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[int, ...] | str,
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(
                    f"Invalid padding string '{padding}', should be one of {{'same', 'valid'}}"
                )
            if padding == "same" and any(step != 1 for step in stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in _PADDING_MODES:
            modes = str(_PADDING_MODES)[1:-1]
            raise ValueError(
                f"padding_mode must be one of {{{modes}}}, but got padding_mode='{padding_mode}'"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._padding_for_pad()
        where = {"device": device, "dtype": dtype}
        ends = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        shape = (ends[0], ends[1] // groups, *kernel_size)
        self.weight = Parameter(torch.empty(shape, **where))
        if bias:
            self.bias = Parameter(torch.empty(out_channels, **where))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _padding_for_pad(self) -> list[int]:
        """The padding as `F.pad` takes it: both sides of the last dimension first."""
        if not isinstance(self.padding, str):
            return [width for width in reversed(self.padding) for _ in range(2)]
        if self.padding == "valid":
            return [0, 0] * len(self.kernel_size)
        widths = []
        for size, step in zip(reversed(self.kernel_size), reversed(self.dilation), strict=True):
            total = step * (size - 1)
            widths += [total // 2, total - total // 2]
        return widths

    def reset_parameters(self) -> None:
        """Draws weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        told = (
            f"{self.in_channels}, {self.out_channels}, "
            f"kernel_size={self.kernel_size}, stride={self.stride}"
        )
        nothing, ones = (0,) * len(self.kernel_size), (1,) * len(self.kernel_size)
        if self.padding != nothing:
            told += f", padding={self.padding}"
        if self.dilation != ones:
            told += f", dilation={self.dilation}"
        if self.output_padding != nothing:
            told += f", output_padding={self.output_padding}"
        if self.groups != 1:
            told += f", groups={self.groups}"
        if self.bias is None:
            told += ", bias=False"
        if self.padding_mode != "zeros":
            told += f", padding_mode={self.padding_mode}"
        return told

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if not hasattr(self, "padding_mode"):
            self.padding_mode = "zeros"


class _Convolution(_ConvNd):
    """A convolution of any number of dimensions."""

    function_name = "conv{}d"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | str = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        dims = self.dims
        super().__init__(
            in_channels,
            out_channels,
            ntuple(kernel_size, dims),
            ntuple(stride, dims),
            padding if isinstance(padding, str) else ntuple(padding, dims),
            ntuple(dilation, dims),
            False,
            (0,) * dims,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = (0,) * self.dims
        return self.function(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Convolution, dims=1):
    """Convolves (N, C, L), or (C, L), with `out_channels` kernels.

    padding is a number of zeros on each side, "valid" or "same"; padding_mode says what stands
    in the place of the zeros. weight is (out_channels, in_channels / groups, kernel_size).
    """


class Conv2d(_Convolution, dims=2):
    """Convolves (N, C, H, W), or (C, H, W), with `out_channels` kernels; as `Conv1d`.

    >>> Conv2d(3, 8, 3, padding=1)(torch.ones(1, 3, 5, 5)).shape
    torch.Size([1, 8, 5, 5])
    """


class Conv3d(_Convolution, dims=3):
    """Convolves (N, C, D, H, W), or (C, D, H, W), with `out_channels` kernels; as `Conv1d`."""


class _ConvTransposeNd(_ConvNd):
    """A transposed convolution of any number of dimensions."""

    function_name = "conv_transpose{}d"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        output_padding: int | tuple[int, ...] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | tuple[int, ...] = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        dims = self.dims
        super().__init__(
            in_channels,
            out_channels,
            ntuple(kernel_size, dims),
            ntuple(stride, dims),
            ntuple(padding, dims),
            ntuple(dilation, dims),
            True,
            ntuple(output_padding, dims),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _output_padding(self, input: Tensor, output_size: list[int] | None) -> tuple[int, ...]:
        """What to add at the end of each dimension to get the wanted output size."""
        if output_size is None:
            return self.output_padding
        dims = self.dims
        leading = input.dim() - dims
        if len(output_size) == leading + dims:
            output_size = output_size[leading:]
        if len(output_size) != dims:
            raise ValueError(
                f"ConvTranspose{dims}D: for {input.dim()}D input, output_size must have {dims} "
                f"or {leading + dims} elements (got {len(output_size)})"
            )
        smallest = [
            (input.size(at + leading) - 1) * self.stride[at]
            - 2 * self.padding[at]
            + self.dilation[at] * (self.kernel_size[at] - 1)
            + 1
            for at in range(dims)
        ]
        largest = [low + step - 1 for low, step in zip(smallest, self.stride, strict=True)]
        for size, low, high in zip(output_size, smallest, largest, strict=True):
            if not low <= size <= high:
                raise ValueError(
                    f"requested an output size of {output_size}, but valid sizes range from "
                    f"{smallest} to {largest} (for an input of {input.size()[2:]})"
                )
        return tuple(size - low for size, low in zip(output_size, smallest, strict=True))

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        return self.function(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self._output_padding(input, output_size),
            self.groups,
            self.dilation,
        )


class ConvTranspose1d(_ConvTransposeNd, dims=1):
    """The transpose of `Conv1d`, which undoes its change of shape.

    output_padding adds to one side, since several input sizes give one output size under a
    stride; `forward(input, output_size)` finds it. weight is (in_channels, out_channels / groups,
    kernel_size).
    """


class ConvTranspose2d(_ConvTransposeNd, dims=2):
    """The transpose of `Conv2d`; as `ConvTranspose1d`."""


class ConvTranspose3d(_ConvTransposeNd, dims=3):
    """The transpose of `Conv3d`; as `ConvTranspose1d`."""
