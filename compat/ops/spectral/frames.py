"""Short-time Fourier transforms: of frames of a signal, and back by adding them up."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from compat.core.dtype import type_name
from compat.core.errors import require
from compat.ops.declare import op
from compat.ops.roles import Array, Flag

_HIDDEN: dict[str, Any] = {"homes": ("hidden",), "out": False}


def frames_of(x: jax.Array, size: int, hop: int) -> jax.Array:
    """Frames of the last dim: (..., count, size)."""
    count = 1 + (x.shape[-1] - size) // hop
    place = hop * jnp.arange(count)[:, None] + jnp.arange(size)
    return x[..., place]


def _window(window: jax.Array | None, length: int, n_fft: int, kind: Any) -> jax.Array:
    """The window, or ones, padded on both sides to the size of the transform."""
    made = jnp.ones(length, kind) if window is None else window
    left = (n_fft - length) // 2
    return jnp.pad(made, (left, n_fft - length - left))


_PADS = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _padded(x: jax.Array, by: int, mode: str) -> jax.Array:
    require(mode in _PADS, f"Unrecognised padding mode {mode}", NotImplementedError)
    require(
        mode == "constant" or by < x.shape[-1],
        f"Argument #4: Padding size should be less than the corresponding input dimension, but "
        f"got: padding ({by}, {by}) at dimension 2 of input "
        f"{[1] * (3 - x.ndim) + list(x.shape)}",
    )
    return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(by, by)], mode=_PADS[mode])


def _frequencies_first(out: Any, *_: Any) -> tuple[int, ...]:
    """The strides of a result that was computed frame by frame."""
    *lead, bins, frames = out.shape
    return (*[bins * frames] * len(lead), 1, bins)


def _tensor_text(x: Any) -> str:
    return f"torch.{type_name(x.dtype)}Tensor"


@op(**_HIDDEN, name="_stft", strides=_frequencies_first, extras={"node": "StftBackward0"})
def stft(input: Array, window: Array | None, n_fft: int, hop_length: int, win_length: int,
         center: Flag, pad_mode: str, normalized: Flag, onesided: bool | None,
         aligned: bool | None) -> Array:  # fmt: skip
    """Complex spectra (..., frequencies, frames) of the frames of a signal (time) or
    (batch, time); centered frames see the signal padded by half a frame on both sides,
    `aligned` frames start every hop where the window fits."""
    x = _padded(input, n_fft // 2, pad_mode) if center else input
    shown = f"{_tensor_text(window)}{{{list(window.shape)}}}" if window is not None else "None"
    told = {None: "None", True: "1", False: "0"}
    text = (
        f"stft({_tensor_text(x)}{list(x.shape)}, n_fft={n_fft}, hop_length={hop_length}, "
        f"win_length={win_length}, window={shown}, normalized={told[bool(normalized)]}, "
        f"onesided={told[onesided]}, return_complex=1, align_to_window={told[aligned]}) : expected "
    )
    require(x.dtype.kind not in "iub", text + "a tensor of floating point or complex values")
    require(x.ndim in (1, 2), text + "a 1D or 2D tensor")
    require(0 < n_fft <= x.shape[-1], f"{text}0 < n_fft < {x.shape[-1]}, but got n_fft={n_fft}")
    require(hop_length > 0, f"{text}hop_length > 0, but got hop_length={hop_length}")
    require(
        0 < win_length <= n_fft,
        f"{text}0 < win_length <= n_fft, but got win_length={win_length}",
    )
    require(
        window is None or window.shape == (win_length,),
        f"{text}a 1D window tensor of size equal to win_length={win_length}, but got window with "
        f"size {list(window.shape) if window is not None else []}",
    )
    is_complex = x.dtype.kind == "c" or (window is not None and window.dtype.kind == "c")
    require(
        not (is_complex and onesided),
        "Cannot have onesided output if window or input is complex",
    )
    if aligned:
        left = (n_fft - win_length) // 2
        x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(left, n_fft - win_length - left)])
    frames = frames_of(x, n_fft, hop_length) * _window(window, win_length, n_fft, x.dtype)
    half = not is_complex if onesided is None else onesided
    norm = "ortho" if normalized else None
    made = jnp.fft.rfft(frames, norm=norm) if half else jnp.fft.fft(frames, norm=norm)
    return jnp.swapaxes(made, -1, -2)


@op(**_HIDDEN, name="_istft", extras={"node": "IstftBackward0"},
    guard=(RuntimeError, "istft(...) window overlap add min: 1"))  # fmt: skip
def istft(input: Array, window: Array | None, n_fft: int, hop_length: int, win_length: int,
          center: Flag, normalized: Flag, onesided: Flag, length: int | None,
          return_complex: Flag) -> tuple[Array, Array]:  # fmt: skip
    """The signal of which these are the spectra, by least squares: frames are windowed, added
    up, and divided by the sum of squared windows.

    D. W. Griffin and J. S. Lim, "Signal estimation from modified short-time Fourier transform",
    IEEE ASSP 32 (1984).
    """
    _check_inverse(input, window, n_fft, hop_length, win_length, onesided, return_complex)
    norm = "ortho" if normalized else None
    spectra = jnp.swapaxes(input, -1, -2)
    if return_complex:
        frames = jnp.fft.ifft(spectra, norm=norm)
    elif onesided:
        frames = jnp.fft.irfft(spectra, n_fft, norm=norm)
    else:
        frames = jnp.fft.irfft(spectra[..., : n_fft // 2 + 1], n_fft, norm=norm)
    real = frames.real.dtype
    padded = _window(window, win_length, n_fft, real)
    count = frames.shape[-2]
    total = n_fft + hop_length * (count - 1)
    place = hop_length * jnp.arange(count)[:, None] + jnp.arange(n_fft)
    kind = jnp.result_type(frames, padded)
    added = jnp.zeros((*frames.shape[:-2], total), kind).at[..., place].add(frames * padded)
    squares = jnp.broadcast_to(padded * padded, place.shape)
    weight = jnp.zeros(total, padded.dtype).at[place].add(squares)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - (n_fft // 2 if center else 0)
    kept = slice(start, min(end, total))
    fine = jnp.abs(weight[kept]).min() > 1e-11
    made = added[..., kept] / weight[kept]
    short = (end - start) - made.shape[-1]
    if short > 0:
        made = jnp.pad(made, [(0, 0)] * (made.ndim - 1) + [(0, short)])
    return made, fine


def _check_inverse(x: jax.Array, window: Any, n_fft: int, hop: int, size: int, onesided: bool,
                   return_complex: bool) -> None:  # fmt: skip
    require(
        x.dtype.kind == "c",
        "istft requires a complex-valued input tensor matching the output from stft with "
        "return_complex=True.",
    )
    text = f"istft(CPU{type_name(x.dtype)}Type{list(x.shape)}, n_fft={n_fft}, hop_length={hop}) : "
    require(x.size > 0, text + "input tensor cannot be empty.")
    require(x.ndim in (2, 3), text + "expected a tensor with 2 or 3 dimensions")
    rows = x.shape[-2]
    require(
        rows == (n_fft // 2 + 1 if onesided else n_fft),
        f"{text}expected the frequency dimension (3rd to the last) of the input tensor to match "
        f"n_fft{' / 2 + 1 when onesided=True' if onesided else ' when onesided=False'}, but got "
        f"{rows}",
    )
    require(0 < hop <= size, text + "expected 0 < hop_length <= win_length")
    require(0 < size <= n_fft, text + "expected 0 < win_length <= n_fft")
    require(
        window is None or window.shape == (size,),
        text + "Invalid window shape. window has to be 1D and length of `win_length`",
    )
    if return_complex:
        require(not onesided, "Cannot have onesided output if window or input is complex")
    elif window is not None:
        require(
            window.dtype.kind != "c", "Complex windows are incompatible with return_complex=False"
        )
