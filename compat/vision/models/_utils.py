"""torchvision.models._utils: what several models share."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import compat as torch
from compat import nn


def _make_divisible(v: float, divisor: int, min_value: int | None = None) -> int:
    """The multiple of `divisor` nearest to v, at least min_value and not under 0.9 v."""
    lowest = divisor if min_value is None else min_value
    near = max(lowest, int(v + divisor / 2) // divisor * divisor)
    return near + divisor if near < 0.9 * v else near


class IntermediateLayerGetter(nn.ModuleDict):
    """A model's children, run one after the other up to the last that is asked for.

    return_layers  the name of a child, and the name that what it gives has in the result

    It gives an OrderedDict. ValueError when a name is none of the model's children.
    """

    def __init__(self, model: nn.Module, return_layers: dict[str, str]) -> None:
        children = dict(model.named_children())
        if not set(return_layers) <= set(children):
            raise ValueError("return_layers are not present in model")
        self.return_layers = {str(name): str(shown) for name, shown in return_layers.items()}
        missing, kept = set(self.return_layers), OrderedDict()
        for name, child in children.items():
            if not missing:
                break
            kept[name] = child
            missing.discard(name)
        super().__init__(kept)

    def forward(self, x: torch.Tensor) -> OrderedDict[str, Any]:
        found: OrderedDict[str, Any] = OrderedDict()
        for name, child in self.items():
            x = child(x)
            if name in self.return_layers:
                found[self.return_layers[name]] = x
        return found
