"""torchvision.models.detection: the backbones that detectors stand on."""

from __future__ import annotations

from compat.vision.models.detection import backbone_utils as backbone_utils
