"""Boxes, regions and losses against plain definitions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import compat
from compat.vision import ops


def area(box: list[float]) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


def overlap(a: list[float], b: list[float]) -> float:
    inner = area([max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])])
    return inner / (area(a) + area(b) - inner)


def boxes(count: int) -> compat.Tensor:
    compat.manual_seed(count)
    corner = compat.rand(count, 2) * 10
    return compat.cat([corner, corner + 1 + compat.rand(count, 2) * 5], 1)


def test_overlaps() -> None:
    one, other = boxes(5), boxes(7)
    expected = [[overlap(a, b) for b in other.tolist()] for a in one.tolist()]
    assert compat.allclose(ops.box_iou(one, other), compat.tensor(expected), atol=1e-5)
    assert bool((ops.generalized_box_iou(one, other) <= ops.box_iou(one, other) + 1e-6).all())


def test_kept_boxes_do_not_overlap_and_cover_the_rest() -> None:
    found, scores = boxes(30), compat.rand(30)
    kept = ops.nms(found, scores, 0.3).tolist()
    rows = found.tolist()
    assert scores[kept].tolist() == sorted(scores[kept].tolist(), reverse=True)
    for at in range(30):
        better = [k for k in kept if scores[k] > scores[at]]
        assert (at in kept) == all(overlap(rows[at], rows[k]) <= 0.3 for k in better)


def test_forms_of_boxes() -> None:
    found = boxes(4)
    for form in ("xywh", "cxcywh"):
        there = ops.box_convert(found, "xyxy", form)
        assert compat.allclose(ops.box_convert(there, form, "xyxy"), found, atol=1e-5)


def regions() -> compat.Tensor:
    compat.manual_seed(4)
    corner = compat.rand(6, 2) * 8 - 1
    return compat.cat([compat.randint(0, 2, (6, 1)), corner, corner + compat.rand(6, 2) * 7], 1)


def read(plane: np.ndarray[Any, Any], y: float, x: float) -> float:
    """A bilinear sample as RoI Align takes it."""
    height, width = plane.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0.0), height - 1), min(max(x, 0.0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    upper = plane[top, left] * (left + 1 - x) + plane[top, right] * (x - left)
    lower = plane[bottom, left] * (left + 1 - x) + plane[bottom, right] * (x - left)
    return upper * (top + 1 - y) + lower * (y - top)


@pytest.mark.parametrize("ratio", [-1, 2])
@pytest.mark.parametrize("own", [False, True])
def test_regions_are_averages_of_samples(ratio: int, own: bool) -> None:
    features, rois = compat.randn(2, 6, 9, 7), regions()
    made = (
        ops.ps_roi_align(features, rois, (3, 2), 0.5, ratio) if own
        else ops.roi_align(features, rois, (3, 2), 0.5, ratio, aligned=True)
    )  # fmt: skip
    assert made.shape == (6, 1 if own else 6, 3, 2)
    planes = features.numpy()
    for k, (picture, *box) in enumerate(rois.tolist()):
        left, top, right, bottom = (0.5 * one - 0.5 for one in box)
        height, width = (bottom - top) / 3, (right - left) / 2
        tall, wide = (ratio, ratio) if ratio > 0 else (math.ceil(height), math.ceil(width))
        for c in range(made.shape[1]):
            for ph in range(3):
                for pw in range(2):
                    plane = planes[int(picture), (c * 3 + ph) * 2 + pw if own else c]
                    samples = [
                        read(plane, top + (ph + (a + 0.5) / tall) * height,
                             left + (pw + (b + 0.5) / wide) * width)
                        for a in range(tall) for b in range(wide)
                    ]  # fmt: skip
                    assert made[k, c, ph, pw].item() == pytest.approx(np.mean(samples), abs=1e-4)


@pytest.mark.parametrize("own", [False, True])
def test_regions_pool_pixels(own: bool) -> None:
    features, rois = compat.randn(2, 6, 9, 7), regions()
    made = (ops.ps_roi_pool if own else ops.roi_pool)(features, rois, (3, 2), 0.5)
    planes, extra = features.numpy(), 0 if own else 1
    for k, (picture, *box) in enumerate(rois.tolist()):
        left, top, right, bottom = (math.copysign(int(abs(0.5 * n) + 0.5), n) for n in box)
        height, width = max(bottom - top + extra, 1), max(right - left + extra, 1)
        for c in range(made.shape[1]):
            for ph in range(3):
                for pw in range(2):
                    plane = planes[int(picture), (c * 3 + ph) * 2 + pw if own else c]
                    ends = [
                        int(min(max(edge, 0), limit - 1 + extra)) for edge, limit in (
                            (top + math.floor(ph * height / 3), 9),
                            (top + math.ceil((ph + 1) * height / 3), 9),
                            (left + math.floor(pw * width / 2), 7),
                            (left + math.ceil((pw + 1) * width / 2), 7),
                        )
                    ]  # fmt: skip
                    part = plane[ends[0] : ends[1], ends[2] : ends[3]]
                    value = (part.mean() if own else part.max()) if part.size else 0.0
                    assert made[k, c, ph, pw].item() == pytest.approx(value, abs=1e-5)


def test_levels_of_a_pyramid() -> None:
    compat.manual_seed(0)
    levels = {str(at): compat.randn(2, 3, 64 >> at, 48 >> at) for at in range(3)}
    found = [boxes(5) * 8, boxes(7) * 20]
    pool = ops.MultiScaleRoIAlign(["0", "1", "2"], 3, 2, canonical_scale=60)
    made = pool(levels, found, [(256, 192), (250, 180)])
    level = ops.poolers.LevelMapper(2, 4, 60)(found)
    assert len(set(level.tolist())) > 1
    for at in range(3):
        whole = ops.roi_align(levels[str(at)], found, 3, 0.25 / 2**at, 2)
        assert compat.allclose(made[level == at], whole[level == at], atol=1e-5)


def test_deformable_convolution_without_offsets_is_a_convolution() -> None:
    compat.manual_seed(0)
    x, weight = compat.randn(2, 4, 8, 9), compat.randn(6, 2, 3, 2)
    offset = compat.zeros(2, 2 * 2 * 6, 4, 5, requires_grad=True)
    made = ops.deform_conv2d(x, offset, weight, stride=2, padding=1, dilation=(1, 2))
    plain = compat.nn.functional.conv2d(x, weight, None, 2, 1, (1, 2), groups=2)
    assert compat.allclose(made, plain, atol=1e-4)
    made.sum().backward()
    assert bool((offset.grad != 0).any())
    moved = compat.zeros(1, 2, 8, 9)
    moved[:, 1] = 1.0  # each tap one pixel to the right
    one = ops.deform_conv2d(x[:1, :1], moved, compat.ones(1, 1, 1, 1))
    assert compat.allclose(one[..., :-1], x[:1, :1, :, 1:]) and not one[..., -1].any()


def test_losses_of_boxes() -> None:
    one, other = boxes(5), boxes(7)[:5]
    for loss, score in (
        (ops.generalized_box_iou_loss, ops.generalized_box_iou),
        (ops.distance_box_iou_loss, ops.distance_box_iou),
        (ops.complete_box_iou_loss, ops.complete_box_iou),
    ):
        assert compat.allclose(loss(one, other), 1 - score(one, other).diagonal(), atol=1e-5)
    logits, truth = compat.randn(5), compat.tensor([0.0, 1, 1, 0, 1])
    plain = compat.nn.functional.binary_cross_entropy_with_logits(logits, truth)
    focal = ops.sigmoid_focal_loss(logits, truth, alpha=-1, gamma=0, reduction="mean")
    assert compat.allclose(focal, plain)


def test_boxes_of_masks_and_dropped_blocks() -> None:
    masks = compat.zeros(2, 5, 6)
    masks[0, 1:3, 2:5] = 1
    masks[1, 4, 0] = 7
    assert ops.masks_to_boxes(masks).tolist() == [[2, 1, 4, 2], [0, 4, 0, 4]]
    compat.manual_seed(0)
    kept = ops.drop_block2d(compat.ones(4, 2, 12, 12), 0.2, 3)
    assert 0 < (kept == 0).float().mean().item() < 0.5
    assert kept.mean().item() == pytest.approx(1.0, abs=1e-4)
    with pytest.raises(ValueError, match="odd"):
        ops.drop_block2d(kept, 0.2, 4)
