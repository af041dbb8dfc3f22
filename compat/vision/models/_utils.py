"""torchvision.models._utils: what several models share."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import compat as torch
from compat import nn
from compat.vision.models.weights import WeightsEnum


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


def handle_legacy_interface(**weights: tuple[str, Any]) -> Callable[[Any], Any]:
    """Has a model's function take `pretrained=True` for a checkpoint, with a warning.

    weights   for each keyword of a checkpoint, its older one and the checkpoint that True stands
              for: a member of a WeightsEnum, or a function of the other keywords that gives one

    ValueError where True stands for none.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        names = list(inspect.signature(function).parameters)

        @functools.wraps(function)
        def build(*args: Any, **kwargs: Any) -> Any:
            kwargs = {**dict(zip(names, args, strict=False)), **kwargs}
            for name, (older, known) in weights.items():
                given = kwargs.pop(older, kwargs.get(name))
                if given is None or isinstance(given, str | WeightsEnum):
                    continue
                warnings.warn(
                    f"The parameter '{older}' is deprecated since 0.13 and may be removed in the "
                    f"future, please use '{name}' instead.",
                    UserWarning,
                    stacklevel=2,
                )
                chosen: Any = known if given else None
                if callable(chosen) and not isinstance(chosen, WeightsEnum):
                    chosen = chosen(kwargs)
                if given and chosen is None:
                    raise ValueError(f"No weights available for model {function.__name__}")
                kwargs[name] = chosen
            return function(**kwargs)

        return build

    return decorate


def _ovewrite_named_param(kwargs: dict[str, Any], param: str, new_value: Any) -> None:
    """Sets a keyword; ValueError when it was given another value. (So spelt in torchvision.)"""
    kwargs[param] = _ovewrite_value_param(param, kwargs.get(param), new_value)


def _ovewrite_value_param(param: str, actual: Any, expected: Any) -> Any:
    """The expected value; ValueError when another one was given."""
    if actual is not None and actual != expected:
        raise ValueError(
            f"The parameter '{param}' expected value {expected} but got {actual} instead."
        )
    return expected
