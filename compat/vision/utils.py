"""torchvision.utils: pictures side by side, to a file, and with things drawn on them."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.vision.drawing import draw_bounding_boxes as draw_bounding_boxes
from compat.vision.drawing import draw_keypoints as draw_keypoints
from compat.vision.drawing import draw_segmentation_masks as draw_segmentation_masks
from compat.vision.drawing import flow_to_image as flow_to_image
from compat.vision.transforms.names import Image, need


def make_grid(
    tensor: Any, nrow: int = 8, padding: int = 2, normalize: bool = False,
    value_range: tuple[float, float] | None = None, scale_each: bool = False,
    pad_value: float = 0.0, **kwargs: Any,
) -> torch.Tensor:  # fmt: skip
    """Pictures (count, channels, height, width), or a list of them, as one (3, ...).

    nrow         pictures in a row
    normalize    brings values from `value_range` (by default the lowest and the highest; of each
                 picture with scale_each) to 0 to 1
    """
    if "range" in kwargs:
        value_range = kwargs["range"]
    if not torch.is_tensor(tensor):
        if not isinstance(tensor, list) or not all(torch.is_tensor(one) for one in tensor):
            raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
        tensor = torch.stack(tensor, dim=0)
    if tensor.dim() == 2:
        tensor = tensor.unsqueeze(0)
    if tensor.dim() == 3:
        if tensor.size(0) == 1:
            tensor = torch.cat((tensor, tensor, tensor), 0)
        tensor = tensor.unsqueeze(0)
    if tensor.dim() == 4 and tensor.size(1) == 1:
        tensor = torch.cat((tensor, tensor, tensor), 1)
    if normalize:
        tensor = _normed(tensor.clone(), value_range, scale_each)
    if tensor.size(0) == 1:
        return tensor.squeeze(0)
    count = tensor.size(0)
    columns = min(nrow, count)
    rows = int(math.ceil(count / columns))
    height, width = tensor.size(2) + padding, tensor.size(3) + padding
    grid = tensor.new_full(
        (tensor.size(1), height * rows + padding, width * columns + padding), pad_value
    )
    for at in range(count):
        top, left = at // columns * height + padding, at % columns * width + padding
        grid[:, top : top + height - padding, left : left + width - padding] = tensor[at]
    return grid


def _normed(images: torch.Tensor, value_range: Any, scale_each: bool) -> torch.Tensor:
    if value_range is not None and not isinstance(value_range, tuple):
        raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are "
                        "numbers")  # fmt: skip
    if value_range is not None:
        low, high = value_range
    else:
        dims = tuple(range(1, images.dim())) if scale_each else tuple(range(images.dim()))
        low, high = images.amin(dims, keepdim=True), images.amax(dims, keepdim=True)
    images.clamp_(low, high)
    gap = high - low
    gap = gap.clamp(min=1e-5) if torch.is_tensor(gap) else max(gap, 1e-5)
    return images.sub_(low).div_(gap)


def _log_api_usage_once(obj: Any) -> None:
    """Libraries call it; nothing is logged."""


def save_image(tensor: Any, fp: Any, format: str | None = None, **kwargs: Any) -> None:
    """Writes pictures with values from 0 to 1 to a file, as `make_grid` arranges them."""
    need()
    grid = make_grid(tensor, **kwargs)
    pixels = grid.mul(255).add_(0.5).clamp_(0, 255).permute(1, 2, 0).to("cpu", torch.uint8)
    Image.fromarray(pixels.numpy()).save(fp, format=format)
