"""Windows agree with PyTorch, symmetric and periodic, with their refusals."""

from typing import Any

import pytest

from tests.support.both import both
from tests.support.values import compared

NAMES = ["bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine",
         "general_hamming", "hamming", "hann", "kaiser", "nuttall"]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", NAMES)
def test_windows(name: str) -> None:
    more = {"a": [0.5, 0.3, 0.2]} if name == "general_cosine" else {}
    for count in (0, 1, 2, 7, 8):
        for sym in (True, False):
            settings = {"sym": sym, **more}
            compared(lambda torch: getattr(torch.signal.windows, name)(
                count, dtype=torch.float64, **settings), lambda torch: ())  # fmt: skip


@both
@pytest.mark.parametrize("name", NAMES)
def test_refusals(torch: Any, note: Any, name: str) -> None:
    function = getattr(torch.signal.windows, name)
    more = {"a": [0.5, 0.3, 0.2]} if name == "general_cosine" else {}
    note(lambda: function(-1, **more))
    note(lambda: function(5, dtype=torch.float16, **more))
    note(lambda: function(5, requires_grad=True, **more).requires_grad)


@both
def test_settings(torch: Any, note: Any) -> None:
    windows = torch.signal.windows
    note(lambda: windows.exponential(5, center=1))
    note(lambda: windows.exponential(5, center=1, sym=False, tau=2.0))
    note(lambda: windows.exponential(5, tau=-1))
    note(lambda: windows.gaussian(5, std=0))
    note(lambda: windows.kaiser(5, beta=-1))
    note(lambda: windows.general_cosine(5, a=[]))
    note(lambda: windows.general_cosine(5, a=1))


@both
@pytest.mark.parametrize("name", ["hann", "hamming", "blackman", "bartlett", "kaiser"])
def test_periodic_windows(torch: Any, note: Any, name: str) -> None:
    function = getattr(torch, f"{name}_window")
    for count in (0, 1, 2, 7, 8, -1):
        note(lambda count=count: function(count).mul(100).round())
        note(lambda count=count: function(count, False).mul(100).round().abs())
    note(lambda: function(5, requires_grad=True).requires_grad)
    note(lambda: function(5, dtype=torch.float64).dtype)
    note(lambda: function(5.5))
