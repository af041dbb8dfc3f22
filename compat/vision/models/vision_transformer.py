"""Vision transformer: Dosovitskiy et al. 2020, "An Image is Worth 16x16 Words"."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import compat as torch
from compat import nn
from compat.vision.models.weights import File, builder, imagenet, loaded
from compat.vision.ops.layers import MLP, Conv2dNormActivation
from compat.vision.transforms.names import InterpolationMode

__all__ = [
    "ViT_B_16_Weights", "ViT_B_32_Weights", "ViT_H_14_Weights", "ViT_L_16_Weights",
    "ViT_L_32_Weights", "VisionTransformer", "vit_b_16", "vit_b_32", "vit_h_14", "vit_l_16",
    "vit_l_32",
]  # fmt: skip

Layer = Callable[..., nn.Module]
_NORM = partial(nn.LayerNorm, eps=1e-6)


class ConvStemConfig(NamedTuple):
    """A convolution of a stem that stands in for cutting the picture into patches."""

    out_channels: int
    kernel_size: int
    stride: int
    norm_layer: Layer = nn.BatchNorm2d
    activation_layer: Layer = nn.ReLU


class MLPBlock(MLP):
    """Two linear layers of each place by itself."""

    _version = 2

    def __init__(self, in_dim: int, mlp_dim: int, dropout: float) -> None:
        super().__init__(
            in_dim, [mlp_dim, in_dim], activation_layer=nn.GELU, inplace=None, dropout=dropout
        )
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.normal_(module.bias, std=1e-6)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *args: Any
    ) -> None:
        """Files of the first version call the layers linear_1 and linear_2."""
        version = local_metadata.get("version", None)
        if version is None or version < 2:
            for old, new in (("linear_1", "0"), ("linear_2", "3")):
                for part in ("weight", "bias"):
                    found = state_dict.pop(f"{prefix}{old}.{part}", None)
                    if found is not None:
                        state_dict[f"{prefix}{new}.{part}"] = found
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


class EncoderBlock(nn.Module):
    """Attention and an MLP, each after a norm and added to what it is given."""

    def __init__(
        self, num_heads: int, hidden_dim: int, mlp_dim: int, dropout: float,
        attention_dropout: float, norm_layer: Layer = _NORM,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_heads = num_heads
        self.ln_1 = norm_layer(hidden_dim)
        self.self_attention = nn.MultiheadAttention(
            hidden_dim, num_heads, dropout=attention_dropout, batch_first=True
        )
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = norm_layer(hidden_dim)
        self.mlp = MLPBlock(hidden_dim, mlp_dim, dropout)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if input.dim() != 3:
            raise AssertionError(
                f"Expected (batch_size, seq_length, hidden_dim) got {input.shape}"
            )
        x = self.ln_1(input)
        x, _ = self.self_attention(x, x, x, need_weights=False)
        x = self.dropout(x) + input
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """Blocks on places (N, places, hidden) with what is learnt about each place added."""

    def __init__(
        self, seq_length: int, num_layers: int, num_heads: int, hidden_dim: int, mlp_dim: int,
        dropout: float, attention_dropout: float,
        norm_layer: Layer = _NORM,
    ) -> None:  # fmt: skip
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.empty(1, seq_length, hidden_dim).normal_(std=0.02))
        self.dropout = nn.Dropout(dropout)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for at in range(num_layers):
            layers[f"encoder_layer_{at}"] = EncoderBlock(
                num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer
            )
        self.layers = nn.Sequential(layers)
        self.ln = norm_layer(hidden_dim)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if input.dim() != 3:
            raise AssertionError(
                f"Expected (batch_size, seq_length, hidden_dim) got {input.shape}"
            )
        return self.ln(self.layers(self.dropout(input + self.pos_embedding)))


class VisionTransformer(nn.Module):
    """A transformer over the patches of images (N, 3, image_size, image_size).

    representation_size  a hidden layer of this width before the last one
    conv_stem_configs    convolutions in place of cutting into patches
    """

    def __init__(
        self, image_size: int, patch_size: int, num_layers: int, num_heads: int, hidden_dim: int,
        mlp_dim: int, dropout: float = 0.0, attention_dropout: float = 0.0,
        num_classes: int = 1000, representation_size: int | None = None,
        norm_layer: Layer = _NORM,
        conv_stem_configs: list[ConvStemConfig] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if image_size % patch_size != 0:
            raise AssertionError("Input shape indivisible by patch size!")
        self.image_size, self.patch_size, self.hidden_dim = image_size, patch_size, hidden_dim
        self.mlp_dim, self.attention_dropout, self.dropout = mlp_dim, attention_dropout, dropout
        self.num_classes, self.representation_size = num_classes, representation_size
        self.norm_layer = norm_layer
        self.conv_proj = self._stem(conv_stem_configs)
        self.seq_length = (image_size // patch_size) ** 2 + 1  # with the class's own place
        self.class_token = nn.Parameter(torch.zeros(1, 1, hidden_dim))
        self.encoder = Encoder(
            self.seq_length, num_layers, num_heads, hidden_dim, mlp_dim, dropout,
            attention_dropout, norm_layer,
        )  # fmt: skip
        heads: OrderedDict[str, nn.Module] = OrderedDict()
        if representation_size is not None:
            heads["pre_logits"] = nn.Linear(hidden_dim, representation_size)
            heads["act"] = nn.Tanh()
        heads["head"] = nn.Linear(representation_size or hidden_dim, num_classes)
        self.heads = nn.Sequential(heads)
        self._start()

    def _stem(self, configs: list[ConvStemConfig] | None) -> nn.Module:
        if configs is None:
            return nn.Conv2d(
                3, self.hidden_dim, kernel_size=self.patch_size, stride=self.patch_size
            )
        layers, width = nn.Sequential(), 3
        for at, one in enumerate(configs):
            layers.add_module(
                f"conv_bn_relu_{at}",
                Conv2dNormActivation(
                    width, one.out_channels, one.kernel_size, one.stride,
                    norm_layer=one.norm_layer, activation_layer=one.activation_layer,
                ),
            )  # fmt: skip
            width = one.out_channels
        layers.add_module("conv_last", nn.Conv2d(width, self.hidden_dim, kernel_size=1))
        return layers

    def _start(self) -> None:
        """Initial values of the stem and the heads."""
        if isinstance(self.conv_proj, nn.Conv2d):
            first, spread = self.conv_proj, math.sqrt(1 / self.conv_proj.weight[0].numel())
            nn.init.trunc_normal_(first.weight, std=spread)
        else:
            first = self.conv_proj.conv_last
            nn.init.normal_(first.weight, mean=0.0, std=math.sqrt(2.0 / first.out_channels))
        if first.bias is not None:
            nn.init.zeros_(first.bias)
        if hasattr(self.heads, "pre_logits"):
            hidden = self.heads.pre_logits
            nn.init.trunc_normal_(hidden.weight, std=math.sqrt(1 / hidden.in_features))
            nn.init.zeros_(hidden.bias)
        nn.init.zeros_(self.heads.head.weight)
        nn.init.zeros_(self.heads.head.bias)

    def _process_input(self, x: torch.Tensor) -> torch.Tensor:
        """Patches as (N, places, hidden)."""
        count, _, height, width = x.shape
        for name, length in (("height", height), ("width", width)):
            if length != self.image_size:
                raise AssertionError(
                    f"Wrong image {name}! Expected {self.image_size} but got {length}!"
                )
        return self.conv_proj(x).reshape(count, self.hidden_dim, -1).permute(0, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self._process_input(x)
        token = self.class_token.expand(x.shape[0], -1, -1)
        return self.heads(self.encoder(torch.cat([token, x], dim=1))[:, 0])


def interpolate_embeddings(
    image_size: int, patch_size: int, model_state: Mapping[str, torch.Tensor],
    interpolation_mode: str = "bicubic", reset_heads: bool = False,
) -> Mapping[str, torch.Tensor]:  # fmt: skip
    """A model's state with what it learnt about places brought to another size of image.

    reset_heads  leaves the heads out
    ValueError for places that are no square, or of more than one image.
    """
    known = model_state["encoder.pos_embedding"]
    count, places, hidden = known.shape
    if count != 1:
        raise ValueError(f"Unexpected position embedding shape: {known.shape}")
    side, old = image_size // patch_size, math.isqrt(places - 1)
    if side * side + 1 == places:
        return model_state
    if old * old != places - 1:
        raise ValueError(
            "seq_length is not a perfect square! Instead got seq_length_1d * seq_length_1d = "
            f"{old * old} and seq_length = {places - 1}"
        )
    square = known[:, 1:].permute(0, 2, 1).reshape(1, hidden, old, old)
    scaled = nn.functional.interpolate(
        square, size=side, mode=interpolation_mode, align_corners=True
    )
    flat = scaled.reshape(1, hidden, side * side).permute(0, 2, 1)
    made: OrderedDict[str, torch.Tensor] = OrderedDict(model_state)
    made["encoder.pos_embedding"] = torch.cat([known[:, :1], flat], dim=1)
    if reset_heads:
        made = OrderedDict((k, v) for k, v in made.items() if not k.startswith("heads"))
    return made


def _load(
    function: Any, settings: dict[str, Any], chosen: Any, progress: bool
) -> VisionTransformer:
    """A checkpoint is of one size of image."""
    size = chosen.meta["min_size"][0]
    if settings.setdefault("image_size", size) != size:
        raise ValueError(
            f"The parameter 'image_size' expected value {size} but got {settings['image_size']} "
            "instead."
        )
    return loaded(function, settings, chosen, progress)


def _made(
    patch: int, layers: int, heads: int, hidden: int, mlp: int, settings: dict[str, Any]
) -> VisionTransformer:
    size = settings.pop("image_size", 224)
    return VisionTransformer(size, patch, layers, heads, hidden, mlp, **settings)


def _swag(size: str, end_to_end: str, crop: int, linear: str) -> dict[str, File]:
    cubic = InterpolationMode.BICUBIC
    return {
        "IMAGENET1K_SWAG_E2E_V1": File(f"vit_{size}_swag-{end_to_end}.pth", crop, crop, cubic),
        "IMAGENET1K_SWAG_LINEAR_V1": File(f"vit_{size}_lc_swag-{linear}.pth", 224, 224, cubic),
    }


ViT_B_16_Weights = imagenet(
    "ViT_B_16", IMAGENET1K_V1="vit_b_16-c867db91.pth", **_swag("b_16", "9ac1b537", 384, "4e70ced5")
)
ViT_B_32_Weights = imagenet("ViT_B_32", IMAGENET1K_V1="vit_b_32-d86f8d99.pth")
ViT_L_16_Weights = imagenet(
    "ViT_L_16", IMAGENET1K_V1=File("vit_l_16-852ce7e3.pth", resize=242),
    **_swag("l_16", "4f3808c9", 512, "4d563306"),
)  # fmt: skip
ViT_L_32_Weights = imagenet("ViT_L_32", IMAGENET1K_V1="vit_l_32-c7638314.pth")
ViT_H_14_Weights = imagenet(
    "ViT_H_14", "IMAGENET1K_SWAG_E2E_V1", **_swag("h_14", "80465313", 518, "c1eb923e")
)


@builder(ViT_B_16_Weights, load=_load)
def vit_b_16(**kwargs: Any) -> VisionTransformer:
    """The base transformer over patches of 16 x 16."""
    return _made(16, 12, 12, 768, 3072, kwargs)


@builder(ViT_B_32_Weights, load=_load)
def vit_b_32(**kwargs: Any) -> VisionTransformer:
    """The base transformer over patches of 32 x 32."""
    return _made(32, 12, 12, 768, 3072, kwargs)


@builder(ViT_L_16_Weights, load=_load)
def vit_l_16(**kwargs: Any) -> VisionTransformer:
    """The large transformer over patches of 16 x 16."""
    return _made(16, 24, 16, 1024, 4096, kwargs)


@builder(ViT_L_32_Weights, load=_load)
def vit_l_32(**kwargs: Any) -> VisionTransformer:
    """The large transformer over patches of 32 x 32."""
    return _made(32, 24, 16, 1024, 4096, kwargs)


@builder(ViT_H_14_Weights, load=_load)
def vit_h_14(**kwargs: Any) -> VisionTransformer:
    """The huge transformer over patches of 14 x 14."""
    return _made(14, 32, 16, 1280, 5120, kwargs)
