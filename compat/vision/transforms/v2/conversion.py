"""Kinds and types: pictures to tensors and back, boxes to other forms, numbers to norms."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import compat as torch
from compat.vision.transforms import pictures
from compat.vision.transforms.conversion import LinearTransformation as Whitening
from compat.vision.transforms.v2 import functional as F
from compat.vision.transforms.v2.base import Leaves, Transform
from compat.vision.transforms.v2.colour import Coloured
from compat.vision.tv_tensors import BoundingBoxes, Image, KeyPoints, TVTensor, Video


class Identity(Transform):
    """The sample as it is."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return inpt


class Lambda(Transform):
    """A function of the user's own, on inputs of some types."""

    def __init__(self, lambd: Callable[[Any], Any], *types: type) -> None:
        super().__init__()
        self.lambd, self.types = lambd, types or (object,)

    def _takes(self, inpt: Any) -> bool:
        return isinstance(inpt, self.types)

    def _wanted(self, leaves: Leaves) -> list[bool]:
        return [self._takes(one) for one in leaves]

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return self.lambd(inpt)

    def extra_repr(self) -> str:
        """The function's name and the types."""
        name = getattr(self.lambd, "__name__", None)
        shown = [name] if name else []
        return ", ".join([*shown, f"types={[one.__name__ for one in self.types]}"])


class LinearTransformation(Coloured):
    """(x - mean) @ matrix of flattened images, as for whitening."""

    def __init__(self, transformation_matrix: Any, mean_vector: Any) -> None:
        super().__init__()
        self._whitening = Whitening(transformation_matrix, mean_vector)
        self.transformation_matrix, self.mean_vector = transformation_matrix, mean_vector

    def check_inputs(self, flat_inputs: Leaves) -> None:
        """Refuses pictures of PIL's."""
        if any(pictures.is_picture(one) for one in flat_inputs):
            raise TypeError(f"{type(self).__name__}() does not support PIL images.")

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F._kept(inpt, self._whitening(F._plain(inpt)))


class Normalize(Coloured):
    """(x - mean) / std, a number for each channel."""

    def __init__(
        self, mean: Sequence[float], std: Sequence[float], inplace: bool = False
    ) -> None:
        super().__init__()
        self.mean, self.std, self.inplace = list(mean), list(std), inplace

    def check_inputs(self, flat_inputs: Leaves) -> None:
        """Refuses pictures of PIL's."""
        if any(pictures.is_picture(one) for one in flat_inputs):
            raise TypeError(f"{type(self).__name__}() does not support PIL images.")

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.normalize(inpt, self.mean, self.std, self.inplace)


class ToDtype(Transform):
    """Another type; `scale` for white to stay white.

    dtype  one for images and films, or a dict from kinds of input to types (None: as it is), in
           which "others" is for the rest
    """

    def __init__(self, dtype: Any, scale: bool = False) -> None:
        super().__init__()
        if not isinstance(dtype, dict | torch.dtype):
            raise ValueError(
                f"dtype must be a dict or a torch.dtype, got {type(dtype)} instead"
            )
        if (
            isinstance(dtype, dict)
            and torch.Tensor in dtype
            and any(kind in dtype for kind in (Image, Video))
        ):
            warnings.warn(
                "Got `dtype` values for `torch.Tensor` and either `Image` or `Video`. Note that a "
                "plain `torch.Tensor` will *not* be transformed by this (or any other "
                "transformation) in case a `Image` or `Video` is present in the input.",
                stacklevel=2,
            )
        self.dtype, self.scale = dtype, scale

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        image = F.is_pure_tensor(inpt) or isinstance(inpt, Image | Video)
        wanted = self.dtype
        if isinstance(wanted, torch.dtype):
            if not image:
                return inpt
        elif type(inpt) in wanted:
            wanted = wanted[type(inpt)]
        elif "others" in wanted:
            wanted = wanted["others"]
        else:
            raise ValueError(
                f"No dtype was specified for type {type(inpt)}. If you only need to convert the "
                "dtype of images or videos, you can just pass e.g. dtype=torch.float32. If you're "
                "passing a dict as dtype, you can use \"others\" as a catch-all key."
            )
        if wanted is None or not isinstance(inpt, torch.Tensor):
            return inpt
        return F.to_dtype(inpt, wanted, scale=self.scale and image)


class ConvertImageDtype(Coloured):
    """`ToDtype` with `scale`, for images."""

    def __init__(self, dtype: Any = torch.float32) -> None:
        super().__init__()
        self.dtype = dtype

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.to_dtype(inpt, self.dtype, scale=True)


class ToImage(Transform):
    """Pictures, arrays and plain tensors as Images."""

    def _takes(self, inpt: Any) -> bool:
        return (
            F.is_pure_tensor(inpt) or pictures.is_picture(inpt) or isinstance(inpt, np.ndarray)
        )

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.to_image(inpt)


class ToPILImage(Transform):
    """Tensors and arrays as pictures of PIL's."""

    def __init__(self, mode: str | None = None) -> None:
        super().__init__()
        self.mode = mode

    def _takes(self, inpt: Any) -> bool:
        return F.is_pure_tensor(inpt) or isinstance(inpt, Image | np.ndarray)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.to_pil_image(F._plain(inpt), self.mode)


class ToPureTensor(Transform):
    """Tensors of no special kind."""

    def _takes(self, inpt: Any) -> bool:
        return isinstance(inpt, TVTensor)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F._plain(inpt)


class PILToTensor(Transform):
    """Pictures of PIL's as tensors of their bytes."""

    def _takes(self, inpt: Any) -> bool:
        return pictures.is_picture(inpt)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.pil_to_tensor(inpt)


class ToTensor(Transform):
    """Pictures and arrays as tensors of numbers from 0 to 1; ToImage and ToDtype are newer."""

    def __init__(self) -> None:
        warnings.warn(
            "The transform `ToTensor()` is deprecated and will be removed in a future release. "
            "Instead, please use `v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, "
            "scale=True)])`.Output is equivalent up to float precision.",
            stacklevel=2,
        )
        super().__init__()

    def _takes(self, inpt: Any) -> bool:
        return pictures.is_picture(inpt) or isinstance(inpt, np.ndarray)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.to_tensor(inpt)


class ConvertBoundingBoxFormat(Transform):
    """Boxes in another form."""

    def __init__(self, format: Any) -> None:
        super().__init__()
        self.format = format

    def _takes(self, inpt: Any) -> bool:
        return isinstance(inpt, BoundingBoxes)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.convert_bounding_box_format(inpt, new_format=self.format)


class ClampBoundingBoxes(Transform):
    """Boxes cut at the picture's edges; clamping_mode "auto" for as they say themselves, or None
    for not at all."""

    def __init__(self, clamping_mode: str | None = "auto") -> None:
        super().__init__()
        self.clamping_mode = clamping_mode

    def _takes(self, inpt: Any) -> bool:
        return isinstance(inpt, BoundingBoxes)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return inpt if self.clamping_mode is None else F.clamp_bounding_boxes(inpt)


class ClampKeyPoints(Transform):
    """Points brought onto the picture."""

    def _takes(self, inpt: Any) -> bool:
        return isinstance(inpt, KeyPoints)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.clamp_keypoints(inpt)


class UniformTemporalSubsample(Transform):
    """So many pictures of a film, evenly."""

    def __init__(self, num_samples: int) -> None:
        super().__init__()
        self.num_samples = num_samples

    def _takes(self, inpt: Any) -> bool:
        return F.is_pure_tensor(inpt) or isinstance(inpt, Video)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample."""
        return F.uniform_temporal_subsample(inpt, self.num_samples)
