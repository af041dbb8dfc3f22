"""torch.amp: mixed precision. Operations choose their types, and losses are scaled."""

from __future__ import annotations

from compat.amp.autocast_mode import autocast as autocast
from compat.amp.autocast_mode import custom_bwd as custom_bwd
from compat.amp.autocast_mode import custom_fwd as custom_fwd
from compat.amp.autocast_mode import is_autocast_available as is_autocast_available
from compat.amp.grad_scaler import GradScaler as GradScaler
