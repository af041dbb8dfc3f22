"""torch.cuda.amp: autocast and the scaler for GPUs, under their older names."""

from __future__ import annotations

import functools

import compat as torch
from compat.amp.older_names import Autocast, Scaler


class autocast(Autocast):
    """`torch.autocast("cuda", ...)`."""

    kind, lower = "cuda", torch.float16


class GradScaler(Scaler):
    """`torch.amp.GradScaler("cuda", ...)`."""

    kind = "cuda"


custom_fwd = functools.partial(torch.amp.custom_fwd, device_type="cuda")
custom_bwd = functools.partial(torch.amp.custom_bwd, device_type="cuda")
