"""The models' sizes: entries of the state and parameters, as many as torchvision 0.29 has."""

from __future__ import annotations

import pytest

import compat
from compat.vision import models

# Entries of the state and parameters of each, counted with torchvision.
MEASURED = {
    "resnet18": (122, 11689512), "resnet50": (320, 25557032), "resnext50_32x4d": (320, 25028904),
    "alexnet": (16, 61100840), "squeezenet1_0": (52, 1248424), "squeezenet1_1": (52, 1235496),
    "densenet121": (727, 7978856),
}  # fmt: skip


@pytest.mark.parametrize("name", MEASURED)
def test_sizes(name: str) -> None:
    with compat.device("meta"):
        model = models.get_model(name)
    entries, parameters = MEASURED[name]
    assert len(model.state_dict()) == entries
    assert sum(one.numel() for one in model.parameters()) == parameters


def test_a_small_picture_goes_through() -> None:
    compat.manual_seed(0)
    model = models.resnet18(num_classes=3).eval()
    assert model(compat.randn(2, 3, 32, 32)).shape == (2, 3)


def test_names_of_checkpoints() -> None:
    weights = models.ResNet18_Weights.DEFAULT
    assert weights is models.ResNet18_Weights.IMAGENET1K_V1
    assert weights.url.endswith("/resnet18-f37072fd.pth")
    assert models.ResNet18_Weights.verify("IMAGENET1K_V1") is weights
    with pytest.raises(ValueError, match="Unknown model"):
        models.get_model("no_such_model")


def test_families_are_modules_and_lists_take_patterns() -> None:
    from compat.vision.models.alexnet import AlexNet
    from compat.vision.models.squeezenet import Fire
    from compat.vision.models.vgg import VGG

    assert isinstance(models.alexnet(num_classes=2), AlexNet) and issubclass(Fire, compat.nn.Module)
    plain = models.list_models(include="vgg*", exclude="*_bn")
    assert plain == ["vgg11", "vgg13", "vgg16", "vgg19"]
    assert models.list_models(module=models.vgg) == models.list_models(include=["vgg*"])
    assert VGG.__module__ == models.vgg.__name__
