"""Dropout: random zeros in training, nothing in evaluation."""

from __future__ import annotations

import compat as torch

from .. import functional as F
from .module import Module

Tensor = torch.Tensor


class _DropoutNd(Module):
    """A dropout with probability `p`; its function has the name `function_name`."""

    __constants__ = ["p", "inplace"]
    function_name = ""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self.function_name)(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """Zeroes each element with probability p and divides the others by 1 - p."""

    function_name = "dropout"


class Dropout1d(_DropoutNd):
    """Zeroes whole channels of (N, C, L), or (C, L)."""

    function_name = "dropout1d"


class Dropout2d(_DropoutNd):
    """Zeroes whole channels of (N, C, H, W)."""

    function_name = "dropout2d"


class Dropout3d(_DropoutNd):
    """Zeroes whole channels of (N, C, D, H, W)."""

    function_name = "dropout3d"


class AlphaDropout(_DropoutNd):
    """Dropout that keeps mean and variance, for networks of SELUs."""

    function_name = "alpha_dropout"

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """Alpha dropout of whole channels."""

    function_name = "feature_alpha_dropout"

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training)
