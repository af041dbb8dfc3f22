"""Pictures between files, their bytes, and tensors uint8 (channels, height, width), by Pillow."""

from __future__ import annotations

import enum
import io
import os
from typing import Any

import numpy as np

import compat as torch
from compat.vision.transforms.names import Image, ImageOps, need


class ImageReadMode(enum.Enum):
    """Which channels to give, whatever the file has."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4
    RGBA = RGB_ALPHA


_MODES = {
    ImageReadMode.GRAY: "L", ImageReadMode.GRAY_ALPHA: "LA", ImageReadMode.RGB: "RGB",
    ImageReadMode.RGB_ALPHA: "RGBA",
}  # fmt: skip
_WIDE = ("I;16", "I;16B", "I;16L", "I")


def read_file(path: str) -> torch.Tensor:
    """The bytes of a file, uint8 (length,)."""
    with open(path, "rb") as file:
        return torch.tensor(np.frombuffer(file.read(), np.uint8).copy())


def write_file(filename: str, data: torch.Tensor) -> None:
    """Writes bytes, uint8 (length,), to a file."""
    if data.dtype != torch.uint8 or data.dim() != 1:
        raise RuntimeError("Input tensor should be 1-dimensional and of type uint8")
    with open(filename, "wb") as file:
        file.write(data.cpu().numpy().tobytes())


def _mode(mode: Any) -> ImageReadMode:
    return ImageReadMode[mode.upper()] if isinstance(mode, str) else mode


def _opened(data: Any) -> Any:
    need()
    if isinstance(data, torch.Tensor):
        if data.dtype != torch.uint8 or data.dim() != 1 or data.numel() == 0:
            raise RuntimeError("Input tensor must be 1-dimensional uint8 and not empty")
        return Image.open(io.BytesIO(data.cpu().numpy().tobytes()))
    return Image.open(io.BytesIO(data))


def _tensor(picture: Any, mode: ImageReadMode) -> torch.Tensor:
    if picture.mode in _WIDE and mode in (ImageReadMode.UNCHANGED, ImageReadMode.GRAY):
        return torch.tensor(np.asarray(picture).astype(np.uint16)[None])
    if mode is not ImageReadMode.UNCHANGED:
        picture = picture.convert(_MODES[mode])
    elif picture.mode == "P":
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    elif picture.mode == "1":
        picture = picture.convert("L")
    pixels = np.array(picture, np.uint8)
    pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return torch.tensor(np.ascontiguousarray(pixels))


def _decoded(input: Any, mode: Any, upright: bool, kinds: tuple[str, ...] = ()) -> torch.Tensor:
    with _opened(input) as picture:
        if kinds and picture.format not in kinds:
            raise RuntimeError(f"Not a {kinds[0]} file, but {picture.format}")
        chosen = ImageOps.exif_transpose(picture) if upright else picture
        return _tensor(chosen, _mode(mode))


def decode_image(
    input: torch.Tensor | str | os.PathLike[str], mode: Any = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> torch.Tensor:  # fmt: skip
    """A picture of any kind, from its bytes, uint8 (length,), or a path.

    mode                    an ImageReadMode, or its name
    apply_exif_orientation  turns it as its EXIF data say

    It is uint8 (channels, height, width), or uint16 where the file has 16 bits a pixel; a GIF
    that moves has its pictures before that.
    """
    data = read_file(os.fspath(input)) if not isinstance(input, torch.Tensor) else input
    with _opened(data) as picture:
        if picture.format == "GIF":
            return decode_gif(data)
    return _decoded(data, mode, apply_exif_orientation)


def read_image(
    path: Any, mode: Any = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False
) -> torch.Tensor:
    """The picture of a file, as `decode_image` gives it."""
    return decode_image(read_file(os.fspath(path)), mode, apply_exif_orientation)


def decode_png(
    input: torch.Tensor, mode: Any = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False
) -> torch.Tensor:
    """A PNG's picture, from its bytes."""
    return _decoded(input, mode, apply_exif_orientation, ("PNG",))


def decode_jpeg(
    input: Any, mode: Any = ImageReadMode.UNCHANGED, device: Any = "cpu",
    apply_exif_orientation: bool = False,
) -> Any:  # fmt: skip
    """A JPEG's picture, from its bytes, or a list of pictures from a list of such."""
    if isinstance(input, list):
        return [decode_jpeg(one, mode, device, apply_exif_orientation) for one in input]
    return _decoded(input, mode, apply_exif_orientation, ("JPEG", "MPO")).to(device)


def decode_webp(input: torch.Tensor, mode: Any = ImageReadMode.UNCHANGED) -> torch.Tensor:
    """A WebP's picture, from its bytes."""
    return _decoded(input, mode, False, ("WEBP",))


def decode_gif(input: torch.Tensor) -> torch.Tensor:
    """A GIF's picture (3, H, W), or its pictures (N, 3, H, W) when there are several."""
    with _opened(input) as picture:
        frames = []
        for at in range(getattr(picture, "n_frames", 1)):
            picture.seek(at)
            frames.append(_tensor(picture, ImageReadMode.RGB))
    return frames[0] if len(frames) == 1 else torch.stack(frames)


def _picture(input: torch.Tensor) -> Any:
    need()
    if input.dtype != torch.uint8:
        raise RuntimeError("Input tensor dtype should be uint8")
    if input.dim() != 3 or input.shape[0] not in (1, 3):
        raise RuntimeError(
            f"The number of channels should be 1 or 3, got: {tuple(input.shape)}"
        )
    pixels = input.cpu().numpy()
    return Image.fromarray(
        np.ascontiguousarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
    )


def _encoded(input: torch.Tensor, kind: str, **options: Any) -> torch.Tensor:
    place = io.BytesIO()
    _picture(input).save(place, kind, **options)
    return torch.tensor(np.frombuffer(place.getvalue(), np.uint8).copy())


def encode_png(input: torch.Tensor, compression_level: int = 6) -> torch.Tensor:
    """A picture, uint8 (1 or 3, H, W), as a PNG's bytes; compression_level from 0 to 9."""
    if not 0 <= compression_level <= 9:
        raise RuntimeError("Compression level should be between 0 and 9")
    return _encoded(input, "PNG", compress_level=compression_level)


def encode_jpeg(input: Any, quality: int = 75) -> Any:
    """A picture, uint8 (1 or 3, H, W), as a JPEG's bytes (quality from 1 to 100), or a list of
    such as a list."""
    if not 1 <= quality <= 100:
        raise ValueError("Image quality should be a positive number between 1 and 100")
    if isinstance(input, list):
        if not input:
            raise ValueError("encode_jpeg requires at least one input tensor when a list is passed")
        return [encode_jpeg(one, quality) for one in input]
    return _encoded(input, "JPEG", quality=quality)


def write_png(input: torch.Tensor, filename: str, compression_level: int = 6) -> None:
    """Writes a picture to a PNG file."""
    write_file(filename, encode_png(input, compression_level))


def write_jpeg(input: torch.Tensor, filename: str, quality: int = 75) -> None:
    """Writes a picture to a JPEG file."""
    write_file(filename, encode_jpeg(input, quality))
