"""Products of matrices in eight bits, whose factors carry scales."""

from __future__ import annotations

import enum
from typing import Any

import compat as torch


class _ScalingType(enum.IntEnum):
    """What one scale belongs to: a matrix, a row (of the second matrix a column), a block."""

    TensorWise = 0
    RowWise = 1
    BlockWise1x16 = 2
    BlockWise1x32 = 3
    BlockWise1x128 = 4
    BlockWise128x128 = 5


class _SwizzleType(enum.IntEnum):
    """The order in which the scales of blocks lie in memory."""

    NO_SWIZZLE = 0
    SWIZZLE_32_4_4 = 1


ScalingType, SwizzleType = _ScalingType, _SwizzleType


def scaled_mm(
    mat_a: Any, mat_b: Any, scale_a: Any, scale_recipe_a: Any, scale_b: Any, scale_recipe_b: Any,
    swizzle_a: Any = None, swizzle_b: Any = None, bias: Any = None,
    output_dtype: Any = torch.bfloat16, contraction_dim: Any = (), use_fast_accum: bool = False,
) -> Any:  # fmt: skip
    """(mat_a * scale_a) @ (mat_b * scale_b) + bias, worked out in float32.

    mat_a, mat_b    (m, k) and (k, n), of float8 types
    scales          float32: one number each (TensorWise), or (m, 1) and (1, n) (RowWise). PyTorch
                    has scales of blocks on GPUs only, and so ValueError refuses them here
    gives           (m, n) in output_dtype
    """
    first, second = _only(scale_a), _only(scale_b)
    if mat_a.dim() != 2 or mat_b.dim() != 2 or mat_a.size(1) != mat_b.size(0):
        shapes = "x".join(map(str, mat_a.shape)), "x".join(map(str, mat_b.shape))
        raise ValueError(
            f"mat_a and mat_b shapes cannot be multiplied ({shapes[0]} and {shapes[1]})"
        )
    rows, columns = (mat_a.size(0), 1), (1, mat_b.size(1))
    recipe = _only(scale_recipe_a)
    known = recipe == _only(scale_recipe_b) and recipe in (0, 1)
    eight = all("float8" in str(each.dtype) for each in (mat_a, mat_b))
    if not (known and eight and first.dtype is second.dtype is torch.float32):
        raise ValueError(
            "Invalid scaling configuration.\n- For TensorWise scaling, a and b should be float8, "
            "scales should be float and singletons.\n- For RowWise scaling, a and b should be "
            f"float8, scales should be float, scale_a should be {rows} and scale_b should be "
            f"{columns}, and both should be contiguous."
        )
    for name, scale, shape in (("scale_a", first, rows), ("scale_b", second, columns)):
        if recipe == _ScalingType.TensorWise and scale.numel() != 1:
            raise ValueError(f"{name} must have 1 Float element")
        if recipe == _ScalingType.RowWise and tuple(scale.shape) != shape:
            raise ValueError(f"{name} must have shape {list(shape)}, got [{list(scale.shape)}]")
    if recipe == _ScalingType.TensorWise:
        first, second = first.reshape(()), second.reshape(())
    made = (mat_a.float() * first) @ (mat_b.float() * second)
    if bias is not None:
        made = made + bias.float()
    return made if output_dtype is None else made.to(output_dtype)


def _only(given: Any) -> Any:
    """A setting that may come in a list of one."""
    if isinstance(given, list | tuple):
        if len(given) != 1:
            raise ValueError("Invalid scaling configuration.")
        return given[0]
    return given
