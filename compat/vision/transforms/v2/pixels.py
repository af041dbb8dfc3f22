"""Transforms of what pixels are, version 2: masks, boxes and points stay as they are."""

from __future__ import annotations

import io
from typing import Any

import compat as torch
from compat.vision.transforms import arrays, pictures
from compat.vision.transforms import functional as F
from compat.vision.transforms.functional import to_pil_image
from compat.vision.transforms.names import Image as Pillow
from compat.vision.tv_tensors import BoundingBoxes, KeyPoints, Mask, TVTensor, Video, wrap


def is_pure_tensor(inpt: Any) -> bool:
    """Whether this is a tensor of no special kind."""
    return isinstance(inpt, torch.Tensor) and not isinstance(inpt, TVTensor)


def _plain(inpt: Any) -> Any:
    return inpt.as_subclass(torch.Tensor) if isinstance(inpt, TVTensor) else inpt


def _image(inpt: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of images on one; the kind stays."""
    made = function(_plain(inpt), *args, **kwargs)
    return wrap(made, like=inpt) if isinstance(inpt, TVTensor) else made


def _colour(inpt: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of colours: of images only."""
    if isinstance(inpt, Mask | BoundingBoxes | KeyPoints):
        return inpt
    return _image(inpt, function, *args, **kwargs)


def _kept(inpt: Any, made: Any) -> Any:
    return wrap(made, like=inpt) if isinstance(inpt, TVTensor) else made


def adjust_brightness(inpt: Any, brightness_factor: float) -> Any:
    """Between black (0) and the picture (1), and beyond."""
    return _colour(inpt, F.adjust_brightness, brightness_factor)


def adjust_contrast(inpt: Any, contrast_factor: float) -> Any:
    """Between its mean grey (0) and the picture (1), and beyond."""
    return _colour(inpt, F.adjust_contrast, contrast_factor)


def adjust_saturation(inpt: Any, saturation_factor: float) -> Any:
    """Between its grey form (0) and the picture (1), and beyond."""
    return _colour(inpt, F.adjust_saturation, saturation_factor)


def adjust_sharpness(inpt: Any, sharpness_factor: float) -> Any:
    """Between its smooth form (0) and the picture (1), and beyond."""
    return _colour(inpt, F.adjust_sharpness, sharpness_factor)


def adjust_hue(inpt: Any, hue_factor: float) -> Any:
    """Turns the colours by a part of the circle, from -0.5 to 0.5."""
    return _colour(inpt, F.adjust_hue, hue_factor)


def adjust_gamma(inpt: Any, gamma: float, gain: float = 1) -> Any:
    """gain * x ** gamma, of values from 0 to 1."""
    return _colour(inpt, F.adjust_gamma, gamma, gain)


def rgb_to_grayscale(inpt: Any, num_output_channels: int = 1) -> Any:
    """Luminance, in 1 or 3 channels."""
    return _colour(inpt, F.rgb_to_grayscale, num_output_channels)


to_grayscale = rgb_to_grayscale


def grayscale_to_rgb(inpt: Any) -> Any:
    """Three channels of a grey picture; one of three stays."""
    if pictures.is_picture(inpt):
        return inpt.convert("RGB")
    return _colour(inpt, lambda image: image if image.shape[-3] == 3 else
                   image.expand(*image.shape[:-3], 3, *image.shape[-2:]))  # fmt: skip


def gaussian_blur(inpt: Any, kernel_size: Any, sigma: Any = None) -> Any:
    """Smoothed by a Gaussian of odd size."""
    return _colour(inpt, F.gaussian_blur, kernel_size, sigma)


def gaussian_noise(inpt: Any, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> Any:
    """Noise added to a picture of numbers from 0 to 1, or of bytes (of mean and sigma times
    255)."""
    if pictures.is_picture(inpt):
        raise ValueError("Gaussian Noise is not implemented for PIL images.")

    def noisy(image: torch.Tensor) -> torch.Tensor:
        if sigma < 0:
            raise ValueError(f"sigma shouldn't be negative. Got {sigma}")
        if image.dtype is torch.uint8:
            shift = (mean * 255, sigma * 255)
            noise = torch.randn_like(image, dtype=torch.float32)
            found = (image + shift[0] + noise * shift[1])
            return (found.clamp(0, 255) if clip else found).to(torch.uint8)
        if not image.is_floating_point():
            raise ValueError(
                f"Input tensor is expected to be in uint8 or float dtype, got dtype={image.dtype}"
            )
        found = image + mean + torch.randn_like(image) * sigma
        return found.clamp(0, 1) if clip else found

    return _colour(inpt, noisy)


def invert(inpt: Any) -> Any:
    """The negative."""
    return _colour(inpt, F.invert)


def posterize(inpt: Any, bits: int) -> Any:
    """Fewer bits a channel."""

    def coarse(image: Any) -> Any:
        if not isinstance(image, torch.Tensor) or not image.is_floating_point():
            return F.posterize(image, bits)
        levels = 1 << bits
        return (image * levels).floor().clamp(0, levels - 1) / levels

    return _colour(inpt, coarse)


def solarize(inpt: Any, threshold: float) -> Any:
    """The negative of what is above the threshold."""
    return _colour(inpt, F.solarize, threshold)


def autocontrast(inpt: Any) -> Any:
    """Each channel stretched over all values."""
    return _colour(inpt, F.autocontrast)


def equalize(inpt: Any) -> Any:
    """Each channel's values spread evenly."""

    def spread(image: Any) -> Any:
        if not isinstance(image, torch.Tensor) or not image.is_floating_point():
            return F.equalize(image)
        return arrays.convert(F.equalize(arrays.convert(image, torch.uint8)), image.dtype)

    return _colour(inpt, spread)


def permute_channels(inpt: Any, permutation: list[int]) -> Any:
    """The channels in another order."""
    if pictures.is_picture(inpt):
        return to_pil_image(F.pil_to_tensor(inpt)[permutation])
    return _colour(inpt, lambda image: image[..., permutation, :, :])


def erase(inpt: Any, i: int, j: int, h: int, w: int, v: torch.Tensor, inplace: bool = False) -> Any:
    """A rectangle overwritten with v."""
    if pictures.is_picture(inpt):
        return to_pil_image(F.erase(F.pil_to_tensor(inpt), i, j, h, w, v))
    return _colour(inpt, F.erase, i, j, h, w, v, inplace)


def jpeg(inpt: Any, quality: int) -> Any:
    """As a JPEG of this quality (1 to 100) makes it."""
    if pictures.is_picture(inpt):
        place = io.BytesIO()
        inpt.save(place, "JPEG", quality=quality)
        place.seek(0)
        return Pillow.open(place).convert(inpt.mode)
    return _colour(inpt, lambda image: F.pil_to_tensor(jpeg(to_pil_image(image), quality)))


def uniform_temporal_subsample(inpt: Any, num_samples: int) -> Any:
    """So many pictures of a film (..., T, C, H, W), evenly."""
    if not isinstance(inpt, Video) and not is_pure_tensor(inpt):
        return inpt
    chosen = torch.linspace(0, inpt.shape[-4] - 1, num_samples).long()
    return _image(inpt, lambda film: film.index_select(-4, chosen))
