"""torchvision.transforms.functional: one function a transform, of PIL's images and of tensors."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

import compat as torch
from compat.front.base import known
from compat.front.create import from_host
from compat.vision.transforms import arrays, pictures
from compat.vision.transforms.matrices import (
    inverse_affine as inverse_affine,
)
from compat.vision.transforms.matrices import (
    perspective_numbers as perspective_numbers,
)
from compat.vision.transforms.matrices import (
    turned_size as turned_size,
)
from compat.vision.transforms.names import Image, mode_name, need
from compat.vision.transforms.names import InterpolationMode as InterpolationMode

_NUMPY_MODES = {"I": np.int32, "I;16": np.int16, "F": np.float32}


def _of(image: Any) -> Any:
    """The module that knows this kind of image."""
    if isinstance(image, torch.Tensor):
        return arrays
    if pictures.is_picture(image):
        return pictures
    raise TypeError(f"Unexpected type {type(image)}")


def get_dimensions(img: Any) -> list[int]:
    """Channels, height, width."""
    return _of(img).dimensions(img)


def get_image_size(img: Any) -> list[int]:
    """Width, height."""
    return get_dimensions(img)[:0:-1]


def get_image_num_channels(img: Any) -> int:
    """The number of channels."""
    return get_dimensions(img)[0]


def to_tensor(pic: Any) -> torch.Tensor:
    """An image of PIL's or an array (height, width, channels) as a tensor (channels, height,
    width); bytes become float32 from 0 to 1."""
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        array = pic[:, :, None] if pic.ndim == 2 else pic
        made = torch.tensor(np.ascontiguousarray(array.transpose(2, 0, 1)))
        return made.to(torch.get_default_dtype()) / 255 if made.dtype is torch.uint8 else made
    if not pictures.is_picture(pic):
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    array = _array_of(pic)
    if array.dtype != np.uint8:
        return torch.tensor(np.ascontiguousarray(array.transpose(2, 0, 1)))
    # The division is NumPy's: a sample at a time is too little for a program.
    made = np.empty((array.shape[2], *array.shape[:2]), np.float32)
    np.divide(array.transpose(2, 0, 1), np.float32(255), out=made, dtype=np.float32)
    return from_host(made, torch.float32, torch.device("cpu")).to(torch.get_default_dtype())


def _array_of(pic: Any) -> np.ndarray[Any, Any]:
    array = np.asarray(pic, _NUMPY_MODES.get(pic.mode, np.uint8))
    if pic.mode == "1":
        array = 255 * array
    return array.reshape(pic.height, pic.width, len(pic.getbands()))


def pil_to_tensor(pic: Any) -> torch.Tensor:
    """An image of PIL's as a tensor (channels, height, width) of its own type."""
    if not pictures.is_picture(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    array = np.array(pic, copy=True).reshape(pic.height, pic.width, len(pic.getbands()))
    return torch.tensor(np.ascontiguousarray(array.transpose(2, 0, 1)))


def convert_image_dtype(image: torch.Tensor, dtype: torch.dtype = torch.float) -> torch.Tensor:
    """Another type, with white staying white."""
    return arrays.convert(image, dtype)


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A tensor (channels, height, width) or an array (height, width, channels) as an image."""
    need()
    if isinstance(pic, torch.Tensor):
        if pic.dim() == 2:
            pic = pic.unsqueeze(0)
        if pic.dim() != 3:
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.dim()} dimensions.")
        if pic.shape[-3] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {pic.shape[-3]} channels.")
        if pic.is_floating_point() and mode != "F":
            pic = (pic * 255).to(torch.uint8)
        array = pic.detach().cpu().numpy().transpose(1, 2, 0)
    elif isinstance(pic, np.ndarray):
        array = pic[:, :, None] if pic.ndim == 2 else pic
        if array.ndim != 3:
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        if array.shape[-1] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {array.shape[-1]} channels.")
    else:
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    count = array.shape[2]
    if count == 1:
        array = array[:, :, 0]
        kinds = {"uint8": "L", "int16": "I;16", "uint16": "I;16", "int32": "I", "float32": "F"}
        expected = kinds.get(array.dtype.name)
        if expected is None:
            raise TypeError(f"Input type {array.dtype} is not supported")
        if mode is not None and mode != expected:
            raise ValueError(
                f"Incorrect mode ({mode}) supplied for input type {array.dtype}. Should be "
                f"{expected}"
            )
        return Image.fromarray(np.ascontiguousarray(array))
    if array.dtype != np.uint8:
        raise TypeError(f"Input type {array.dtype} is not supported")
    permitted = {2: ["LA"], 3: ["RGB", "YCbCr", "HSV"], 4: ["RGBA", "CMYK", "RGBX"]}[count]
    if mode is not None and mode not in permitted:
        raise ValueError(f"Only modes {permitted} are supported for {count}D inputs")
    image = Image.frombytes(
        mode or permitted[0], array.shape[1::-1], np.ascontiguousarray(array).tobytes()
    )
    return image


def normalize(
    tensor: torch.Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False
) -> torch.Tensor:
    """(x - mean) / std, a number for each channel."""
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    if not tensor.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.dim() < 3:
        raise ValueError(
            "Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = "
            f"{tensor.size()}"
        )
    array = None if inplace else _host_picture(tensor)
    if array is not None and not any(isinstance(one, torch.Tensor) for one in (mean, std)):
        centre, spread = (np.asarray(one, array.dtype).reshape(-1, 1, 1) for one in (mean, std))
        fits = {centre.size, spread.size} <= {1, array.shape[-3]}
        if fits and spread.all():  # else the way below tells what is wrong
            made = np.subtract(array, centre)
            return from_host(np.divide(made, spread, out=made), tensor.dtype, tensor.device)
    middle = torch.as_tensor(mean, dtype=tensor.dtype, device=tensor.device)
    width = torch.as_tensor(std, dtype=tensor.dtype, device=tensor.device)
    if not isinstance(std, torch.Tensor) and np.any(np.asarray(std, dtype=np.float64) == 0):
        raise ValueError(
            f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by "
            "zero."
        )
    if middle.dim() == 1:
        middle = middle.view(-1, 1, 1)
    if width.dim() == 1:
        width = width.view(-1, 1, 1)
    made = tensor if inplace else tensor.clone()
    return made.sub_(middle).div_(width)


def _host_picture(tensor: torch.Tensor) -> np.ndarray[Any, Any] | None:
    """The numbers of a plain picture when the host has them and no gradient is wanted: a sample at
    a time is too little for a program."""
    if type(tensor) is not torch.Tensor or tensor.requires_grad or tensor.device.type != "cpu":
        return None
    return known(tensor) if tensor.dtype in (torch.float32, torch.float64) else None


def wanted_size(size: Any, old: Sequence[int], max_size: int | None = None) -> list[int]:
    """The (height, width) that `resize` makes of an old one."""
    height, width = old
    wanted = [size] if isinstance(size, int) else list(size)
    if len(wanted) == 2:
        return wanted
    if len(wanted) != 1:
        raise ValueError("Size must be an int or a 1 or 2 element tuple/list, not a "
                         f"{len(wanted)} element tuple/list")  # fmt: skip
    short, long = sorted((height, width))
    new_short, new_long = wanted[0], int(wanted[0] * long / short)
    if max_size is not None:
        if max_size <= new_short:
            raise ValueError(
                f"max_size = {max_size} must be strictly greater than the requested size for the "
                f"smaller edge size = {size}"
            )
        if new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return [new_short, new_long] if height <= width else [new_long, new_short]


def resize(
    img: Any, size: Any, interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None, antialias: bool | None = True,
) -> Any:  # fmt: skip
    """size  (height, width), or the length of the shorter side, the other keeping the ratio."""
    mode = mode_name(interpolation)
    module = _of(img)
    _, height, width = module.dimensions(img)
    wanted = wanted_size(size, (height, width), max_size)
    if wanted == [height, width]:
        return img
    return module.resize(img, wanted, mode, antialias)


def _sides(padding: Any) -> list[int]:
    """Left, top, right, bottom."""
    if isinstance(padding, int):
        return [padding] * 4
    given = list(padding)
    if len(given) == 1:
        return given * 4
    if len(given) == 2:
        return given * 2
    if len(given) != 4:
        raise ValueError(
            f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(given)} element "
            "tuple"
        )
    return given


def pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """Pixels around: padding is one number, (x, y) or (left, top, right, bottom)."""
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    return _of(img).pad(img, _sides(padding), fill, padding_mode)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """A part; what lies outside is 0."""
    return _of(img).crop(img, top, left, height, width)


def pair(
    size: Any, message: str = "Please provide only two dimensions (h, w) for size."
) -> tuple[int, int]:
    """A size as (height, width); ValueError with the message for more numbers."""
    if isinstance(size, numbers.Number):
        return int(size), int(size)  # type: ignore[arg-type,call-overload]
    given = tuple(size)
    given = given * 2 if len(given) == 1 else given
    if len(given) != 2:
        raise ValueError(message)
    return given


def center_crop(img: Any, output_size: Any) -> Any:
    """The middle; a smaller image is padded with 0."""
    wanted_height, wanted_width = pair(output_size)
    _, height, width = get_dimensions(img)
    if wanted_width > width or wanted_height > height:
        dx, dy = max(wanted_width - width, 0), max(wanted_height - height, 0)
        img = pad(img, [dx // 2, dy // 2, (dx + 1) // 2, (dy + 1) // 2])
        _, height, width = get_dimensions(img)
        if (wanted_width, wanted_height) == (width, height):
            return img
    top = int(round((height - wanted_height) / 2.0))
    left = int(round((width - wanted_width) / 2.0))
    return crop(img, top, left, wanted_height, wanted_width)


def resized_crop(
    img: Any, top: int, left: int, height: int, width: int, size: Any,
    interpolation: Any = InterpolationMode.BILINEAR, antialias: bool | None = True,
) -> Any:  # fmt: skip
    """A part, then another size."""
    part = crop(img, top, left, height, width)
    return resize(part, size, interpolation, antialias=antialias)


def hflip(img: Any) -> Any:
    """Left and right exchanged."""
    return _of(img).hflip(img)


def vflip(img: Any) -> Any:
    """Top and bottom exchanged."""
    return _of(img).vflip(img)


def five_crop(img: Any, size: Any) -> tuple[Any, Any, Any, Any, Any]:
    """The four corners (top left, top right, bottom left, bottom right) and the middle."""
    h, w = pair(size)
    _, height, width = get_dimensions(img)
    if w > width or h > height:
        raise ValueError(
            f"Requested crop size {[h, w]} is bigger than input size {(height, width)}"
        )
    return (
        crop(img, 0, 0, h, w), crop(img, 0, width - w, h, w), crop(img, height - h, 0, h, w),
        crop(img, height - h, width - w, h, w), center_crop(img, [h, w]),
    )  # fmt: skip


def ten_crop(img: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of the image and of its mirror image."""
    mirrored = vflip(img) if vertical_flip else hflip(img)
    return five_crop(img, size) + five_crop(mirrored, size)


def _not_negative(name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """Between black (0) and the image (1), and beyond."""
    _not_negative("brightness_factor", brightness_factor)
    return _of(img).adjust_brightness(img, brightness_factor)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """Between its mean grey (0) and the image (1), and beyond."""
    _not_negative("contrast_factor", contrast_factor)
    return _of(img).adjust_contrast(img, contrast_factor)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """Between its grey form (0) and the image (1), and beyond."""
    _not_negative("saturation_factor", saturation_factor)
    return _of(img).adjust_saturation(img, saturation_factor)


def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """Between its smooth form (0) and the image (1), and beyond."""
    _not_negative("sharpness_factor", sharpness_factor)
    return _of(img).adjust_sharpness(img, sharpness_factor)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """Turns the colours by a part of the circle, from -0.5 to 0.5."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    return _of(img).adjust_hue(img, hue_factor)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """gain * x ** gamma, of values from 0 to 1."""
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    return _of(img).adjust_gamma(img, gamma, gain)


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Luminance of an image of PIL's, in 1 or 3 channels."""
    if not pictures.is_picture(img):
        raise TypeError("Input should be PIL Image")
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    return pictures.to_grayscale(img, num_output_channels)


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Luminance, in 1 or 3 channels."""
    if pictures.is_picture(img):
        return to_grayscale(img, num_output_channels)
    return arrays.rgb_to_grayscale(img, num_output_channels)


def rotate(
    img: Any, angle: float, interpolation: Any = InterpolationMode.NEAREST, expand: bool = False,
    center: Any = None, fill: Any = None,
) -> Any:  # fmt: skip
    """Counter-clockwise by degrees; expand makes the image as large as it has to be."""
    mode = mode_name(interpolation)
    if pictures.is_picture(img):
        return pictures.rotate(img, angle, mode, expand, center, fill)
    _, height, width = get_dimensions(img)
    middle = [0.0, 0.0]
    if center is not None:
        middle = [center[0] - width * 0.5, center[1] - height * 0.5]
    matrix = inverse_affine(middle, -angle, [0.0, 0.0], 1.0, [0.0, 0.0])
    size = turned_size(matrix, height, width) if expand else None
    return arrays.affine(img, matrix, mode, fill, size)


def affine(
    img: Any, angle: float, translate: Sequence[int], scale: float, shear: Any,
    interpolation: Any = InterpolationMode.NEAREST, fill: Any = None, center: Any = None,
) -> Any:  # fmt: skip
    """A turn (clockwise, degrees), a shift (pixels), a scale and a shear (degrees)."""
    mode = mode_name(interpolation)
    slant = [float(shear), 0.0] if isinstance(shear, int | float) else [float(s) for s in shear]
    slant = slant * 2 if len(slant) == 1 else slant
    _, height, width = get_dimensions(img)
    if pictures.is_picture(img):
        middle = [width * 0.5, height * 0.5] if center is None else list(center)
        matrix = inverse_affine(middle, angle, translate, scale, slant)
        return pictures.affine(img, matrix, mode, fill)
    middle = [0.0, 0.0]
    if center is not None:
        middle = [center[0] - width * 0.5, center[1] - height * 0.5]
    matrix = inverse_affine(middle, angle, [float(t) for t in translate], scale, slant)
    return arrays.affine(img, matrix, mode, fill)


def perspective(
    img: Any, startpoints: Any, endpoints: Any, interpolation: Any = InterpolationMode.BILINEAR,
    fill: Any = None,
) -> Any:  # fmt: skip
    """The projection that takes four points of the image to four points of the result."""
    solved = perspective_numbers(startpoints, endpoints)
    return _of(img).perspective(img, solved, mode_name(interpolation), fill)


def elastic_transform(
    img: Any, displacement: torch.Tensor, interpolation: Any = InterpolationMode.BILINEAR,
    fill: Any = None,
) -> Any:  # fmt: skip
    """Each pixel from where it is plus a displacement (1, height, width, 2), in which a side of
    the image is 2 long."""
    if not isinstance(displacement, torch.Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    _, height, width = get_dimensions(img)
    if tuple(displacement.shape) != (1, height, width, 2):
        raise ValueError(f"Argument displacement shape should be {(1, height, width, 2)}, but "
                         f"given {displacement.shape}")  # fmt: skip
    picture = pictures.is_picture(img)
    given = pil_to_tensor(img) if picture else img
    fill = [float(fill)] if isinstance(fill, int | float) else fill
    made = arrays.displaced(given, displacement[0], mode_name(interpolation), fill)
    return to_pil_image(made, mode=img.mode) if picture else made


def erase(
    img: torch.Tensor, i: int, j: int, h: int, w: int, v: torch.Tensor, inplace: bool = False
) -> torch.Tensor:
    """A rectangle overwritten with v."""
    if not isinstance(img, torch.Tensor):
        raise TypeError(f"Unexpected type {type(img)}")
    made = img if inplace else img.clone()
    made[..., i : i + h, j : j + w] = v
    return made


def gaussian_blur(img: Any, kernel_size: Any, sigma: Any = None) -> Any:
    """Smoothed by a Gaussian of odd size; sigma by default 0.15 * size + 0.35."""
    size = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
    if any(one % 2 == 0 or one < 0 for one in size):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {size}")
    if sigma is None:
        sigma = [one * 0.15 + 0.35 for one in size]
    widths = [float(sigma)] * 2 if isinstance(sigma, int | float) else [float(s) for s in sigma]
    widths = widths * 2 if len(widths) == 1 else widths
    if any(one <= 0 for one in widths):
        raise ValueError(f"sigma should have positive values. Got {widths}")
    if not pictures.is_picture(img):
        return arrays.gaussian_blur(img, size, widths)
    made = arrays.gaussian_blur(pil_to_tensor(img), size, widths)
    return to_pil_image(made, mode=img.mode)


def invert(img: Any) -> Any:
    """The negative."""
    return _of(img).invert(img)


def posterize(img: Any, bits: int) -> Any:
    """Fewer bits a channel."""
    if not 0 <= bits <= 8:
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    return _of(img).posterize(img, bits)


def solarize(img: Any, threshold: float) -> Any:
    """The negative of what is above the threshold."""
    return _of(img).solarize(img, threshold)


def autocontrast(img: Any) -> Any:
    """Each channel stretched over all values."""
    return _of(img).autocontrast(img)


def equalize(img: Any) -> Any:
    """Each channel's values spread evenly."""
    return _of(img).equalize(img)


def scale(img: Any, size: Any, interpolation: Any = InterpolationMode.BILINEAR) -> Any:
    """The old name of `resize`."""
    warnings.warn("scale is the old name of resize", FutureWarning, stacklevel=2)
    return resize(img, size, interpolation)
