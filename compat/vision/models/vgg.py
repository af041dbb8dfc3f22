"""VGG: Simonyan and Zisserman 2014, "Very Deep Convolutional Networks"."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat import nn
from compat.vision.models.weights import builder, imagenet

__all__ = [
    "VGG", "VGG11_BN_Weights", "VGG11_Weights", "VGG13_BN_Weights", "VGG13_Weights",
    "VGG16_BN_Weights", "VGG16_Weights", "VGG19_BN_Weights", "VGG19_Weights", "vgg11",
    "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
]  # fmt: skip


class VGG(nn.Module):
    """3 x 3 convolutions (`features`) and three linear layers."""

    def __init__(
        self, features: nn.Module, num_classes: int = 1000, init_weights: bool = True,
        dropout: float = 0.5,
    ) -> None:  # fmt: skip
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(True), nn.Dropout(p=dropout),
            nn.Linear(4096, 4096), nn.ReLU(True), nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )  # fmt: skip
        for module in self.modules() if init_weights else ():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.constant_(module.bias, 0)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.weight, 1)
                nn.init.constant_(module.bias, 0)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.constant_(module.bias, 0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


cfgs: dict[str, list[Any]] = {
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "B": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "D": [64, 64, "M", 128, 128, "M", *[256] * 3, "M", *[512] * 3, "M", *[512] * 3, "M"],
    "E": [64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M"],
}


def make_layers(cfg: list[Any], batch_norm: bool = False) -> nn.Sequential:
    """The convolutions of a list of widths, "M" for a pooling."""
    layers: list[nn.Module] = []
    width = 3
    for one in cfg:
        if one == "M":
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers.append(nn.Conv2d(width, one, 3, padding=1))
        layers += [nn.BatchNorm2d(one)] if batch_norm else []
        layers.append(nn.ReLU(inplace=True))
        width = one
    return nn.Sequential(*layers)


VGG11_Weights = imagenet("VGG11", IMAGENET1K_V1="vgg11-8a719046.pth")
VGG11_BN_Weights = imagenet("VGG11_BN", IMAGENET1K_V1="vgg11_bn-6002323d.pth")
VGG13_Weights = imagenet("VGG13", IMAGENET1K_V1="vgg13-19584684.pth")
VGG13_BN_Weights = imagenet("VGG13_BN", IMAGENET1K_V1="vgg13_bn-abd245e5.pth")
VGG16_Weights = imagenet("VGG16", IMAGENET1K_V1="vgg16-397923af.pth")
VGG16_BN_Weights = imagenet("VGG16_BN", IMAGENET1K_V1="vgg16_bn-6c64b313.pth")
VGG19_Weights = imagenet("VGG19", IMAGENET1K_V1="vgg19-dcbb9e9d.pth")
VGG19_BN_Weights = imagenet("VGG19_BN", IMAGENET1K_V1="vgg19_bn-c79401a0.pth")


@builder(VGG11_Weights)
def vgg11(**kwargs: Any) -> VGG:
    """VGG of 11 layers."""
    return VGG(make_layers(cfgs["A"]), **kwargs)


@builder(VGG11_BN_Weights)
def vgg11_bn(**kwargs: Any) -> VGG:
    """VGG of 11 layers with batch normalisation."""
    return VGG(make_layers(cfgs["A"], True), **kwargs)


@builder(VGG13_Weights)
def vgg13(**kwargs: Any) -> VGG:
    """VGG of 13 layers."""
    return VGG(make_layers(cfgs["B"]), **kwargs)


@builder(VGG13_BN_Weights)
def vgg13_bn(**kwargs: Any) -> VGG:
    """VGG of 13 layers with batch normalisation."""
    return VGG(make_layers(cfgs["B"], True), **kwargs)


@builder(VGG16_Weights)
def vgg16(**kwargs: Any) -> VGG:
    """VGG of 16 layers."""
    return VGG(make_layers(cfgs["D"]), **kwargs)


@builder(VGG16_BN_Weights)
def vgg16_bn(**kwargs: Any) -> VGG:
    """VGG of 16 layers with batch normalisation."""
    return VGG(make_layers(cfgs["D"], True), **kwargs)


@builder(VGG19_Weights)
def vgg19(**kwargs: Any) -> VGG:
    """VGG of 19 layers."""
    return VGG(make_layers(cfgs["E"]), **kwargs)


@builder(VGG19_BN_Weights)
def vgg19_bn(**kwargs: Any) -> VGG:
    """VGG of 19 layers with batch normalisation."""
    return VGG(make_layers(cfgs["E"], True), **kwargs)
