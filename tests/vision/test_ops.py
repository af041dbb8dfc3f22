"""Boxes and losses against plain definitions."""

from __future__ import annotations

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
