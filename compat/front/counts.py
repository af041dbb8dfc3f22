"""Counting into bins, and differences along dims: functions over several tensors at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from compat.core import dtype as d
from compat.core.size import wrap_dim
from compat.front import create
from compat.front.base import TensorBase
from compat.front.create import torch_op
from compat.front.derive import FUNCTIONS
from compat.front.into import given_out
from compat.front.results import result_type


def _edges(
    values: Any, bins: Any, low_high: Sequence[float] | None, name: str, dim: int = 0
) -> Any:
    """The edges of bins: as given, or so many of one width over a range."""
    if isinstance(bins, TensorBase):
        return bins
    if bins <= 0:
        raise RuntimeError(f"{name}: bins must be > 0, but got {bins} for dimension {dim}")
    if low_high is not None:
        low, high = low_high
    elif values.numel():
        low, high = values.min().item(), values.max().item()
    else:
        low, high = 0.0, 1.0
    if low > high:
        raise RuntimeError(f"{name}: min should not exceed max, but got min {low} max {high}")
    if low == high:
        low, high = low - 0.5, high + 0.5
    return create.linspace(low, high, bins + 1, dtype=values.dtype, device=values.device)


def _places(values: Any, edges: Any) -> tuple[Any, Any]:
    """The bin of each value, and whether it is in one; the last bin holds its right edge."""
    at = torch_op("searchsorted")(edges, values, right=True) - 1
    last = edges.numel() - 2
    inside = (values >= edges[0]) & (values <= edges[-1])
    return at.clamp(0, last), inside


def histogramdd(input: Any, bins: Any, *, range: Any = None, weight: Any = None,
                density: bool = False) -> Any:  # fmt: skip
    """How many rows of input (..., n) lie in each cell of a grid of n dimensions.

    bins     a number, or one a dimension, or the edges as tensors
    range    low and high of each dimension, in a row
    weight   what each row counts
    density  whether the counts are divided by their sum and the size of the cells
    gives    hist and bin_edges
    """
    rank = input.size(-1)
    rows = input.reshape(-1, rank)
    each = [bins] * rank if isinstance(bins, int) else list(bins)
    if len(each) != rank:
        raise RuntimeError(
            "histogramdd: The size of bins must be equal to the innermost dimension of the input."
        )
    limits = [None if range is None else range[2 * at : 2 * at + 2] for at, _ in enumerate(each)]
    columns = [rows[:, at].contiguous() for at, _ in enumerate(each)]
    edges = [
        _edges(column, one, limit, "torch.histogramdd()", dim)
        for dim, (column, one, limit) in enumerate(zip(columns, each, limits, strict=True))
    ]
    made = _hist(columns, edges, weight, density, input.dtype)
    return result_type("histogramdd", ("hist", "bin_edges"))(made, tuple(edges))


def _hist(columns: Any, edges: Any, weight: Any, density: bool, kind: Any) -> Any:
    flat, inside = None, None
    for column, edge in zip(columns, edges, strict=True):
        at, good = _places(column, edge)
        flat = at if flat is None else flat * (edge.numel() - 1) + at
        inside = good if inside is None else inside & good
    shape = [edge.numel() - 1 for edge in edges]
    given = create.ones_like(flat, dtype=kind) if weight is None else weight.reshape(-1)
    given = torch_op("where")(inside, given, create.zeros_like(given))
    total = create.zeros(math.prod(shape), dtype=kind, device=given.device)
    made = total.index_add(0, flat, given).reshape(shape)
    if density:
        made = made / made.sum()
        for dim, edge in enumerate(edges):
            width = edge[1:] - edge[:-1]
            made = made / width.reshape([-1 if at == dim else 1 for at, _ in enumerate(edges)])
    return made


def histogram(input: Any, bins: Any, *, range: Any = None, weight: Any = None,
              density: bool = False, out: Any = None) -> Any:  # fmt: skip
    """How many elements lie in each bin; see `histogramdd`."""
    if weight is not None and weight.shape != input.shape:
        raise RuntimeError(
            "torch.histogram: if weight tensor is provided it should have the same shape as the "
            "input tensor excluding its innermost dimension, got input with shape "
            f"{list(input.shape)} and weight with shape {list(weight.shape)}"
        )
    values = input.reshape(-1)
    edges = _edges(values, bins, range, "torch.histogram()")
    hist = _hist([values], [edges], weight, density, input.dtype)
    made = result_type("histogram", ("hist", "bin_edges"))(hist, edges)
    return given_out(
        out, made, "torch.histogram: input tensor and hist tensor should have the same dtype, but "
        "got input {cpp_want} and hist {cpp_got}",
    )  # fmt: skip


def nonzero_static(input: Any, *, size: int, fill_value: int = -1, out: Any = None) -> Any:
    """The places of elements that are not zero, cut or filled up to a number of rows."""
    found = torch_op("nonzero")(input)
    lacking = size - found.size(0)
    if lacking > 0:
        filler = create.full((lacking, input.dim()), fill_value, dtype=d.int64,
                             device=input.device)  # fmt: skip
        found = torch_op("cat")([found, filler])
    made = found[:size]
    return given_out(out, made)


def gradient(input: Any, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> Any:
    """Central differences along dims, one-sided of order edge_order (1 or 2) at the ends.

    spacing  the distance of neighbours: a number, one a dim, or coordinates as tensors
    gives    a tensor for each dim
    """
    dims = [*range(input.dim())] if dim is None else [dim] if isinstance(dim, int) else list(dim)
    dims = [wrap_dim(each, input.dim()) for each in dims]
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if len(set(dims)) != len(dims):
        twice = next(each for at, each in enumerate(dims) if each in dims[:at])
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    spacing = 1 if spacing is None else spacing
    gaps = list(spacing) if isinstance(spacing, list | tuple) else [spacing] * len(dims)
    if len(gaps) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim "
            f"arguments to have the same length, but got a spacing argument of length {len(gaps)} "
            f"and a dim argument of length {len(dims)}."
        )
    for each in dims:
        if input.size(each) < edge_order + 1:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least edge_order+1"
            )
    return tuple(_slope(input, each, gap, edge_order) for each, gap in zip(dims, gaps, strict=True))


def _slope(x: Any, dim: int, spacing: Any, edge_order: int) -> Any:
    count = x.size(dim)
    cut: Any
    if isinstance(spacing, TensorBase) and spacing._meta.shape:
        if spacing._meta.numel != count:
            raise RuntimeError(
                "torch.gradient expected each element of 'spacing' to have the same length as the "
                "dimension it is for"
            )
        steps = torch_op("diff")(spacing).reshape([-1] + [1] * (x.dim() - dim - 1))
        cut = lambda start, length: steps.narrow(0, start, length)  # noqa: E731
    else:
        cut = lambda start, length: spacing  # noqa: E731
    part = lambda start, length: x.narrow(dim, start, length)  # noqa: E731
    if not x.is_floating_point() and not x.is_complex():
        x = x.to(d.get_default_dtype())
    before, after = cut(0, count - 2), cut(1, count - 2)
    inner = (
        -after / (before * (before + after)) * part(0, count - 2)
        + (after - before) / (before * after) * part(1, count - 2)
        + before / (after * (before + after)) * part(2, count - 2)
    ) if count > 2 else part(0, 0)  # fmt: skip
    first = (part(1, 1) - part(0, 1)) / cut(0, 1)
    last = (part(count - 1, 1) - part(count - 2, 1)) / cut(count - 2, 1)
    if edge_order == 2:
        a, b = cut(0, 1), cut(1, 1)
        first = (
            -(2 * a + b) / (a * (a + b)) * part(0, 1) + (a + b) / (a * b) * part(1, 1)
            - a / (b * (a + b)) * part(2, 1)
        )  # fmt: skip
        a, b = cut(count - 3, 1), cut(count - 2, 1)
        last = (
            b / (a * (a + b)) * part(count - 3, 1) - (a + b) / (a * b) * part(count - 2, 1)
            + (a + 2 * b) / (b * (a + b)) * part(count - 1, 1)
        )  # fmt: skip
    return torch_op("cat")([first, inner, last], dim)


def derive_counts(tensor: type) -> None:
    """Puts everything here into the torch namespace and on Tensor."""
    for function in (histogram, histogramdd, nonzero_static, gradient):
        FUNCTIONS["torch"][function.__name__] = function
    for function in (histogram, nonzero_static):
        setattr(tensor, function.__name__, function)
