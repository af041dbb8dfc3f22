"""`stft` and `istft`: today's call and the one before 1.0, over the declared transforms."""

from __future__ import annotations

import warnings
from typing import Any

from compat.front.base import TensorBase
from compat.front.create import hidden
from compat.front.derive import FUNCTIONS

_NO_WINDOW = (
    "A window was not provided. A rectangular window will be applied,which is known to cause "
    "spectral leakage. Other windows such as torch.hann_window or torch.hamming_window are "
    "recommended to reduce spectral leakage.To suppress this warning and use a rectangular window, "
    "explicitly set `window=torch.ones(n_fft, device=<device>)`."
)
_NO_WINDOW_BACK = (
    "A window was not provided. A rectangular window will be applied.Please provide the same "
    "window used by stft to make the inversion lossless.To suppress this warning and use a "
    "rectangular window, explicitly set `window=torch.ones(n_fft, device=<device>)`."
)
_NOT_REAL = (
    "stft with return_complex=False is deprecated. In a future pytorch release, stft will return "
    "complex tensors for all inputs, and return_complex=False will raise an error.\nNote: you can "
    "still call torch.view_as_real on the complex output to recover the old return format."
)
_OLD_NAMES = {"signal", "frame_length", "hop", "fft_size", "pad_end"}


def stft(input: Any = None, n_fft: Any = None, hop_length: Any = None, win_length: Any = None,
         window: Any = None, center: bool = True, pad_mode: str = "reflect",
         normalized: bool = False, onesided: bool | None = None,
         return_complex: bool | None = None, align_to_window: bool | None = None,
         **old: Any) -> Any:  # fmt: skip
    """The spectra of a signal's frames, (..., frequencies, frames).

    Without return_complex (deprecated) real and imaginary parts stand in a last dim. The call of
    PyTorch 0.4 is told by its names (frame_length, hop, fft_size, pad_end), or by a transform
    that is longer than the frame: see `old_stft`.
    """
    longer = isinstance(win_length, int) and isinstance(n_fft, int) and win_length > n_fft
    if _OLD_NAMES & old.keys() or (longer and window is None and return_complex is None):
        given = {
            "signal": input, "frame_length": n_fft, "hop": hop_length, "fft_size": win_length,
            "normalized": normalized, "onesided": onesided is not False, "window": window,
        }  # fmt: skip
        return old_stft(**(given | old))
    if old:
        raise TypeError(f"stft() got an unexpected keyword argument '{next(iter(old))}'")
    hop = n_fft // 4 if hop_length is None else hop_length
    size = n_fft if win_length is None else win_length
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    if window is None:
        warnings.warn(_NO_WINDOW, UserWarning, stacklevel=2)
    is_complex = input._meta.dtype.is_complex or (
        window is not None and window._meta.dtype.is_complex
    )
    if return_complex is None:
        if not is_complex:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will "
                "further require that return_complex=True in a future PyTorch release."
            )
        return_complex = True
    made = hidden("_stft")(
        input, window, n_fft, hop, size, center, pad_mode, normalized, onesided, align_to_window
    )
    if return_complex:
        return made
    warnings.warn(_NOT_REAL, UserWarning, stacklevel=2)
    return FUNCTIONS["torch"]["view_as_real"](made)


def old_stft(signal: Any, frame_length: int, hop: int, fft_size: int | None = None,
             normalized: bool = False, onesided: bool = True, window: Any = None,
             pad_end: int = 0) -> Any:  # fmt: skip
    """PyTorch 0.4's transform of frames: not centered, (..., frames, frequencies, 2)."""
    warnings.warn(
        "this call of torch.stft was removed in PyTorch 1.0; use torch.stft(input, n_fft, "
        "hop_length, win_length, window, center=False, return_complex=True)",
        UserWarning,
        stacklevel=3,
    )
    size = frame_length if fft_size is None else fft_size
    if pad_end:
        zeros = signal.new_zeros((*signal.shape[:-1], pad_end))
        signal = FUNCTIONS["torch"]["cat"]([signal, zeros], -1)
    made = hidden("_stft")(
        signal, window, size, hop, frame_length, False, "reflect", normalized, onesided, True
    )
    return FUNCTIONS["torch"]["view_as_real"](made.transpose(-1, -2))


def istft(input: Any, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
          window: Any = None, center: bool = True, normalized: bool = False,
          onesided: bool | None = None, length: int | None = None,
          return_complex: bool = False) -> Any:  # fmt: skip
    """The signal of which `stft` gave these spectra."""
    if window is None:
        warnings.warn(_NO_WINDOW_BACK, UserWarning, stacklevel=2)
    rows = input._meta.shape[input.dim() - 2] if input.dim() > 1 else 0
    half = rows != n_fft if onesided is None else onesided
    hop = n_fft // 4 if hop_length is None else hop_length
    size = n_fft if win_length is None else win_length
    if length is not None:
        frames = input.size(-1)
        ended = n_fft + hop * (frames - 1) - (n_fft // 2 if center else 0)
        if ended < (n_fft // 2 if center else 0) + length:
            warnings.warn(
                "The length of signal is shorter than the length parameter. Result is being "
                "padded with zeros in the tail. Please check your center and hop_length settings.",
                UserWarning,
                stacklevel=2,
            )
    return hidden("_istft")(
        input, window, n_fft, hop, size, center, normalized, half, length, return_complex
    )


def derive_spectral(tensor: type[TensorBase]) -> None:
    """Puts both into the torch namespace and on Tensor."""
    for each in (stft, istft):
        FUNCTIONS["torch"][each.__name__] = each
        setattr(tensor, each.__name__, each)
