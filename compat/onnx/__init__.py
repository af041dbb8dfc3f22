"""torch.onnx: names that libraries import. Export is not here yet and says so when called."""

from __future__ import annotations

import enum
from typing import Any

from compat.onnx import symbolic_helper as symbolic_helper
from compat.onnx import symbolic_opset11 as symbolic_opset11


class TrainingMode(enum.Enum):
    """Which form of a model is exported."""

    EVAL, PRESERVE, TRAINING = range(3)


class OperatorExportTypes(enum.Enum):
    """What operators may become."""

    ONNX, ONNX_ATEN, ONNX_ATEN_FALLBACK, ONNX_FALLTHROUGH = range(4)


def is_in_onnx_export() -> bool:
    """Whether a model is being exported."""
    return False


def register_custom_op_symbolic(
    symbolic_name: str, symbolic_fn: Any, opset_version: int, custom_opsets: Any = None
) -> None:
    """Keeps how an operator of a library's own is exported, for the export that is to come."""
    _symbolics[symbolic_name, opset_version] = symbolic_fn


_symbolics: dict[tuple[str, int], Any] = {}


def export(*args: Any, **kwargs: Any) -> None:
    """NotImplementedError."""
    raise NotImplementedError("torch.onnx.export")
