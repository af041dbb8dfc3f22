"""Making tensors, beside PyTorch's."""

from typing import Any

import pytest

import compat
from tests.support.both import both


@both
def test_arange_of_whole_types_counts_by_fractions_but_for_int64(torch: Any, note: Any) -> None:
    for kind in (torch.int64, torch.int32, torch.uint8):
        for given in ((0, 4, 1.5), (0, 1, 0.5), (5, 1.5, -1.5), (1.7, 8, 2.5), (0, 4.7, 1)):
            note(lambda given=given, kind=kind: torch.arange(*given, dtype=kind))
    note(lambda: torch.arange(0, 64, 0.5, out=torch.zeros(0, dtype=torch.int64)))


@pytest.mark.parametrize("first", ["cpu", "meta"])
def test_equal_calls_on_two_devices(first: str) -> None:
    """A plan that was made for one device is not taken for the other."""
    count = 23 if first == "cpu" else 29
    for name in (first, "meta" if first == "cpu" else "cpu", first):
        with compat.device(name):
            made = [
                compat.arange(count), compat.linspace(0, 1, count), compat.eye(count),
                compat.zeros(count), compat.full((count,), 2), compat.tril_indices(count, count),
            ]  # fmt: skip
        assert {one.device.type for one in made} == {name}
