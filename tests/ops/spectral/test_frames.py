"""Short-time transforms agree with PyTorch and undo each other."""

from typing import Any

import pytest

from tests.support.both import both
from tests.support.values import compared

SETTINGS: list[dict[str, Any]] = [
    {"n_fft": 8},
    {"n_fft": 9, "hop_length": 2, "win_length": 7, "center": False, "align_to_window": True},
    {"n_fft": 9, "hop_length": 3, "win_length": 7, "normalized": True, "onesided": False},
    {"n_fft": 8, "pad_mode": "constant", "center": True},
    {"n_fft": 8, "pad_mode": "replicate"},
    {"n_fft": 8, "return_complex": False},
]
REFUSED: list[dict[str, Any]] = [
    {"n_fft": 8, "hop_length": 0}, {"n_fft": 80}, {"n_fft": 8, "win_length": 9},
]  # fmt: skip


def _spectra(torch: Any, x: Any, settings: dict[str, Any]) -> Any:
    size = settings.get("win_length", settings["n_fft"])
    window = torch.hann_window(size, dtype=torch.float64)
    return torch.stft(x, window=window, **{"return_complex": True, **settings})


def _signal(torch: Any) -> Any:
    return torch.arange(60.0, dtype=torch.float64).sin().view(2, 30)


@pytest.mark.oracle
@pytest.mark.parametrize("at", range(len(SETTINGS)))
def test_spectra(at: int) -> None:
    compared(lambda torch, x: _spectra(torch, x, SETTINGS[at]), lambda torch: (_signal(torch),))


@both
def test_what_is_refused_or_warned_of(torch: Any, note: Any) -> None:
    x = _signal(torch)
    for wrong in REFUSED:
        note(lambda wrong=wrong: _spectra(torch, x, wrong))
    note(lambda: _spectra(torch, x, {"n_fft": 8}).stride())


@both
def test_there_and_back(torch: Any, note: Any) -> None:
    x = torch.arange(60.0, dtype=torch.float64).sin().view(2, 30)
    window = torch.hann_window(8, dtype=torch.float64)
    for half in (True, False):
        made = torch.stft(x, 8, window=window, onesided=half, return_complex=True)
        note(lambda made=made: torch.istft(made, 8, window=window))
        note(lambda made=made: torch.istft(made, 8, window=window, length=17))
    turned = torch.stft(torch.complex(x, x), 8, window=window, return_complex=True)
    note(lambda: torch.istft(turned, 8, window=window, return_complex=True, onesided=False))
    note(lambda: torch.istft(torch.view_as_real(turned), 8, window=window))


def test_the_call_of_0_4() -> None:
    import compat

    x = compat.arange(40.0).sin().view(2, 20)
    with pytest.warns(UserWarning, match="removed"):
        made = compat.stft(x, frame_length=6, hop=4, fft_size=8, pad_end=2)
    assert made.shape == (2, 5, 5, 2)
    frame = compat.fft.rfft(x[:, 4:10], 8).abs()
    assert compat.allclose(made[:, 1].square().sum(-1).sqrt(), frame, atol=1e-5)
