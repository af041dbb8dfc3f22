"""Anomaly detection: a backward that makes NaN names the forward line it belongs to."""

from __future__ import annotations

import sys
import traceback
import warnings
from typing import Any

import numpy as np

from compat.engine.section import _OURS
from compat.front import call
from compat.front.base import look
from compat.tape import backward as walk


def _note_line(node: Any, *_: Any) -> None:
    """Leaves the user's traceback at this moment, without our own frames, with a node."""
    frames = traceback.extract_stack(sys._getframe(2))
    kept = [frame for frame in frames if not frame.filename.startswith(_OURS)]
    node.line = "".join(traceback.format_list(kept))


def _check(node: Any, results: Any) -> None:
    for at, result in enumerate(results):
        if result is None:
            continue
        array = look(result[0])
        if array.dtype.kind in "fc" and np.isnan(array).any():
            line = getattr(node, "line", None)
            where = f" Traceback of forward call that caused the error:\n{line}" if line else ""
            warnings.warn(
                f"Error detected in {node.name()}.{where}", UserWarning, stacklevel=2
            )
            raise RuntimeError(
                f"Function '{node.name()}' returned nan values in its {at}th output."
            )


class set_detect_anomaly:
    """Sets whether each backward result is checked for NaN; also a context manager."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = _note_line in call.watchers, walk.check
        _watch(mode)
        walk.check = _check if mode and check_nan else None

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        watched, walk.check = self.before
        _watch(watched)


def _watch(mode: bool) -> None:
    if _note_line in call.watchers:
        call.watchers.remove(_note_line)
    if mode:
        call.watchers.append(_note_line)


def is_anomaly_enabled() -> bool:
    """Whether the lines of operations are noted and their gradients may be checked."""
    return _note_line in call.watchers


def is_anomaly_check_nan_enabled() -> bool:
    """Whether gradients are checked for NaN, or would be: it is the default."""
    return walk.check is not None or not is_anomaly_enabled()


def set_anomaly_enabled(enabled: bool, check_nan: bool = True) -> None:
    """Sets what `set_detect_anomaly` does, for good."""
    set_detect_anomaly(enabled, check_nan)


class detect_anomaly(set_detect_anomaly):
    """`with torch.autograd.detect_anomaly(): ...` finds the operation whose gradient is NaN."""

    def __init__(self, check_nan: bool = True) -> None:
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            UserWarning,
            stacklevel=2,
        )
        super().__init__(True, check_nan)
