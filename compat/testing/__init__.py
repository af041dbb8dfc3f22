"""torch.testing: comparing results, and tensors to compare with."""

from __future__ import annotations

from .close import assert_close as assert_close
from .make import make_tensor as make_tensor
