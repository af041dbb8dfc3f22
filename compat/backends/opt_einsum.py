"""torch.backends.opt_einsum: in which order einsum multiplies; XLA is given one product."""

from __future__ import annotations

enabled = True
strategy = "auto"


def is_available() -> bool:
    """Whether orders are looked for: JAX brings the package that does it."""
    return True
