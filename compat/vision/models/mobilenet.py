"""torchvision.models.mobilenet: both versions."""

from __future__ import annotations

from compat.vision.models import mobilenetv2, mobilenetv3
from compat.vision.models.mobilenetv2 import *  # noqa: F403
from compat.vision.models.mobilenetv3 import *  # noqa: F403

__all__: list[str] = []
__all__ += mobilenetv2.__all__
__all__ += mobilenetv3.__all__
