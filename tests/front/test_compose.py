"""Functions put together of others: `where` with numbers."""

from typing import Any

from tests.support.both import both


@both
def test_where_of_two_numbers(torch: Any, note: Any) -> None:
    condition = torch.tensor([True, False])
    for one, other in ((1, 2), (1.0, 2), (True, 2), (True, False), (1j, 2.0)):
        note(lambda: torch.where(condition, one, other))  # noqa: B023
        note(lambda: torch.where(condition, one, other).dtype)  # noqa: B023
