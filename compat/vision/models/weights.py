"""Published checkpoints of models: where each is, and how a model takes one."""

from __future__ import annotations

import enum
import fnmatch
import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import compat as torch
from compat.vision.transforms._presets import ImageClassification
from compat.vision.transforms.names import InterpolationMode

SITE = "https://download.pytorch.org/models/"


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

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    def __reduce_ex__(self, proto: Any) -> Any:
        if type(self).__name__ in _ENUMS:  # made here, and in no module under that name
            return get_weight, (repr(self),)
        return super().__reduce_ex__(proto)

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


class File(NamedTuple):
    """A file at PyTorch's site, and how its pictures are cut and scaled."""

    name: str
    crop: int = 224
    resize: int = 256
    mode: InterpolationMode = InterpolationMode.BILINEAR
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)

    def transforms(self) -> Callable[[], Any]:
        """Makes the transform of its pictures."""
        return functools.partial(
            ImageClassification, crop_size=self.crop, resize_size=self.resize,
            interpolation=self.mode, mean=self.mean, std=self.std,
        )  # fmt: skip


def checkpoints(name: str, members: dict[str, Weights], default: str) -> Any:
    """An enumeration of checkpoints under the name that torchvision gives it."""
    made: Any = WeightsEnum(f"{name}_Weights", members | {"DEFAULT": members[default]})  # pyright: ignore
    _ENUMS[made.__name__] = made
    return made


def imagenet(name: str, default: str = "IMAGENET1K_V1", /, **files: str | File) -> Any:
    """The checkpoints of a model by their names: `resnet18-f37072fd.pth` at PyTorch's site."""
    members = {}
    for key, given in files.items():
        file = given if isinstance(given, File) else File(given)
        facts = {"num_classes": 1000, "min_size": (file.crop, file.crop)}
        members[key] = Weights(SITE + file.name, file.transforms(), facts)
    return checkpoints(name, members, default)


_ENUMS: dict[str, Any] = {}
_MODELS: dict[str, tuple[Callable[..., Any], Any]] = {}


def loaded(
    function: Callable[..., Any], settings: dict[str, Any], chosen: Any, progress: bool
) -> Any:
    """A model of these settings that holds the checkpoint's values."""
    model = function(**settings)
    model.load_state_dict(chosen.get_state_dict(progress=progress))
    return model


def builder(
    weights: Any = None, load: Callable[..., Any] = loaded, backbone: Any = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function of settings a model's: with `weights=`, the old `pretrained=`, a name.

    load      makes a model with a checkpoint, as `loaded` does, where it is not like others
    backbone  the checkpoint by which `weights_backbone=` (the old `pretrained_backbone=`) fills
              a part of the model unless there are weights for all of it; the function is then
              given one of its kind, or None, as `weights_backbone`
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def build(*args: Any, weights: Any = None, progress: bool = True, **kwargs: Any) -> Any:
            old = kwargs.pop("pretrained", args[0] if args and isinstance(args[0], bool) else None)
            args = args[1:] if args and isinstance(args[0], bool) else args
            chosen = _chosen(known, weights if old is None else _modern(old, known))
            if backbone is not None:
                part = kwargs.pop("weights_backbone", backbone)
                older = kwargs.pop("pretrained_backbone", None)
                part = part if older is None else (backbone if older else None)
                kwargs["weights_backbone"] = (
                    None if chosen is not None else type(backbone).verify(part)
                )
            if chosen is None:
                return function(*args, **kwargs)
            return load(functools.partial(function, *args), kwargs, chosen, progress)

        known = weights
        build.__name__ = build.__qualname__ = function.__name__
        build.__doc__, build.__module__ = function.__doc__, function.__module__
        _MODELS[function.__name__] = build, weights
        return build

    return decorate


def register_model(name: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Lists a function among the models that `get_model` makes, by its own name or another;
    ValueError for a name that is taken."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        key = name or function.__name__
        if key in _MODELS:
            raise ValueError(f"An entry is already registered under the name '{key}'.")
        _MODELS[key] = function, None
        return function

    return decorate


def _modern(pretrained: bool, known: Any) -> Any:
    warnings.warn(
        "The parameter 'pretrained' is deprecated since 0.13 and may be removed in the "
        "future, please use 'weights' instead.",
        UserWarning,
        stacklevel=4,
    )
    if not pretrained:
        return None
    return "IMAGENET1K_V1" if "IMAGENET1K_V1" in getattr(known, "__members__", {}) else "DEFAULT"


def _chosen(known: Any, weights: Any) -> Any:
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
        if module is None
        or module.__name__ in (build.__module__, build.__module__.rpartition(".")[0])
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
    """The checkpoints of a model, given by its name or its function."""
    shown = name if isinstance(name, str) else name.__name__
    get_model_builder(shown)
    found = _MODELS[shown.lower()][1]
    if found is None:
        raise RuntimeError(f"No checkpoint is known of the model {shown}")
    return found


def get_weight(name: str) -> Any:
    """A checkpoint by its full name: "ResNet50_Weights.IMAGENET1K_V2"."""
    family, dot, member = name.partition(".")
    if not dot:
        raise ValueError(f"Invalid weight name provided: '{name}'.")
    if family not in _ENUMS:
        raise ValueError(
            f"The weight enum '{family}' for the specific method couldn't be retrieved."
        )
    return _ENUMS[family][member]
