"""torchvision.tv_tensors: tensors that say what they are: images, masks, boxes, points, films.

What is computed of one is a plain tensor; only clone, to, detach and requires_grad_ keep the kind,
and `wrap` gives a plain tensor the kind of another.
"""

from __future__ import annotations

import enum
from typing import Any

import compat as torch
from compat.vision.transforms import functional as F
from compat.vision.transforms.pictures import is_picture

_BASE: Any = torch.Tensor  # whose methods are made from declarations


class TVTensor(torch.Tensor):
    """The base of all kinds."""

    _facts: tuple[str, ...] = ()

    def __new__(
        cls, data: Any, *, dtype: Any = None, device: Any = None,
        requires_grad: bool | None = None,
    ) -> Any:  # fmt: skip
        """The data as a tensor of this kind, without a copy where it is one already."""
        return cls._of(cls._tensor(data, dtype, device, requires_grad))

    @staticmethod
    def _tensor(data: Any, dtype: Any, device: Any, requires_grad: bool | None) -> torch.Tensor:
        if is_picture(data):
            data = F.pil_to_tensor(data)
        wanted = requires_grad
        if wanted is None:
            wanted = data.requires_grad if isinstance(data, torch.Tensor) else False
        made = torch.as_tensor(data, dtype=dtype, device=device)
        return made if made.requires_grad == wanted else made.detach().requires_grad_(wanted)

    @classmethod
    def _of(cls, tensor: torch.Tensor, **facts: Any) -> Any:
        made = tensor.as_subclass(cls)
        for name in cls._facts:
            setattr(made, name, facts[name])
        return made

    def _same(self, tensor: torch.Tensor) -> Any:
        return self._of(tensor, **{name: getattr(self, name) for name in self._facts})

    def _plain(self) -> Any:
        return self.as_subclass(torch.Tensor)

    def clone(self, *args: Any, **kwargs: Any) -> Any:
        """A copy of the same kind."""
        return self._same(self._plain().clone(*args, **kwargs))

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Of another type or place, and the same kind."""
        return self._same(self._plain().to(*args, **kwargs))

    def detach(self) -> Any:
        """Without its history, and the same kind."""
        return self._same(self._plain().detach())

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Sets whether gradients are wanted, and gives itself."""
        _BASE.requires_grad_(self, requires_grad)
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self.detach().clone().requires_grad_(self.requires_grad)

    def __reduce_ex__(self, protocol: Any) -> Any:
        facts = {name: getattr(self, name) for name in self._facts}
        return _rebuilt, (type(self), self._plain(), facts)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        text = repr(self._plain())
        inner = text[text.index("(") + 1 : -1]
        told = "".join(f", {name}={getattr(self, name)}" for name in self._facts)
        return f"{type(self).__name__}({inner}{told})"


def _rebuilt(kind: Any, tensor: torch.Tensor, facts: dict[str, Any]) -> Any:
    """What a pickled tensor of a kind is made of."""
    return kind._of(tensor, **facts)


class Image(TVTensor):
    """A picture (..., C, H, W); (H, W) becomes (1, H, W)."""

    def __new__(
        cls, data: Any, *, dtype: Any = None, device: Any = None,
        requires_grad: bool | None = None,
    ) -> Any:  # fmt: skip
        tensor = cls._tensor(data, dtype, device, requires_grad)
        if tensor.dim() < 2:
            raise ValueError
        return cls._of(tensor.unsqueeze(0) if tensor.dim() == 2 else tensor)


class Video(TVTensor):
    """A film (..., T, C, H, W)."""

    def __new__(
        cls, data: Any, *, dtype: Any = None, device: Any = None,
        requires_grad: bool | None = None,
    ) -> Any:  # fmt: skip
        tensor = cls._tensor(data, dtype, device, requires_grad)
        if tensor.dim() < 4:
            raise ValueError
        return cls._of(tensor)


