"""Losses of detectors: focal loss, and what pairs of boxes do not share."""

from __future__ import annotations

import math

import compat as torch
from compat import nn

F = nn.functional


def _reduced(loss: torch.Tensor, reduction: str) -> torch.Tensor:
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction != "mean":
        raise ValueError(
            f"Invalid Value for arg 'reduction': '{reduction} \n Supported reduction modes: "
            "'none', 'mean', 'sum'"
        )
    # The mean of no boxes is 0 and still has a gradient.
    return loss.mean() if loss.numel() > 0 else 0.0 * loss.sum()


def sigmoid_focal_loss(
    inputs: torch.Tensor, targets: torch.Tensor, alpha: float = 0.25, gamma: float = 2,
    reduction: str = "none",
) -> torch.Tensor:  # fmt: skip
    """Cross-entropy of logits that weighs easy cases less (Lin et al. 2017).

    alpha  the weight of positives, from 0 to 1; -1 for no weights
    """
    if not (0 <= alpha <= 1) and alpha != -1:
        raise ValueError(f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 "
                         "for ignore.")  # fmt: skip
    p = torch.sigmoid(inputs)
    entropy = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    right = p * targets + (1 - p) * (1 - targets)
    loss = entropy * ((1 - right) ** gamma)
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    if reduction == "mean":
        return loss.mean()
    return _reduced(loss, reduction)


def _upcast(boxes: torch.Tensor) -> torch.Tensor:
    if boxes.is_floating_point():
        return boxes if boxes.dtype in (torch.float32, torch.float64) else boxes.float()
    return boxes if boxes.dtype in (torch.int32, torch.int64) else boxes.int()


def _pairs(
    one: torch.Tensor, other: torch.Tensor, eps: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of pairs of boxes (..., 4): what they share over what they cover, what they cover, and
    width and height of the box around both."""
    low, high = torch.max(one[..., :2], other[..., :2]), torch.min(one[..., 2:], other[..., 2:])
    sides = (high - low).clamp(min=0)
    shared = sides[..., 0] * sides[..., 1]
    shared = torch.where((high > low).all(-1), shared, torch.zeros_like(shared))
    areas = [(b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1]) for b in (one, other)]
    covered = areas[0] + areas[1] - shared
    hull = torch.max(one[..., 2:], other[..., 2:]) - torch.min(one[..., :2], other[..., :2])
    return shared / (covered + eps), covered, hull[..., 0], hull[..., 1]


def generalized_box_iou_loss(
    boxes1: torch.Tensor, boxes2: torch.Tensor, reduction: str = "none", eps: float = 1e-7
) -> torch.Tensor:
    """1 less the generalised IoU of pairs of boxes (Rezatofighi et al. 2019)."""
    one, other = _upcast(boxes1), _upcast(boxes2)
    iou, covered, width, height = _pairs(one, other, eps)
    hull = width * height
    return _reduced(1 - (iou - (hull - covered) / (hull + eps)), reduction)


def _distance(
    one: torch.Tensor, other: torch.Tensor, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    iou, _, width, height = _pairs(one, other, eps)
    centres = [(box[..., :2] + box[..., 2:]) / 2 for box in (one, other)]
    apart = ((centres[0] - centres[1]) ** 2).sum(-1)
    return 1 - iou + apart / (width**2 + height**2 + eps), iou


def distance_box_iou_loss(
    boxes1: torch.Tensor, boxes2: torch.Tensor, reduction: str = "none", eps: float = 1e-7
) -> torch.Tensor:
    """1 less the IoU of pairs of boxes, plus how far their centres are apart (Zheng 2020)."""
    return _reduced(_distance(_upcast(boxes1), _upcast(boxes2), eps)[0], reduction)


def complete_box_iou_loss(
    boxes1: torch.Tensor, boxes2: torch.Tensor, reduction: str = "none", eps: float = 1e-7
) -> torch.Tensor:
    """`distance_box_iou_loss` plus how much the ratios of sides differ (Zheng 2020)."""
    one, other = _upcast(boxes1), _upcast(boxes2)
    loss, iou = _distance(one, other, eps)
    turns = [
        torch.atan((box[..., 2] - box[..., 0]) / (box[..., 3] - box[..., 1]))
        for box in (one, other)
    ]
    differ = (4 / math.pi**2) * (turns[1] - turns[0]) ** 2
    with torch.no_grad():
        weight = differ / (1 - iou + differ + eps)
    return _reduced(loss + weight * differ, reduction)
