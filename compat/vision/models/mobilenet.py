"""torchvision.models.mobilenet: both versions."""

from __future__ import annotations

from compat.vision.models.mobilenetv2 import *  # noqa: F403
from compat.vision.models.mobilenetv3 import *  # noqa: F403
