"""How wrong arguments are refused: PyTorch's exception types and wording."""

from __future__ import annotations


class LinAlgError(RuntimeError):
    """A matrix that an operation of linear algebra cannot work with: `torch.linalg.LinAlgError`."""


class AcceleratorError(RuntimeError):
    """What a GPU reports: `torch.AcceleratorError`. JAX's errors keep their own type."""


class FatalError(Exception):
    """An error after which a process cannot go on: `torch.FatalError`; nothing here raises it."""


class OutOfMemoryError(RuntimeError):
    """What was asked for does not fit into a device's memory: `torch.OutOfMemoryError`."""


def require(condition: object, message: str, kind: type[Exception] = RuntimeError) -> None:
    """Raises kind(message) unless the condition holds."""
    if not condition:
        raise kind(message)
