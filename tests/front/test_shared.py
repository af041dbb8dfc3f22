"""`asarray`: whose memory the tensor has, and what cannot be shared."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import compat

torch = pytest.importorskip("torch")

OPTIONS: list[dict[str, Any]] = [
    {}, {"copy": False}, {"copy": True}, {"dtype": "float64"}, {"dtype": "float64", "copy": False},
    {"requires_grad": True},
]  # fmt: skip


def told(t: Any, options: dict[str, Any]) -> list[Any]:
    """Type, identity, gradient and sharing of each kind of data, or the error."""
    if "dtype" in options:
        options = {**options, "dtype": t.float64}
    found: list[Any] = []
    own = t.ones(3)
    for data in (own, own * 2, np.ones(3), [1.0, 2.0], np.float32(2), 3):
        try:
            made = t.asarray(data, **options)
        except (RuntimeError, ValueError) as error:
            found.append((type(error).__name__, str(error)))
            continue
        found.append((str(made.dtype), made is data, made.requires_grad))
        if isinstance(data, np.ndarray):
            data[0] = 7
            found.append(made.tolist())
    return found


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_asarray(options: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert told(compat, options) == told(torch, options)
