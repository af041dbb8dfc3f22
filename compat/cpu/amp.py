"""torch.cpu.amp: autocast and the scaler for the host, under their older names."""

from __future__ import annotations

import compat as torch
from compat.amp.older_names import Autocast, Scaler


class autocast(Autocast):
    """`torch.autocast("cpu", ...)`."""

    kind, lower = "cpu", torch.bfloat16


class GradScaler(Scaler):
    """`torch.amp.GradScaler("cpu", ...)`."""

    kind = "cpu"
