"""Boxes as rows (left, top, right, bottom): areas, overlaps, and which of many to keep."""

from __future__ import annotations

import math

import numpy as np

import compat as torch


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """The indices of boxes (N, 4) to keep, best first: each suppresses those below it that
    overlap it by more than the threshold. It looks at the values."""
    if boxes.dim() != 2 or boxes.shape[1] != 4:
        raise RuntimeError(f"boxes should be a 2d tensor of 4 columns, got {tuple(boxes.shape)}")
    if scores.dim() != 1 or scores.shape[0] != boxes.shape[0]:
        raise RuntimeError(
            "boxes and scores should have same number of elements in dimension 0, got "
            f"{boxes.shape[0]} and {scores.shape[0]}"
        )
    order = torch.argsort(scores, descending=True, stable=True).cpu().numpy()
    left, top, right, bottom = _wide(boxes.detach()).cpu().numpy()[order].T
    areas = (right - left) * (bottom - top)
    kept, alive = [], np.arange(len(order))
    # A row of overlaps for each kept box: never all pairs, of which there may be too many.
    while alive.size:
        best, alive = alive[0], alive[1:]
        kept.append(order[best])
        wide = np.minimum(right[best], right[alive]) - np.maximum(left[best], left[alive])
        tall = np.minimum(bottom[best], bottom[alive]) - np.maximum(top[best], top[alive])
        shared = np.maximum(wide, 0) * np.maximum(tall, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            overlap = shared / (areas[best] + areas[alive] - shared)
        alive = alive[~(overlap > iou_threshold)]
    return torch.tensor(np.array(kept, np.int64)).to(boxes.device)


def batched_nms(
    boxes: torch.Tensor, scores: torch.Tensor, idxs: torch.Tensor, iou_threshold: float
) -> torch.Tensor:
    """`nms` within each category of `idxs`."""
    if boxes.numel() == 0:
        return torch.empty((0,), dtype=torch.int64, device=boxes.device)
    apart = idxs.to(boxes) * (boxes.max() + 1)  # categories far from each other
    return nms(boxes + apart[:, None], scores, iou_threshold)


def remove_small_boxes(boxes: torch.Tensor, min_size: float) -> torch.Tensor:
    """The indices of boxes whose sides are at least so long."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return torch.where((sides >= min_size).all(1))[0]


def clip_boxes_to_image(boxes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Boxes cut at the edges of an image (height, width)."""
    height, width = size
    x, y = boxes[..., 0::2].clamp(0, width), boxes[..., 1::2].clamp(0, height)
    return torch.stack((x, y), dim=boxes.dim()).reshape(boxes.shape)


def _corners(boxes: torch.Tensor, fmt: str) -> torch.Tensor:
    if fmt == "xyxy":
        return boxes
    a, b, c, d = boxes.unbind(-1)
    if fmt == "xywh":
        return torch.stack([a, b, a + c, b + d], -1)
    return torch.stack([a - 0.5 * c, b - 0.5 * d, a + 0.5 * c, b + 0.5 * d], -1)


def box_convert(boxes: torch.Tensor, in_fmt: str, out_fmt: str) -> torch.Tensor:
    """Boxes in another form: 'xyxy' corners, 'xywh' corner and size, 'cxcywh' centre and size."""
    if in_fmt not in ("xyxy", "xywh", "cxcywh") or out_fmt not in ("xyxy", "xywh", "cxcywh"):
        raise ValueError(
            "Unsupported Bounding Box Conversions for given in_fmt and out_fmt, got "
            f"{in_fmt} and {out_fmt}"
        )
    if in_fmt == out_fmt:
        return boxes.clone()
    left, top, right, bottom = _corners(boxes, in_fmt).unbind(-1)
    if out_fmt == "xyxy":
        return torch.stack([left, top, right, bottom], -1)
    width, height = right - left, bottom - top
    if out_fmt == "xywh":
        return torch.stack([left, top, width, height], -1)
    return torch.stack([(left + right) / 2, (top + bottom) / 2, width, height], -1)


def box_area(boxes: torch.Tensor, fmt: str = "xyxy") -> torch.Tensor:
    """The area of each box."""
    left, top, right, bottom = _corners(boxes, fmt).unbind(-1)
    return (right - left) * (bottom - top)


def _wide(boxes: torch.Tensor) -> torch.Tensor:
    if boxes.is_floating_point():
        return boxes if boxes.dtype in (torch.float32, torch.float64) else boxes.float()
    return boxes if boxes.dtype in (torch.int32, torch.int64) else boxes.int()


def _shared(one: torch.Tensor, other: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    areas, others = box_area(_wide(one)), box_area(_wide(other))
    low = torch.max(one[:, None, :2], other[:, :2])
    high = torch.min(one[:, None, 2:], other[:, 2:])
    sides = _wide(high - low).clamp(min=0)
    inner = sides[:, :, 0] * sides[:, :, 1]
    return inner, areas[:, None] + others - inner


def box_iou(boxes1: torch.Tensor, boxes2: torch.Tensor, fmt: str = "xyxy") -> torch.Tensor:
    """What each pair of boxes shares over what it covers, (N, M)."""
    inner, outer = _shared(_corners(boxes1, fmt), _corners(boxes2, fmt))
    return inner / outer


def _hull(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    low = torch.min(one[:, None, :2], other[:, :2])
    high = torch.max(one[:, None, 2:], other[:, 2:])
    return _wide(high - low).clamp(min=0)


def generalized_box_iou(boxes1: torch.Tensor, boxes2: torch.Tensor) -> torch.Tensor:
    """`box_iou` less the part of the common hull that neither covers (Rezatofighi et al. 2019)."""
    inner, outer = _shared(boxes1, boxes2)
    sides = _hull(boxes1, boxes2)
    hull = sides[:, :, 0] * sides[:, :, 1]
    return inner / outer - (hull - outer) / hull


def _apart(
    boxes1: torch.Tensor, boxes2: torch.Tensor, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """`distance_box_iou`, and the plain one."""
    iou = box_iou(boxes1, boxes2)
    diagonal = (_hull(boxes1, boxes2) ** 2).sum(-1) + eps
    centres = [(one[:, :2] + one[:, 2:]) / 2 for one in (boxes1, boxes2)]
    squares = _wide(centres[0][:, None] - centres[1][None]) ** 2
    return iou - squares.sum(-1) / diagonal, iou


def distance_box_iou(
    boxes1: torch.Tensor, boxes2: torch.Tensor, eps: float = 1e-7
) -> torch.Tensor:
    """`box_iou` less the squared distance of centres over the hull's diagonal (Zheng 2020)."""
    return _apart(_wide(boxes1), _wide(boxes2), eps)[0]


def complete_box_iou(
    boxes1: torch.Tensor, boxes2: torch.Tensor, eps: float = 1e-7
) -> torch.Tensor:
    """`distance_box_iou` less how much the ratios of sides differ (Zheng 2020)."""
    distance, iou = _apart(_wide(boxes1), _wide(boxes2), eps)
    turns = [
        torch.atan((box[:, 2] - box[:, 0]) / (box[:, 3] - box[:, 1])) for box in (boxes1, boxes2)
    ]
    differ = (4 / math.pi**2) * (turns[0][:, None] - turns[1]) ** 2
    with torch.no_grad():
        weight = differ / (1 - iou + differ + eps)
    return distance - weight * differ


def masks_to_boxes(masks: torch.Tensor) -> torch.Tensor:
    """The boxes around the masks (N, H, W), float32 (N, 4); an empty mask has none (its box is
    of no meaning)."""
    if masks.numel() == 0:
        return torch.zeros((0, 4), dtype=torch.float, device=masks.device)
    _, height, width = masks.shape
    there = masks != 0
    ends = []
    for length, along in ((width, there.any(1)), (height, there.any(2))):
        at = torch.arange(length, device=masks.device)
        low = torch.where(along, at, length).amin(1)
        ends.append((low, torch.where(along, at, -1).amax(1)))
    (left, right), (top, bottom) = ends
    return torch.stack([left, top, right, bottom], 1).float()
