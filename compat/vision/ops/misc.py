"""torchvision.ops.misc, under the name that libraries import."""

from __future__ import annotations

from compat.vision.ops.layers import MLP as MLP
from compat.vision.ops.layers import Conv2dNormActivation as Conv2dNormActivation
from compat.vision.ops.layers import Conv3dNormActivation as Conv3dNormActivation
from compat.vision.ops.layers import ConvNormActivation as ConvNormActivation
from compat.vision.ops.layers import FrozenBatchNorm2d as FrozenBatchNorm2d
from compat.vision.ops.layers import Permute as Permute
from compat.vision.ops.layers import SqueezeExcitation as SqueezeExcitation
