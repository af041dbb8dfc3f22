"""Parts of feature maps as pictures of one size: RoI Align, RoI Pool and their kin.

A region is a row (picture, left, top, right, bottom), or regions are a list with a tensor
(left, top, right, bottom) a picture. Gradients go to the features, not to the regions.
"""

from __future__ import annotations

from typing import Any

import compat as torch
from compat import nn


def as_rows(boxes: Any) -> torch.Tensor:
    """Regions as rows (K, 5); ValueError or AssertionError for other forms."""
    if isinstance(boxes, list | tuple):
        for one in boxes:
            if one.dim() != 2 or one.size(1) != 4:
                raise AssertionError(
                    "The shape of the tensor in the boxes list is not correct as List[Tensor[L, 4]]"
                )
        numbers = [torch.full_like(one[:, :1], at) for at, one in enumerate(boxes)]
        return torch.cat([torch.cat(numbers, 0), torch.cat(list(boxes), 0)], 1).detach()
    if not isinstance(boxes, torch.Tensor):
        raise AssertionError("boxes is expected to be a Tensor[L, 5] or a List[Tensor[K, 4]]")
    if boxes.dim() != 2 or boxes.size(1) != 5:
        raise AssertionError("The boxes tensor shape is not correct as Tensor[K, 5]")
    return boxes.detach()


def pair(size: Any) -> tuple[int, int]:
    """A size as (height, width)."""
    return (int(size), int(size)) if isinstance(size, int) else (int(size[0]), int(size[-1]))


class Lines:
    """Where the samples of bins lie along one axis, for each region.

    low, high    (K, bins, samples): the pixels on either side
    weight       (K, bins, samples): the part of the higher one
    share        (K, bins, samples): 1 over the number of samples, or 0 for one that does not count
    """

    def __init__(
        self, start: torch.Tensor, length: torch.Tensor, bins: int, ratio: int, limit: Any
    ) -> None:
        step = length / bins
        if ratio > 0:
            counts = torch.full_like(step, ratio)
            most = ratio
        else:
            counts = step.ceil()
            # Regions have as many samples as pixels, and the largest has to be known.
            most = max(int(counts.max().item()), 1) if counts.numel() else 1
        inner = torch.arange(most, device=start.device, dtype=start.dtype)
        outer = torch.arange(bins, device=start.device, dtype=start.dtype)[:, None]
        start, step, count = start[:, None, None], step[:, None, None], counts[:, None, None]
        at = start + outer * step + (inner + 0.5) * step / count.clamp(min=1)
        if isinstance(limit, torch.Tensor):
            limit = limit[:, None, None]
        counted = (at >= -1.0) & (at <= limit) & (inner < count)
        self.share = counted.to(at.dtype) / count.clamp(min=1)
        last = limit - 1
        at = at.clamp(min=0)
        self.low = at.floor().minimum(torch.as_tensor(last, dtype=at.dtype, device=at.device))
        self.high = (self.low + 1).minimum(torch.as_tensor(last, dtype=at.dtype, device=at.device))
        self.weight = (at - self.low) * (self.high > self.low)


def _corners(rows: Lines, columns: Lines) -> list[tuple[torch.Tensor, ...]]:
    """Row, column and weight of the four pixels around each sample: each (K, bins, 1, samples, 1)
    and (K, 1, bins, 1, samples), to be broadcast."""
    made = []
    for y, down in ((rows.low, 1 - rows.weight), (rows.high, rows.weight)):
        for x, right in ((columns.low, 1 - columns.weight), (columns.high, columns.weight)):
            weight = (down * rows.share)[:, :, None, :, None] * (
                (right * columns.share)[:, None, :, None, :]
            )
            made.append((y.long()[:, :, None, :, None], x.long()[:, None, :, None, :], weight))
    return made


def sampled(
    table: torch.Tensor, base: Any, width: Any, rows: Lines, columns: Lines
) -> torch.Tensor:
    """Averages of bins, (K, C, bins, bins), of pixels that are the rows of a table (pixels, C).

    base, width  the row of each region's first pixel and how many a line has, (K,)
    """
    base, width = base[:, None, None, None, None], width[:, None, None, None, None]
    total: Any = 0.0
    for y, x, weight in _corners(rows, columns):
        found = table[base + y * width + x]  # (K, bins, bins, samples, samples, C)
        total = total + found * weight.to(table.dtype)[..., None]
    return total.sum((3, 4)).permute(0, 3, 1, 2)


