"""Conversions at the edges of a type, as PyTorch makes them."""

from typing import Any

from tests.support.both import both


@both
def test_numbers_beyond_eight_bits(torch: Any, note: Any) -> None:
    beyond = [448.0, 463.9, 465.0, 1e9, -1e9, float("inf"), -float("inf"), float("nan"), 1e-3]
    for name in ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"):
        kind = getattr(torch, name)
        note(lambda: torch.tensor(beyond).to(kind).float())  # noqa: B023
        note(lambda: torch.tensor(beyond, dtype=kind).float())  # noqa: B023
        note(lambda: torch.full((2,), 200.0, dtype=kind).float())  # noqa: B023
        note(lambda: torch.tensor([500, -3]).to(kind).float())  # noqa: B023
