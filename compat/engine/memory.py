"""Memory: the C allocator's settings, made before JAX starts, and Python's collector's, after it;
host memory as XLA likes it; what is said when there is too little."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from typing import Any, NoReturn

import numpy as np

from compat.core.errors import OutOfMemoryError

ALIGNMENT = 64  # XLA uses an array that begins at a multiple of it in place, and copies others
_M_TRIM_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -4, -8
tuned = False


def tune_allocator() -> None:
    """Has glibc keep freed memory.

    XLA:CPU allocates its temporary arena at each execution, and glibc gives what is above 32 MB
    back each time, which made a GPT step 90 ms instead of 53. The price is some 20-40% more
    resident memory, for the whole process; COMPAT_MALLOPT=0 leaves the allocator alone.
    """
    global tuned
    if not _tunes() or not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # a C library without it
        return
    settings = ((_M_ARENA_MAX, 1), (_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2_000_000_000))
    tuned = all([mallopt(name, value) for name, value in settings])


def raise_as_torch(error: Exception) -> NoReturn:
    """Raises the error, in PyTorch's type when XLA or NumPy had too little memory."""
    text = str(error)
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text or "Out of memory" in text:
        raise OutOfMemoryError(text) from error
    raise error


def rest_collector() -> bool:
    """Switches Python's collector off while importing makes what stays; tells whether it did.

    COMPAT_MALLOPT=0 leaves it alone, here and afterwards.
    """
    rests = _tunes() and gc.isenabled()
    if rests:
        gc.disable()
    return rests


def spare_collector(rested: bool) -> None:
    """Has Python's collector pass over what importing has made, and switches it on if it rested.

    A recording loop makes and drops many small objects; full collections that walked JAX's
    modules each time took a tenth of a tagger's training.
    """
    if _tunes():
        gc.freeze()
    if rested:
        gc.enable()


def _tunes() -> bool:
    return os.environ.get("COMPAT_MALLOPT", "1") != "0"


def room(size: int) -> np.ndarray[Any, Any]:
    """So many bytes, not cleared, that XLA can use in place."""
    space = np.empty(size + ALIGNMENT, np.uint8)
    begin = -space.ctypes.data % ALIGNMENT
    return space[begin : begin + size]