def _plain(features: torch.Tensor, rois: torch.Tensor) -> tuple[torch.Tensor, Any, Any]:
    """Features as a table, with where each region's picture starts and its width."""
    _, channels, height, width = features.shape
    table = features.permute(0, 2, 3, 1).reshape(-1, channels)
    picture = rois[:, 0].long()
    return table, picture * (height * width), torch.full_like(picture, width)


def _exact(rois: torch.Tensor) -> torch.Tensor:
    return rois if rois.dtype == torch.float64 else rois.float()


def roi_align(
    input: torch.Tensor, boxes: Any, output_size: Any, spatial_scale: float = 1.0,
    sampling_ratio: int = -1, aligned: bool = False,
) -> torch.Tensor:  # fmt: skip
    """Averages of bilinear samples in the bins of regions, (K, C, *output_size).

    input           features (N, C, H, W)
    spatial_scale   what a region's numbers are times to be the features'
    sampling_ratio  samples along a side of a bin; 0 or less for as many as pixels, for which the
                    values of the regions are looked at
    aligned         numbers are of pixels' edges, not of their centres
    """
    rois = _exact(as_rows(boxes))
    bins_y, bins_x = pair(output_size)
    shift = 0.5 if aligned else 0.0
    left, top, right, bottom = (rois[:, 1:] * spatial_scale - shift).unbind(1)
    width, height = right - left, bottom - top
    if not aligned:
        width, height = width.clamp(min=1.0), height.clamp(min=1.0)
    rows = Lines(top, height, bins_y, sampling_ratio, input.shape[2])
    columns = Lines(left, width, bins_x, sampling_ratio, input.shape[3])
    return sampled(*_plain(input, rois), rows, columns).to(input.dtype)


def _rounded(x: torch.Tensor) -> torch.Tensor:
    """To whole numbers, halves away from zero."""
    return x.sign() * (x.abs() + 0.5).floor()


