"""Functions over tensors arranged in groups, channels or time: products, shuffles, convolutions."""

from __future__ import annotations

from typing import Any

import compat as torch

from .. import functional as F


def conv_tbc(input: Any, weight: Any, bias: Any, pad: int = 0) -> Any:
    """A convolution over time of input (time, batch, channels).

    weight  (window, channels in, channels out)
    gives   (time + 2 * pad - window + 1, batch, channels out)
    """
    if input.dim() != 3:
        raise RuntimeError("Input must have 3 dims: time, batch, in_channel")
    if weight.dim() != 3:
        raise RuntimeError(
            "Weight tensor must have 3 dims: kernel_width, in_channels, out_channels."
        )
    if bias.dim() != 1:
        raise RuntimeError("Bias must be 1-D")
    if input.size(2) != weight.size(1):
        raise RuntimeError(
            "Input dim 2 (input channels) is not == dim 1 in the weight tensor"
        )
    if weight.size(2) != bias.size(0):
        raise RuntimeError("Bias size must equal dim 2 in the weight tensor (output channels)")
    made = F.conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, 1, pad)
    return made.permute(2, 0, 1)


def native_channel_shuffle(input: Any, groups: int) -> Any:
    """`channel_shuffle`: the channels of the groups, one of each group in turn."""
    return F.channel_shuffle(input, groups)


def grouped_mm(mat_a: Any, mat_b: Any, *, offs: Any = None, bias: Any = None,
               out_dtype: Any = None) -> Any:  # fmt: skip
    """Products of matrices of several groups, which may differ in one size.

    mat_a   (groups, m, k), or (m, k) where offs cuts m, or k if mat_b has two dims as well
    mat_b   (groups, k, n), or (k, n) where offs cuts n, or k
    offs    where each group ends, int32; what lies behind the last is zero. It is looked at
    gives   (groups, m, n) where nothing or k is cut, else two dims: the groups side by side
    """
    ranks = mat_a.dim(), mat_b.dim()
    if any(rank not in (2, 3) for rank in ranks):
        raise RuntimeError(f"mat_a and mat_b have to be 2 or 3 dims, got {ranks[0]} and {ranks[1]}")
    if mat_a.size(-1) != mat_b.size(-2):
        raise RuntimeError("contraction dimension of mat_a and mat_b must match")
    if (offs is not None) != (2 in ranks):
        raise RuntimeError("Have to provide offsets if there is a 2d matrix, or no offset if both "
                           "matrices are 3d")  # fmt: skip
    if bias is not None:
        raise RuntimeError("Bias not supported yet")
    if offs is None:
        made = torch.bmm(mat_a, mat_b)
    else:
        made = _cut(mat_a, mat_b, [0, *offs.tolist()])
    return made if out_dtype is None else made.to(out_dtype)


def _cut(a: Any, b: Any, ends: list[int]) -> Any:
    """The products of groups that follow one another along one dim."""
    spans = list(zip(ends[:-1], ends[1:], strict=True))
    if a.dim() == b.dim() == 2:
        return torch.stack([a[:, low:high] @ b[low:high] for low, high in spans])
    if a.dim() == 2:
        parts = [a[low:high] @ each for (low, high), each in zip(spans, b, strict=True)]
        rest = a.new_zeros(a.size(0) - ends[-1], b.size(-1))
        return torch.cat([*parts, rest])
    parts = [each @ b[:, low:high] for (low, high), each in zip(spans, a, strict=True)]
    return torch.cat([*parts, b.new_zeros(a.size(-2), b.size(1) - ends[-1])], 1)


def assert_int_or_pair(arg: Any, arg_name: str, message: str) -> None:
    """AssertionError with the message unless arg is a number or has two elements."""
    assert isinstance(arg, int) or len(arg) == 2, message.format(arg_name)
