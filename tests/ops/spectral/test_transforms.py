"""Fourier transforms agree with PyTorch, in every form, with gradients and refusals."""

from typing import Any

import pytest

from tests.support.both import both
from tests.support.values import compared

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = [f"{name}{n}" for name in ONE for n in ("2", "n")]


def _given(torch: Any, name: str) -> Any:
    x = torch.arange(48.0, dtype=torch.float64).sin().view(2, 4, 6)
    return torch.complex(x, x.cos()) if name[0] in "fi" and name[:2] not in ("ih",) else x


@pytest.mark.oracle
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("name", ONE + SEVERAL)
def test_values_and_gradients(name: str, norm: str) -> None:
    sizes = {"n": 5, "dim": 1} if name in ONE else {"s": (5, 3), "dim": (-1, 0)}
    compared(lambda torch, x: getattr(torch.fft, name)(x, norm=norm),
             lambda torch: (_given(torch, name),))  # fmt: skip
    compared(lambda torch, x: getattr(torch.fft, name)(x, norm=norm, **sizes),
             lambda torch: (_given(torch, name),))  # fmt: skip


@both
@pytest.mark.parametrize("name", ONE + SEVERAL)
def test_what_is_refused(torch: Any, note: Any, name: str) -> None:
    x, function = torch.ones(3, 4), getattr(torch.fft, name)
    note(lambda: function(x, norm="other"))
    note(lambda: function(x, 0 if name in ONE else (0, 2)))
    note(lambda: function(x.half()))
    note(lambda: function(x.int()).dtype)
    note(lambda: function(x, dim=7 if name in ONE else (0, 0)))
    if name in SEVERAL:
        note(lambda: function(x, s=(2,), dim=(0, 1)))
        note(lambda: function(x, s=(2, 2, 2)))


@both
def test_frequencies_and_shifts(torch: Any, note: Any) -> None:
    note(lambda: torch.fft.fftfreq(5, 0.5))
    note(lambda: torch.fft.rfftfreq(6, dtype=torch.float64))
    note(lambda: torch.fft.fftfreq(4, dtype=torch.int32))
    x = torch.arange(20).view(4, 5)
    note(lambda: (torch.fft.fftshift(x), torch.fft.ifftshift(x, 1)))
    note(lambda: torch.fft.fft(x, out=torch.empty(0, dtype=torch.complex128)))
