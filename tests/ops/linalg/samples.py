"""Matrices that the tests of linear algebra share, and the comparison with PyTorch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

KINDS = ["float64", "complex128"]


def general(torch: Any, rows: int = 4, columns: int = 4, kind: str = "float64") -> Any:
    """A batch of two well-conditioned matrices."""
    a = torch.arange(2.0 * rows * columns, dtype=torch.float64).view(2, rows, columns)
    made = (a * 1.7).sin() + (a * a * 0.3).cos() / 3 + 2 * torch.eye(rows, columns).double()
    return made if kind == "float64" else torch.complex(made, (a * 2.3).cos() / 3)


def positive(torch: Any, n: int = 4, kind: str = "float64") -> Any:
    """A batch of two positive definite matrices."""
    a = general(torch, n, n, kind)
    return a @ a.mH / 3 + torch.diag(torch.arange(1.0, n + 1, dtype=torch.float64))


def weighed(torch: Any, made: Any) -> Any:
    """A real number that depends on every element of a result, for its gradient."""
    flat = torch.view_as_real(made) if made.is_complex() else made
    flat = flat.reshape(-1)
    return (flat * torch.arange(1.0, flat.numel() + 1, dtype=flat.dtype).sin()).sum()


def compared(call: Callable[..., Any], make: Callable[[Any], tuple[Any, ...]]) -> None:
    """The result of a call, and its gradients, must be those of PyTorch."""
    import compat

    sides = []
    for torch in (compat, pytest.importorskip("torch")):
        given = [one.detach().requires_grad_() for one in make(torch)]
        made = call(torch, *given)
        weighed(torch, made).backward()
        grads = [None if one.grad is None else one.grad.resolve_conj().numpy() for one in given]
        sides.append([made.detach().resolve_conj().numpy(), *grads])
    for ours, theirs in zip(*sides, strict=True):
        assert (ours is None) == (theirs is None)
        if theirs is not None:
            assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
            assert np.allclose(ours, theirs, rtol=1e-6, atol=1e-8), np.abs(ours - theirs).max()