class Mask(TVTensor):
    """Classes of pixels, or masks of objects, (..., H, W)."""


class BoundingBoxFormat(enum.Enum):
    """What the numbers of a box are; those with R, and XYXYXYXY, are of turned boxes."""

    XYXY = "XYXY"
    XYWH = "XYWH"
    CXCYWH = "CXCYWH"
    XYWHR = "XYWHR"
    CXCYWHR = "CXCYWHR"
    XYXYXYXY = "XYXYXYXY"


_TURNED = ("XYWHR", "CXCYWHR", "XYXYXYXY")


def is_rotated_bounding_format(format: BoundingBoxFormat | str) -> bool:
    """Whether boxes of this form may be turned."""
    return (format.value if isinstance(format, BoundingBoxFormat) else format.upper()) in _TURNED


class BoundingBoxes(TVTensor):
    """Boxes (N, 4) on a picture; (4,) becomes (1, 4).

    format         a BoundingBoxFormat, or its name; turned ones are not there yet
    canvas_size    (height, width) of the picture
    clamping_mode  None for boxes that may reach beyond the picture
    """

    _facts = ("format", "canvas_size", "clamping_mode")
    format: BoundingBoxFormat
    canvas_size: tuple[int, int]
    clamping_mode: str | None

    def __new__(
        cls, data: Any, *, format: BoundingBoxFormat | str, canvas_size: tuple[int, int],
        clamping_mode: str | None = "soft", dtype: Any = None, device: Any = None,
        requires_grad: bool | None = None,
    ) -> Any:  # fmt: skip
        form = BoundingBoxFormat[format.upper()] if isinstance(format, str) else format
        if is_rotated_bounding_format(form):
            raise NotImplementedError(f"BoundingBoxes of the format {form.value}")
        if clamping_mode not in ("soft", "hard", None):
            raise ValueError(
                f"clamping_mode must be None, hard, or soft, got {clamping_mode} instead."
            )
        tensor = cls._tensor(data, dtype, device, requires_grad)
        if tensor.dim() == 1:
            tensor = tensor.unsqueeze(0)
        if tensor.dim() != 2:
            raise ValueError(f"Expected a 1D or 2D tensor, got {tensor.dim()}D")
        return cls._of(
            tensor, format=form, canvas_size=tuple(canvas_size), clamping_mode=clamping_mode
        )

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return super().__repr__()


class KeyPoints(TVTensor):
    """Points (..., 2) on a picture: x, y.

    canvas_size  (height, width) of the picture
    """

    _facts = ("canvas_size",)
    canvas_size: tuple[int, int]

    def __new__(
        cls, data: Any, *, canvas_size: tuple[int, int], dtype: Any = None, device: Any = None,
        requires_grad: bool | None = None,
    ) -> Any:  # fmt: skip
        tensor = cls._tensor(data, dtype, device, requires_grad)
        if tensor.dim() == 1:
            tensor = tensor.unsqueeze(0)
        elif tensor.shape[-1] != 2:
            raise ValueError(f"Expected a tensor of shape (..., 2), not {tensor.shape}")
        return cls._of(tensor, canvas_size=tuple(canvas_size))


def wrap(wrappee: torch.Tensor, *, like: Any, **kwargs: Any) -> Any:
    """A tensor as the kind of `like`, with its facts, or others by keyword."""
    facts = {name: kwargs.get(name, getattr(like, name)) for name in like._facts}
    return like._of(wrappee, **facts)


def set_return_type(return_type: str) -> None:
    """What is computed is plain ("Tensor"); to keep the kind ("TVTensor") is not there."""
    kinds = {"tensor", "tvtensor"}
    if return_type.lower() not in kinds:
        raise ValueError(f"return_type must be 'TVTensor' or 'Tensor', got {return_type}")
    if return_type.lower() == "tvtensor":
        raise NotImplementedError("tv_tensors.set_return_type('TVTensor')")
