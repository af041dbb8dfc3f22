"""The chapters of the op library: importing one declares what is in it."""

from __future__ import annotations

import importlib

CHAPTERS = (
    "create",
    "pointwise.arithmetic",
    "shape.views",
)


def load() -> None:
    """Imports every chapter."""
    for chapter in CHAPTERS:
        importlib.import_module(f"compat.ops.{chapter}")
