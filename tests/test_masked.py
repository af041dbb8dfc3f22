"""Masked reductions and normalisations beside PyTorch's."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from tests.support.both import both

NAMES = ["sum", "prod", "amax", "amin", "argmax", "argmin", "mean", "median", "logsumexp", "var",
         "std", "norm", "softmax", "log_softmax", "softmin", "cumsum", "cumprod",
         "normalize"]  # fmt: skip


@both
@pytest.mark.parametrize("name", NAMES)
def test_masked(torch: Any, note: Any, name: str) -> None:
    masked = importlib.import_module(f"{torch.__name__}.masked")
    x = torch.tensor([[0.5, -1.0, 2.0], [3.0, 1.5, -2.0]]).requires_grad_()
    mask = torch.tensor([[True, False, True], [False, True, True]])
    given = {"norm": (2.0, 1), "normalize": (2.0, 1)}.get(name, (1,))
    for one in (mask, None, mask & False):
        made = getattr(masked, name)(x, *given, mask=one)
        note(lambda made=made: made.detach())
        if name not in ("argmax", "argmin", "median") and (one is None or bool(one.any())):
            note(lambda made=made: torch.autograd.grad(made.cos().sum(), x)[0])
