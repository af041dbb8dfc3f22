"""torchvision.models.video: networks for films."""

from __future__ import annotations

from compat.vision.models.video.resnet import *  # noqa: F403
