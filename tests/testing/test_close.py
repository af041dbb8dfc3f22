"""assert_close says what PyTorch's says, to the letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import compat

torch = pytest.importorskip("torch")

nan = float("nan")
CASES: dict[str, Callable[[Any], Any]] = {
    "elements": lambda t: (t.tensor([1.0, 2, 3]), t.tensor([1.0, 2.5, 4])),
    "near": lambda t: (t.tensor([1.0, 2]), t.tensor([1.0, 2.000001])),
    "single": lambda t: (t.tensor(1.0), t.tensor(2.0)),
    "numbers": lambda t: (1.0, 2.0),
    "shape": lambda t: (t.ones(2), t.ones(3)),
    "dtype": lambda t: (t.ones(2), t.ones(2, dtype=t.float64)),
    "length": lambda t: ([t.ones(2)], [t.ones(2), t.ones(2)]),
    "keys": lambda t: ({"a": t.ones(2)}, {"b": t.ones(2)}),
    "in a mapping": lambda t: ({"a": t.ones(2)}, {"a": t.zeros(2)}),
    "in a list": lambda t: ([1, t.ones(2)], [1, t.zeros(2)]),
    "integers": lambda t: (t.tensor([1, 2]), t.tensor([1, 3])),
    "nan": lambda t: (t.tensor([1.0, nan]), t.tensor([1.0, nan])),
    "bools": lambda t: (t.tensor([True, False]), t.tensor([True, True])),
    "text": lambda t: ("a", "b"),
    "kinds": lambda t: (1, 1.0),
    "none": lambda t: (None, None),
    "matrix": lambda t: (t.ones(2, 2), t.eye(2)),
}
OPTIONS: list[dict[str, Any]] = [{}, {"rtol": 0.3, "atol": 0.1}, {"rtol": 0, "atol": 0},
                                 {"equal_nan": True}, {"check_dtype": False},
                                 {"msg": "so"}]  # fmt: skip


def said(library: Any, case: str, options: dict[str, Any]) -> str | None:
    try:
        library.testing.assert_close(*CASES[case](library), **options)
    except (AssertionError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}".replace("compat.front.tensor", "torch")
    return None


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_says_the_same(case: str, options: dict[str, Any]) -> None:
    assert said(compat, case, options) == said(torch, case, options)


def test_made_tensors() -> None:
    made = compat.testing.make_tensor(3, 4, dtype=compat.int16, device="cpu", noncontiguous=True)
    assert made.shape == (3, 4) and not made.is_contiguous() and made.dtype is compat.int16
    made = compat.testing.make_tensor((50,), dtype=compat.float32, device="cpu", low=2, high=3)
    assert bool(((made >= 2) & (made < 3)).all())


def test_tolerances_go_together() -> None:
    with pytest.raises(ValueError, match="Both 'rtol' and 'atol' .* but got no atol"):
        compat.testing.assert_close(1.0, 1.0, rtol=1e-3)
