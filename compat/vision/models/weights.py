"""Published checkpoints of models: where each is, and how a model takes one."""

from __future__ import annotations

import enum
import fnmatch
import importlib
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import compat as torch

_SITE = "https://download.pytorch.org/models/"


class Weights(NamedTuple):
    """A checkpoint: its URL, the transform of its pictures, and facts."""

    url: str
    transforms: Callable[[], Any]
    meta: dict[str, Any]


class WeightsEnum(enum.Enum):
    """The checkpoints of a model; its members are `Weights`."""

    @classmethod
    def verify(cls, given: Any) -> Any:
        """A member, by itself or its name; None stays None."""
        if given is None or isinstance(given, cls):
            return given
        if isinstance(given, str):
            return cls[given.replace(f"{cls.__name__}.", "")]
        raise TypeError(
            f"Invalid Weight class provided; expected {cls.__name__} but received "
            f"{type(given).__name__}."
        )

    @property
    def url(self) -> str:
        """Where it is."""
        return self.value.url

    @property
    def transforms(self) -> Callable[[], Any]:
        """Makes the transform of its pictures."""
        return self.value.transforms

    @property
    def meta(self) -> dict[str, Any]:
        """Facts about it."""
        return self.value.meta

    def get_state_dict(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Fetches it, checked by the hash in its name."""
        kwargs.setdefault("check_hash", True)
        return torch.hub.load_state_dict_from_url(self.url, *args, **kwargs)


class _Pictures:
    """Pictures as ImageNet models take them."""

    def __init__(self, crop: int, resize: int) -> None:
        self.crop, self.resize = crop, resize

    def __call__(self) -> Any:
        transforms = importlib.import_module("compat.vision.transforms")
        return transforms.Compose([
            transforms.Resize(self.resize), transforms.CenterCrop(self.crop),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ])  # fmt: skip


def imagenet(
    name: str, default: str = "IMAGENET1K_V1", crop: int = 224, resize: int = 256, **files: str
) -> Any:
    """The checkpoints of a model by their names: `resnet18-f37072fd.pth` at PyTorch's site."""
    members = {
        key: Weights(_SITE + file, _Pictures(crop, resize), {})
        for key, file in files.items()
    }
    members["DEFAULT"] = members[default]
    made: Any = WeightsEnum(f"{name}_Weights", members)  # type: ignore[call-overload]
    return made


_MODELS: dict[str, tuple[Callable[..., Any], Any]] = {}


def builder(weights: Any = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function of settings a model's: with `weights=`, the old `pretrained=`, a name."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def build(*args: Any, weights: Any = None, progress: bool = True, **kwargs: Any) -> Any:
            chosen = _chosen(known, weights, args[:1], kwargs)
            if args and isinstance(args[0], bool):
                args = args[1:]
            if chosen is not None and function.__name__ in ("googlenet", "inception_v3"):
                kwargs.setdefault("transform_input", True)
            model = function(*args, **kwargs)
            if chosen is not None:
                model.load_state_dict(chosen.get_state_dict(progress=progress))
            return model

        known = weights
        build.__name__ = build.__qualname__ = function.__name__
        build.__doc__, build.__module__ = function.__doc__, function.__module__
        _MODELS[function.__name__] = build, weights
        return build

    return decorate


def _chosen(known: Any, weights: Any, first: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    old = kwargs.pop("pretrained", first[0] if first and isinstance(first[0], bool) else None)
    kwargs.pop("weights_backbone", None)
    if old is not None:
        warnings.warn(
            "The parameter 'pretrained' is deprecated since 0.13 and may be removed in the "
            "future, please use 'weights' instead.",
            UserWarning,
            stacklevel=4,
        )
        weights = "DEFAULT" if old else None
        if old and known is not None and "IMAGENET1K_V1" in known.__members__:
            weights = "IMAGENET1K_V1"
    if weights is None:
        return None
    if known is None:
        raise NotImplementedError("compat knows no checkpoint of this model")
    return known.verify(weights)


def list_models(module: Any = None, include: Any = None, exclude: Any = None) -> list[str]:
    """The names of the models, in order.

    module            only those of this module
    include, exclude  patterns, or several, as of file names: "resnet*"
    """
    names = [
        name
        for name, (build, _) in sorted(_MODELS.items())
        if module is None or build.__module__.startswith(module.__name__)
    ]
    if include is not None:
        names = [name for name in names if _fits(name, include)]
    return [name for name in names if exclude is None or not _fits(name, exclude)]


def _fits(name: str, patterns: Any) -> bool:
    several = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatch.fnmatch(name, one) for one in several)


def get_model_builder(name: str) -> Callable[..., Any]:
    """The function that makes a model; ValueError for an unknown name."""
    found = _MODELS.get(name.lower())
    if found is None:
        raise ValueError(f"Unknown model {name}")
    return found[0]


def get_model(name: str, **config: Any) -> Any:
    """A model by its name."""
    return get_model_builder(name)(**config)


def get_model_weights(name: Any) -> Any:
    """The checkpoints of a model."""
    return _MODELS[name if isinstance(name, str) else name.__name__][1]
