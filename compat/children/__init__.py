"""Python processes that a program under `run` starts find torch as it does.

Their PYTHONPATH gets a folder with a `sitecustomize` that puts a finder in place. It costs
nothing until torch is imported. COMPAT_CHILDREN=0 leaves child processes alone.
"""

from __future__ import annotations

import os
from pathlib import Path

_START = Path(__file__).parent / "start"
_ROOT = Path(__file__).parent.parent.parent


def adopt() -> None:
    """Has every Python process that is started from now on find ours."""
    if os.environ.get("COMPAT_CHILDREN", "1") == "0":
        return
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    ours = [str(_START), str(_ROOT)]
    paths = [*ours, *(one for one in before if one and one not in ours)]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