def _spans(
    low: torch.Tensor, length: torch.Tensor, bins: int, limit: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The pixels of bins along an axis and which of them count, (K, bins, most). It looks at the
    largest bin."""
    step = length / bins
    at = torch.arange(bins, device=low.device, dtype=low.dtype)
    start = ((at * step[:, None]).floor() + low[:, None]).clamp(0, limit)
    stop = (((at + 1) * step[:, None]).ceil() + low[:, None]).clamp(0, limit)
    most = max(int((stop - start).max().item()), 1) if start.numel() else 1
    places = start[..., None] + torch.arange(most, device=low.device, dtype=low.dtype)
    counted = places < stop[..., None]
    return places.clamp(max=limit - 1).long(), counted


def roi_pool(
    input: torch.Tensor, boxes: Any, output_size: Any, spatial_scale: float = 1.0
) -> torch.Tensor:
    """The largest values in the bins of regions, (K, C, *output_size); 0 in an empty bin.

    It looks at the regions' values, since the number of pixels depends on them.
    """
    rois = _exact(as_rows(boxes))
    bins_y, bins_x = pair(output_size)
    left, top, right, bottom = _rounded(rois[:, 1:] * spatial_scale).unbind(1)
    height, width = input.shape[2:]
    y, good_y = _spans(top, (bottom - top + 1).clamp(min=1), bins_y, height)
    x, good_x = _spans(left, (right - left + 1).clamp(min=1), bins_x, width)
    table, base, _ = _plain(input, rois)
    index = y[:, :, None, :, None] * width + x[:, None, :, None, :]
    good = (good_y[:, :, None, :, None] & good_x[:, None, :, None, :]).flatten(3)[..., None]
    found = table[(base[:, None, None, None, None] + index).flatten(3)]
    lowest = torch.finfo(input.dtype).min
    best = torch.where(good, found, lowest).max(3).values
    return torch.where(good.any(3), best, 0.0).to(input.dtype).permute(0, 3, 1, 2)


def _own_channels(input: torch.Tensor, bins_y: int, bins_x: int) -> torch.Tensor:
    """The number of the first pixel of the channel that a bin reads, (channels, bins, bins)."""
    _, channels, height, width = input.shape
    if channels % (bins_y * bins_x):
        raise RuntimeError(
            "input channels must be a multiple of pooling height * pooling width"
        )
    numbers = torch.arange(channels, device=input.device) * (height * width)
    return numbers.reshape(-1, bins_y, bins_x)


def ps_roi_align(
    input: torch.Tensor, boxes: Any, output_size: Any, spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
) -> torch.Tensor:  # fmt: skip
    """`roi_align` (aligned) in which each bin reads channels of its own.

    It gives (K, C / bins, *output_size), for C channels and `bins` of a region.
    """
    rois = _exact(as_rows(boxes))
    bins_y, bins_x = pair(output_size)
    first = _own_channels(input, bins_y, bins_x)[None, :, :, :, None, None]
    left, top, right, bottom = (rois[:, 1:] * spatial_scale - 0.5).unbind(1)
    _, channels, height, width = input.shape
    rows = Lines(top, bottom - top, bins_y, sampling_ratio, height)
    columns = Lines(left, right - left, bins_x, sampling_ratio, width)
    flat = input.reshape(-1)
    base = (rois[:, 0].long() * (channels * height * width))[:, None, None, None, None, None]
    total: Any = 0.0
    for y, x, weight in _corners(rows, columns):
        found = flat[base + first + (y * width + x)[:, None]]
        total = total + found * weight.to(input.dtype)[:, None]
    return total.sum((4, 5)).to(input.dtype)


def ps_roi_pool(
    input: torch.Tensor, boxes: Any, output_size: Any, spatial_scale: float = 1.0
) -> torch.Tensor:
    """Means of the pixels in bins, each of which reads channels of its own (R-FCN's).

    It gives (K, C / bins, *output_size), and looks at the regions' values.
    """
    rois = _exact(as_rows(boxes))
    bins_y, bins_x = pair(output_size)
    first = _own_channels(input, bins_y, bins_x)[None, :, :, :, None, None]
    left, top, right, bottom = _rounded(rois[:, 1:] * spatial_scale).unbind(1)
    _, channels, height, width = input.shape
    y, good_y = _spans(top, (bottom - top).clamp(min=1), bins_y, height - 1)
    x, good_x = _spans(left, (right - left).clamp(min=1), bins_x, width - 1)
    base = (rois[:, 0].long() * (channels * height * width))[:, None, None, None, None, None]
    place = (y[:, :, None, :, None] * width + x[:, None, :, None, :])[:, None]
    good = (good_y[:, :, None, :, None] & good_x[:, None, :, None, :])[:, None]
    found = torch.where(good, input.reshape(-1)[base + first + place], 0.0)
    return (found.sum((4, 5)) / good.sum((4, 5)).clamp(min=1)).to(input.dtype)


class _Shown(nn.Module):
    """A module that shows its settings, those named in `shown`."""

    shown: tuple[str, ...] = ("output_size", "spatial_scale")

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={getattr(self, name)}" for name in self.shown)
        return f"{type(self).__name__}({facts})"


class RoIAlign(_Shown):
    """`roi_align` with its settings kept."""

    shown = ("output_size", "spatial_scale", "sampling_ratio", "aligned")

    def __init__(
        self, output_size: Any, spatial_scale: float, sampling_ratio: int, aligned: bool = False
    ) -> None:
        super().__init__()
        self.output_size, self.spatial_scale = output_size, spatial_scale
        self.sampling_ratio, self.aligned = sampling_ratio, aligned

    def forward(self, input: torch.Tensor, rois: Any) -> torch.Tensor:
        return roi_align(
            input, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned
        )


class RoIPool(_Shown):
    """`roi_pool` with its settings kept."""

    def __init__(self, output_size: Any, spatial_scale: float) -> None:
        super().__init__()
        self.output_size, self.spatial_scale = output_size, spatial_scale

    def forward(self, input: torch.Tensor, rois: Any) -> torch.Tensor:
        return roi_pool(input, rois, self.output_size, self.spatial_scale)


class PSRoIAlign(_Shown):
    """`ps_roi_align` with its settings kept."""

    shown = ("output_size", "spatial_scale", "sampling_ratio")

    def __init__(self, output_size: int, spatial_scale: float, sampling_ratio: int) -> None:
        super().__init__()
        self.output_size, self.spatial_scale = output_size, spatial_scale
        self.sampling_ratio = sampling_ratio

    def forward(self, input: torch.Tensor, rois: Any) -> torch.Tensor:
        return ps_roi_align(
            input, rois, self.output_size, self.spatial_scale, self.sampling_ratio
        )


class PSRoIPool(_Shown):
    """`ps_roi_pool` with its settings kept."""

    def __init__(self, output_size: int, spatial_scale: float) -> None:
        super().__init__()
        self.output_size, self.spatial_scale = output_size, spatial_scale

    def forward(self, input: torch.Tensor, rois: Any) -> torch.Tensor:
        return ps_roi_pool(input, rois, self.output_size, self.spatial_scale)
