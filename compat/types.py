"""torch.types: names for annotations."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import Any, TypeAlias

import compat as torch

Tensor = torch.Tensor
Device: TypeAlias = torch.device | str | int | None
Number: TypeAlias = int | float | bool
FileLike: TypeAlias = str | os.PathLike[str] | Any
Storage = torch.UntypedStorage

_bool, _int, _float, _complex = builtins.bool, builtins.int, builtins.float, builtins.complex
_device, _dtype, _layout = torch.device, torch.dtype, torch.layout
_size: TypeAlias = torch.Size | list[int] | tuple[int, ...]
_TensorOrTensors: TypeAlias = torch.Tensor | Sequence[torch.Tensor]
_symint, _qscheme = builtins.int, Any
