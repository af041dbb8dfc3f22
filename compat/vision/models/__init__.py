"""torchvision.models: networks for images, with torchvision's names of parameters."""

from __future__ import annotations

from compat.vision.models import _api as _api
from compat.vision.models import convnext as convnext
from compat.vision.models import densenet as densenet
from compat.vision.models import detection as detection
from compat.vision.models import efficientnet as efficientnet
from compat.vision.models import inception as inception
from compat.vision.models import mnasnet as mnasnet
from compat.vision.models import mobilenet as mobilenet
from compat.vision.models import regnet as regnet
from compat.vision.models import resnet as resnet
from compat.vision.models import segmentation as segmentation
from compat.vision.models import shufflenetv2 as shufflenetv2
from compat.vision.models import squeezenet as squeezenet
from compat.vision.models import swin_transformer as swin_transformer
from compat.vision.models import vgg as vgg
from compat.vision.models import video as video
from compat.vision.models import vision_transformer as vision_transformer
from compat.vision.models.alexnet import *  # noqa: F403
from compat.vision.models.convnext import *  # noqa: F403
from compat.vision.models.densenet import *  # noqa: F403
from compat.vision.models.efficientnet import *  # noqa: F403
from compat.vision.models.googlenet import *  # noqa: F403
from compat.vision.models.inception import *  # noqa: F403
from compat.vision.models.mnasnet import *  # noqa: F403
from compat.vision.models.mobilenet import *  # noqa: F403
from compat.vision.models.regnet import *  # noqa: F403
from compat.vision.models.resnet import *  # noqa: F403
from compat.vision.models.shufflenetv2 import *  # noqa: F403
from compat.vision.models.squeezenet import *  # noqa: F403
from compat.vision.models.swin_transformer import *  # noqa: F403
from compat.vision.models.vgg import *  # noqa: F403
from compat.vision.models.vision_transformer import *  # noqa: F403
from compat.vision.models.weights import Weights as Weights
from compat.vision.models.weights import WeightsEnum as WeightsEnum
from compat.vision.models.weights import get_model as get_model
from compat.vision.models.weights import get_model_builder as get_model_builder
from compat.vision.models.weights import get_model_weights as get_model_weights
from compat.vision.models.weights import get_weight as get_weight
from compat.vision.models.weights import list_models as list_models
