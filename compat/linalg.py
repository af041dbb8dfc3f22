"""torch.linalg: what there is of it so far."""

from __future__ import annotations

from typing import Any

from compat.core.errors import LinAlgError as LinAlgError
from compat.front.create import hidden
from compat.front.derive import FUNCTIONS, into_all

globals().update(FUNCTIONS["linalg"])


def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *,
                dtype: Any = None, out: Any = None) -> Any:  # fmt: skip
    """The p-norm of all elements, or along dims."""
    made = hidden("_norm")(x, ord, dim, keepdim, dtype=dtype)
    return made if out is None else into_all(out, made)
