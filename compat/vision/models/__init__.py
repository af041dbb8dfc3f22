"""torchvision.models: networks for images, with torchvision's names of parameters."""

from __future__ import annotations

from compat.vision.models import densenet as densenet
from compat.vision.models import resnet as resnet
from compat.vision.models import squeezenet as squeezenet
from compat.vision.models import vgg as vgg
from compat.vision.models.alexnet import *  # noqa: F403
from compat.vision.models.densenet import *  # noqa: F403
from compat.vision.models.resnet import *  # noqa: F403
from compat.vision.models.squeezenet import *  # noqa: F403
from compat.vision.models.vgg import *  # noqa: F403
from compat.vision.models.weights import Weights as Weights
from compat.vision.models.weights import WeightsEnum as WeightsEnum
from compat.vision.models.weights import get_model as get_model
from compat.vision.models.weights import get_model_builder as get_model_builder
from compat.vision.models.weights import get_model_weights as get_model_weights
from compat.vision.models.weights import list_models as list_models
