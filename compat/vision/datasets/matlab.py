"""MATLAB's files, read by SciPy, which is only imported for them: it takes a tenth of a second."""

from __future__ import annotations

import importlib
from typing import Any


def loadmat(path: Any, **options: Any) -> dict[str, Any]:
    """The variables of a file."""
    return importlib.import_module("scipy.io").loadmat(path, **options)
