"""One call with both libraries: results and gradients must be the same numbers.

For results whose text says too little: complex numbers, numbers near zero, many digits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


def weighed(torch: Any, made: Any) -> Any:
    """A real number that depends on every element of a result, for its gradient."""
    flat = torch.view_as_real(made.resolve_conj()) if made.is_complex() else made
    flat = flat.reshape(-1)
    return (flat * torch.arange(1.0, flat.numel() + 1, dtype=flat.dtype).sin()).sum()


def compared(
    call: Callable[..., Any], make: Callable[[Any], tuple[Any, ...]], rtol: float = 1e-6
) -> None:
    """The result of a call on what `make` gives, and its gradients, must be those of PyTorch."""
    import compat

    sides = []
    for torch in (compat, pytest.importorskip("torch")):
        given = [one.detach().requires_grad_() for one in make(torch)]
        made = call(torch, *given)
        if given:
            weighed(torch, made).backward()
        grads = [None if one.grad is None else one.grad.resolve_conj().numpy() for one in given]
        sides.append([made.detach().resolve_conj().numpy(), *grads])
    for ours, theirs in zip(*sides, strict=True):
        assert (ours is None) == (theirs is None)
        if theirs is not None:
            assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
            assert np.allclose(ours, theirs, rtol, rtol / 100), np.abs(ours - theirs).max()
