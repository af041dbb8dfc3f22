"""From pictures to tensors and back, and what is done with their numbers."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.vision.transforms import functional as F
from compat.vision.transforms.base import Transform


class ToTensor:
    """`functional.to_tensor`: an image as a tensor of numbers from 0 to 1."""

    def __call__(self, pic: Any) -> torch.Tensor:
        return F.to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PILToTensor:
    """`functional.pil_to_tensor`: an image as a tensor of its bytes."""

    def __call__(self, pic: Any) -> torch.Tensor:
        return F.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToPILImage:
    """`functional.to_pil_image`."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return F.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        shown = f"mode={self.mode}" if self.mode is not None else ""
        return f"{type(self).__name__}({shown})"


class ConvertImageDtype(Transform):
    """`functional.convert_image_dtype`."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return F.convert_image_dtype(image, self.dtype)


class Normalize(Transform):
    """`functional.normalize`: (x - mean) / std, a number for each channel."""

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        super().__init__()
        self.mean, self.std, self.inplace = mean, std, inplace

    shown = ("mean", "std")

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        return F.normalize(tensor, self.mean, self.std, self.inplace)


class LinearTransformation(Transform):
    """(x - mean) @ matrix of flattened images, as for whitening."""

    def __init__(self, transformation_matrix: Any, mean_vector: Any) -> None:
        super().__init__()
        if transformation_matrix.shape[0] != transformation_matrix.shape[1]:
            raise ValueError(
                "transformation_matrix should be square. Got "
                f"{tuple(transformation_matrix.size())} rectangular matrix."
            )
        self.transformation_matrix, self.mean_vector = transformation_matrix, mean_vector

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        flat = tensor.reshape(-1, self.transformation_matrix.shape[0]) - self.mean_vector
        return torch.mm(flat, self.transformation_matrix).reshape(tensor.shape)
