"""torch.linalg: what there is of it so far."""

from __future__ import annotations

from compat.core.errors import LinAlgError as LinAlgError
from compat.front.derive import FUNCTIONS

globals().update(FUNCTIONS["linalg"])
