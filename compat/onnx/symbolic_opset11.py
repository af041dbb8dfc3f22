"""torch.onnx.symbolic_opset11: functions of the export that is not here yet."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)

    def later(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"torch.onnx.symbolic_opset11.{name}")

    return later
