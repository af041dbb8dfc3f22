"""Making tensors, beside PyTorch's."""

from typing import Any

from tests.support.both import both


@both
def test_arange_of_whole_types_counts_by_fractions_but_for_int64(torch: Any, note: Any) -> None:
    for kind in (torch.int64, torch.int32, torch.uint8):
        for given in ((0, 4, 1.5), (0, 1, 0.5), (5, 1.5, -1.5), (1.7, 8, 2.5), (0, 4.7, 1)):
            note(lambda given=given, kind=kind: torch.arange(*given, dtype=kind))
    note(lambda: torch.arange(0, 64, 0.5, out=torch.zeros(0, dtype=torch.int64)))
