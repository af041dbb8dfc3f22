"""One thread for the host's products.

OpenBLAS hands products of more than some 10,000 terms to its threads and waits for them in a
loop. While the other cores work at something else, as at compiling, that takes 16 ms for what one
thread does in 0.1.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def _functions() -> tuple[Callable[[], int], Callable[[int], Any]]:
    """How many threads NumPy's OpenBLAS uses, and what sets it."""
    for path in (Path(np.__file__).parent.parent / "numpy.libs").glob("*openblas*"):
        library = ctypes.CDLL(str(path))  # the one that is loaded already
        for name in ("scipy_openblas_{}64_", "openblas_{}64_", "openblas_{}"):
            get = getattr(library, name.format("get_num_threads"), None)
            set = getattr(library, name.format("set_num_threads"), None)
            if get is not None and set is not None:
                return get, set
    return (lambda: 1), (lambda count: None)


_get, _set = _functions()


class OneThread:
    """`with OneThread():` keeps OpenBLAS to one thread; nothing where NumPy has another BLAS."""

    __slots__ = ("before",)

    def __enter__(self) -> None:
        self.before = _get()
        if self.before != 1:
            _set(1)

    def __exit__(self, *exc: object) -> None:
        if self.before != 1:
            _set(self.before)
