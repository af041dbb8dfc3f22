"""What calls are refused for their values or warn of their types: zero divisors, uint8 masks."""

import warnings

import pytest

import compat as torch


@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod"])
def test_whole_numbers_divided_by_zero(name: str) -> None:
    divide, whole = getattr(torch, name), torch.tensor([4, 5, 6])
    for zero in (0, False, torch.tensor(0), torch.tensor([1, 0, 2])):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            divide(whole, zero).tolist()
    assert divide(whole, torch.tensor([1, 2, 3])).shape == (3,)
    assert divide(whole[:0], 0).tolist() == divide(whole[:0], torch.tensor(0)).tolist() == []
    assert not torch.isfinite(divide(whole, 0.0)).any()
    assert not torch.isfinite(divide(whole.float(), 0)).any()


def test_division_that_rounds() -> None:
    whole = torch.tensor([4, 5])
    for mode in ("trunc", "floor"):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            torch.div(whole, 0, rounding_mode=mode)
    assert torch.isinf(torch.div(whole, 0)).all()
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        (1 // torch.tensor([0, 1])).tolist()
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        whole %= 0


def test_masks_of_bytes_warn() -> None:
    x, mask = torch.arange(3.0), torch.tensor([1, 0, 1], dtype=torch.uint8)
    calls = {
        "masked_select": lambda: torch.masked_select(x, mask),
        "masked_fill_": lambda: x.masked_fill(mask, 9),
        "masked_scatter_": lambda: x.masked_scatter(mask, x),
        "indexing": lambda: x[mask],
    }
    for name, call in calls.items():
        for _ in range(2):  # a plan that is known warns as well
            with pytest.warns(UserWarning, match=f"^{name} .*torch.uint8"):
                call()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        torch.masked_select(x, mask.bool()), x.masked_fill(mask.bool(), 9), x[mask.bool()]
