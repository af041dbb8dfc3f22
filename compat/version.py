"""Which PyTorch the library stands for."""

from __future__ import annotations

__version__ = "2.13.0+compat"
cuda: str | None = None
hip: str | None = None
git_version = "unknown"
debug = False
