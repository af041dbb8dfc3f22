"""RoI Align over the levels of a feature pyramid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import compat as torch
from compat import nn
from compat.vision.ops.boxes import box_area
from compat.vision.ops.regions import Lines, _exact, as_rows, pair, sampled


class LevelMapper:
    """The level for each box by the size of the box, as in the paper on pyramids."""

    def __init__(
        self, k_min: int, k_max: int, canonical_scale: int = 224, canonical_level: int = 4,
        eps: float = 1e-6,
    ) -> None:  # fmt: skip
        self.k_min, self.k_max = k_min, k_max
        self.s0, self.lvl0, self.eps = canonical_scale, canonical_level, eps

    def __call__(self, boxlists: Sequence[torch.Tensor]) -> torch.Tensor:
        size = torch.sqrt(torch.cat([box_area(one) for one in boxlists]))
        level = torch.floor(self.lvl0 + torch.log2(size / self.s0) + self.eps)
        return (level.clamp(min=self.k_min, max=self.k_max) - self.k_min).to(torch.int64)


class MultiScaleRoIAlign(nn.Module):
    """`roi_align` of boxes, each on the level of a pyramid that fits its size.

    featmap_names    the names of the levels to use, in the dict of features
    output_size      of a region
    sampling_ratio   samples along a side of a bin
    canonical_scale, canonical_level  the size of a box of that level

    All levels' pixels are one table that one gather reads, whatever levels the boxes are on: so
    no value is looked at, and shapes do not depend on the boxes' sizes.
    """

    def __init__(
        self, featmap_names: list[str], output_size: Any, sampling_ratio: int, *,
        canonical_scale: int = 224, canonical_level: int = 4,
    ) -> None:  # fmt: skip
        super().__init__()
        self.featmap_names, self.sampling_ratio = featmap_names, sampling_ratio
        self.output_size = pair(output_size)
        self.canonical_scale, self.canonical_level = canonical_scale, canonical_level

    def _scales(self, features: list[torch.Tensor], sizes: list[tuple[int, int]]) -> list[float]:
        if not sizes:
            raise ValueError("images list should not be empty")
        tallest, widest = max(one[0] for one in sizes), max(one[1] for one in sizes)
        made = []
        for level in features:
            down, right = level.shape[-2] / float(tallest), level.shape[-1] / float(widest)
            powers = [2 ** float(round(math.log2(one))) for one in (down, right)]
            if powers[0] != powers[1]:
                raise AssertionError("features and images differ in ratio")
            made.append(powers[0])
        return made

    def forward(
        self, x: dict[str, torch.Tensor], boxes: list[torch.Tensor],
        image_shapes: list[tuple[int, int]],
    ) -> torch.Tensor:  # fmt: skip
        features = [level for name, level in x.items() if name in self.featmap_names]
        scales = self._scales(features, image_shapes)
        rois = _exact(as_rows(boxes))
        if len(features) == 1:
            level = torch.zeros(len(rois), dtype=torch.int64, device=rois.device)
        else:
            ends = (-math.log2(scales[0]), -math.log2(scales[-1]))
            level = LevelMapper(
                int(ends[0]), int(ends[1]), self.canonical_scale, self.canonical_level
            )(boxes)
        tables, starts, total = [], [], 0
        for one in features:
            count, channels, height, width = one.shape
            tables.append(one.permute(0, 2, 3, 1).reshape(-1, channels))
            starts.append(total)
            total += count * height * width

        def of(facts: list[Any], kind: Any) -> torch.Tensor:
            return torch.tensor(facts, dtype=kind, device=rois.device)[level]

        height = of([one.shape[2] for one in features], torch.int64)
        width = of([one.shape[3] for one in features], torch.int64)
        base = of(starts, torch.int64) + rois[:, 0].long() * height * width
        placed = rois[:, 1:] * of(scales, rois.dtype)[:, None]
        left, top, right, bottom = placed.unbind(1)
        bins_y, bins_x = self.output_size
        rows = Lines(top, (bottom - top).clamp(min=1), bins_y, self.sampling_ratio,
                     height.to(rois.dtype))  # fmt: skip
        columns = Lines(left, (right - left).clamp(min=1), bins_x, self.sampling_ratio,
                        width.to(rois.dtype))  # fmt: skip
        made = sampled(torch.cat(tables), base, width, rows, columns)
        return made.to(features[0].dtype)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(featmap_names={self.featmap_names}, "
            f"output_size={self.output_size}, sampling_ratio={self.sampling_ratio})"
        )
