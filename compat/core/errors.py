"""How wrong arguments are refused: PyTorch's exception types and wording."""

from __future__ import annotations


class LinAlgError(RuntimeError):
    """A matrix that an operation of linear algebra cannot work with: `torch.linalg.LinAlgError`."""


def require(condition: object, message: str, kind: type[Exception] = RuntimeError) -> None:
    """Raises kind(message) unless the condition holds."""
    if not condition:
        raise kind(message)
