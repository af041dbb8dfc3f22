"""Settings of the C allocator, made before JAX starts, and of Python's collector, after it; and
host memory as XLA likes it."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from typing import Any

import numpy as np

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
    if os.environ.get("COMPAT_MALLOPT", "1") == "0" or not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # a C library without it
        return
    settings = ((_M_ARENA_MAX, 1), (_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2_000_000_000))
    tuned = all([mallopt(name, value) for name, value in settings])


def spare_collector() -> None:
    """Has Python's collector pass over what importing has made, which stays anyway.

    A recording loop makes and drops many small objects; full collections that walked JAX's
    modules each time took a tenth of a tagger's training. COMPAT_MALLOPT=0 leaves this, too.
    """
    if os.environ.get("COMPAT_MALLOPT", "1") != "0":
        gc.freeze()


def room(size: int) -> np.ndarray[Any, Any]:
    """So many bytes, not cleared, that XLA can use in place."""
    space = np.empty(size + ALIGNMENT, np.uint8)
    begin = -space.ctypes.data % ALIGNMENT
    return space[begin : begin + size]
