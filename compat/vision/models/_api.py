"""torchvision.models._api: checkpoints and the list of models, under the name libraries import."""

from __future__ import annotations

from compat.vision.models.weights import Weights as Weights
from compat.vision.models.weights import WeightsEnum as WeightsEnum
from compat.vision.models.weights import get_model as get_model
from compat.vision.models.weights import get_model_builder as get_model_builder
from compat.vision.models.weights import get_model_weights as get_model_weights
from compat.vision.models.weights import get_weight as get_weight
from compat.vision.models.weights import list_models as list_models
from compat.vision.models.weights import register_model as register_model
