"""torch.utils.hooks: the handle that takes a hook away again."""

from __future__ import annotations

from compat.autograd.handle import RemovableHandle as RemovableHandle
