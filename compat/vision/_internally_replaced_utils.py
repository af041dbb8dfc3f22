"""torchvision's way to `torch.hub`, under the name that models beside torchvision's import."""

from __future__ import annotations

import os

from compat.hub import _get_torch_home
from compat.hub import load_state_dict_from_url as load_state_dict_from_url

_HOME = os.path.join(_get_torch_home(), "datasets", "vision")
_USE_SHARDED_DATASETS = False
