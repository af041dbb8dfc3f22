"""torchvision.models.segmentation: networks that name a class for each pixel."""

from __future__ import annotations

from compat.vision.models.segmentation.deeplabv3 import *  # noqa: F403
from compat.vision.models.segmentation.fcn import *  # noqa: F403
from compat.vision.models.segmentation.lraspp import *  # noqa: F403
