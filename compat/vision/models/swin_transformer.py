"""Swin transformers: attention within windows that shift (Liu et al. 2021; version 2, 2022)."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import compat as torch
from compat import nn
from compat.vision.models.weights import File, builder, imagenet
from compat.vision.ops.layers import MLP, Permute, StochasticDepth
from compat.vision.transforms.names import InterpolationMode

__all__ = [
    "SwinTransformer", "Swin_B_Weights", "Swin_S_Weights", "Swin_T_Weights",
    "Swin_V2_B_Weights", "Swin_V2_S_Weights", "Swin_V2_T_Weights", "swin_b", "swin_s",
    "swin_t", "swin_v2_b", "swin_v2_s", "swin_v2_t",
]  # fmt: skip

F = nn.functional
Layer = Callable[..., nn.Module]


def _quarters(x: torch.Tensor) -> torch.Tensor:
    """Each 2 x 2 pixels of (..., H, W, C) as one of 4 C; a picture of odd size gets zeros."""
    height, width = x.shape[-3:-1]
    x = F.pad(x, (0, 0, 0, width % 2, 0, height % 2))
    parts = [x[..., row::2, column::2, :] for row, column in ((0, 0), (1, 0), (0, 1), (1, 1))]
    return torch.cat(parts, -1)


class PatchMerging(nn.Module):
    """Half the size and twice the width, on (..., H, W, C)."""

    def __init__(self, dim: int, norm_layer: Layer = nn.LayerNorm) -> None:
        super().__init__()
        self.dim = dim
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = norm_layer(4 * dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.reduction(self.norm(_quarters(x)))


class PatchMergingV2(nn.Module):
    """`PatchMerging` with the norm after the layer."""

    def __init__(self, dim: int, norm_layer: Layer = nn.LayerNorm) -> None:
        super().__init__()
        self.dim = dim
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = norm_layer(2 * dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.reduction(_quarters(x)))


@functools.lru_cache(64)
def _apart(
    size: tuple[int, int], window: tuple[int, int], shift: tuple[int, int]
) -> np.ndarray[Any, Any]:
    """What to add to the attention in windows of a picture rolled by `shift`, (windows, places,
    places): -100 between pixels that were not neighbours before."""
    region = np.zeros(size, np.int64)
    for axis, (length, w, s) in enumerate(zip(size, window, shift, strict=True)):
        at = np.arange(length)
        # With no shift along it, an axis has but two regions, which are whole windows.
        part = (at >= length - w).astype(np.int64) + ((at >= length - s) if s else 0)
        region = 3 * region + (part[:, None] if axis == 0 else part)
    (height, width), (h, w) = size, window
    rows = region.reshape(height // h, h, width // w, w).transpose(0, 2, 1, 3).reshape(-1, h * w)
    return np.where(rows[:, None] != rows[:, :, None], -100.0, 0.0).astype(np.float32)


def shifted_window_attention(
    input: torch.Tensor, qkv_weight: torch.Tensor, proj_weight: torch.Tensor,
    relative_position_bias: torch.Tensor, window_size: list[int], num_heads: int,
    shift_size: list[int], attention_dropout: float = 0.0, dropout: float = 0.0,
    qkv_bias: torch.Tensor | None = None, proj_bias: torch.Tensor | None = None,
    logit_scale: torch.Tensor | None = None, training: bool = True,
) -> torch.Tensor:  # fmt: skip
    """Attention within windows of (N, H, W, C), whose edges lie at shift_size.

    relative_position_bias  (1, heads, places, places), added to the attention
    logit_scale             the cosine of queries and keys times its exponential (at most 100)
                            rather than their product
    """
    count, height, width, channels = input.shape
    h, w = window_size
    x = F.pad(input, (0, 0, 0, (w - width % w) % w, 0, (h - height % h) % h))
    tall, wide = x.shape[1:3]
    # A window as large as the picture has nothing to shift.
    down, right = (0 if h >= tall else shift_size[0]), (0 if w >= wide else shift_size[1])
    shifted = down + right > 0
    if shifted:
        x = torch.roll(x, shifts=(-down, -right), dims=(1, 2))
    windows, places = (tall // h) * (wide // w), h * w
    x = x.view(count, tall // h, h, wide // w, w, channels).permute(0, 1, 3, 2, 4, 5)
    x = x.reshape(count * windows, places, channels)
    if logit_scale is not None and qkv_bias is not None:
        part = qkv_bias.numel() // 3  # keys have no bias
        qkv_bias = torch.cat(
            [qkv_bias[:part], torch.zeros_like(qkv_bias[:part]), qkv_bias[2 * part :]]
        )
    qkv = F.linear(x, qkv_weight, qkv_bias)
    qkv = qkv.reshape(-1, places, 3, num_heads, channels // num_heads).permute(2, 0, 3, 1, 4)
    q, k, v = qkv[0], qkv[1], qkv[2]
    if logit_scale is not None:
        attention = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
        attention = attention * torch.clamp(logit_scale, max=math.log(100.0)).exp()
    else:
        attention = (q * (channels // num_heads) ** -0.5).matmul(k.transpose(-2, -1))
    attention = attention + relative_position_bias
    if shifted:
        apart = torch.tensor(_apart((tall, wide), (h, w), (down, right)))
        apart = apart.to(device=x.device, dtype=x.dtype)[:, None]
        attention = attention.view(-1, windows, num_heads, places, places) + apart
        attention = attention.view(-1, num_heads, places, places)
    attention = F.dropout(F.softmax(attention, dim=-1), p=attention_dropout, training=training)
    x = attention.matmul(v).transpose(1, 2).reshape(-1, places, channels)
    x = F.dropout(F.linear(x, proj_weight, proj_bias), p=dropout, training=training)
    x = x.view(count, tall // h, wide // w, h, w, channels).permute(0, 1, 3, 2, 4, 5)
    x = x.reshape(count, tall, wide, channels)
    if shifted:
        x = torch.roll(x, shifts=(down, right), dims=(1, 2))
    return x[:, :height, :width, :].contiguous()


class ShiftedWindowAttention(nn.Module):
    """`shifted_window_attention` with a learnt number for each distance within a window."""

    def __init__(
        self, dim: int, window_size: list[int], shift_size: list[int], num_heads: int,
        qkv_bias: bool = True, proj_bias: bool = True, attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__()
        if len(window_size) != 2 or len(shift_size) != 2:
            raise ValueError("window_size and shift_size must be of length 2")
        self.window_size, self.shift_size, self.num_heads = window_size, shift_size, num_heads
        self.attention_dropout, self.dropout = attention_dropout, dropout
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim, bias=proj_bias)
        self.define_relative_position_bias_table()
        self.define_relative_position_index()

    def define_relative_position_bias_table(self) -> None:
        """A number for each distance and head."""
        distances = (2 * self.window_size[0] - 1) * (2 * self.window_size[1] - 1)
        self.relative_position_bias_table = nn.Parameter(torch.zeros(distances, self.num_heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def define_relative_position_index(self) -> None:
        """The row of the table for each pair of places."""
        h, w = self.window_size
        rows, columns = np.divmod(np.arange(h * w), w)
        down, right = rows[:, None] - rows + h - 1, columns[:, None] - columns + w - 1
        index = torch.tensor((down * (2 * w - 1) + right).reshape(-1))
        self.register_buffer("relative_position_index", index)

    def _by_pair(self, table: torch.Tensor) -> torch.Tensor:
        places = self.window_size[0] * self.window_size[1]
        bias = table[self.relative_position_index].view(places, places, -1)
        return bias.permute(2, 0, 1).contiguous().unsqueeze(0)

    def get_relative_position_bias(self) -> torch.Tensor:
        """What to add to the attention, (1, heads, places, places)."""
        return self._by_pair(self.relative_position_bias_table)

    def _scale(self) -> torch.Tensor | None:
        return None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return shifted_window_attention(
            x, self.qkv.weight, self.proj.weight, self.get_relative_position_bias(),
            self.window_size, self.num_heads, self.shift_size, self.attention_dropout,
            self.dropout, self.qkv.bias, self.proj.bias, self._scale(), self.training,
        )  # fmt: skip


class ShiftedWindowAttentionV2(ShiftedWindowAttention):
    """Attention by cosines, whose numbers for distances come from a small network."""

    def __init__(
        self, dim: int, window_size: list[int], shift_size: list[int], num_heads: int,
        qkv_bias: bool = True, proj_bias: bool = True, attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(
            dim, window_size, shift_size, num_heads, qkv_bias, proj_bias, attention_dropout,
            dropout,
        )  # fmt: skip
        self.logit_scale = nn.Parameter(torch.log(10 * torch.ones((num_heads, 1, 1))))
        self.cpb_mlp = nn.Sequential(
            nn.Linear(2, 512, bias=True), nn.ReLU(inplace=True),
            nn.Linear(512, num_heads, bias=False),
        )  # fmt: skip
        if qkv_bias:
            part = self.qkv.bias.numel() // 3
            self.qkv.bias[part : 2 * part].data.zero_()

    def define_relative_position_bias_table(self) -> None:
        """The distances themselves, by a logarithm: about -1 to 1."""
        down, right = (torch.arange(-(n - 1), n, dtype=torch.float32) for n in self.window_size)
        table = torch.stack(torch.meshgrid(down, right, indexing="ij")).permute(1, 2, 0)
        reach = torch.tensor([float(n - 1) for n in self.window_size])
        table = (table.contiguous() / reach * 8).unsqueeze(0)
        table = torch.sign(table) * torch.log2(torch.abs(table) + 1.0) / 3.0
        self.register_buffer("relative_coords_table", table)

    def get_relative_position_bias(self) -> torch.Tensor:
        """What to add to the attention, from 0 to 16, (1, heads, places, places)."""
        table = self.cpb_mlp(self.relative_coords_table).view(-1, self.num_heads)
        return 16 * torch.sigmoid(self._by_pair(table))

    def _scale(self) -> torch.Tensor | None:
        return self.logit_scale


class SwinTransformerBlock(nn.Module):
    """Attention in windows and an MLP, each after a norm, added to what it is given."""

    def __init__(
        self, dim: int, num_heads: int, window_size: list[int], shift_size: list[int],
        mlp_ratio: float = 4.0, dropout: float = 0.0, attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0, norm_layer: Layer = nn.LayerNorm,
        attn_layer: Layer = ShiftedWindowAttention,
    ) -> None:  # fmt: skip
        super().__init__()
        self.norm1 = norm_layer(dim)
        self.attn = attn_layer(
            dim, window_size, shift_size, num_heads, attention_dropout=attention_dropout,
            dropout=dropout,
        )  # fmt: skip
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.norm2 = norm_layer(dim)
        self.mlp = MLP(
            dim, [int(dim * mlp_ratio), dim], activation_layer=nn.GELU, inplace=None,
            dropout=dropout,
        )  # fmt: skip
        for module in self.mlp.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.normal_(module.bias, std=1e-6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.stochastic_depth(self.attn(self.norm1(x)))
        return x + self.stochastic_depth(self.mlp(self.norm2(x)))


class SwinTransformerBlockV2(SwinTransformerBlock):
    """A block with its norms after attention and MLP."""

    def __init__(
        self, dim: int, num_heads: int, window_size: list[int], shift_size: list[int],
        mlp_ratio: float = 4.0, dropout: float = 0.0, attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0, norm_layer: Layer = nn.LayerNorm,
        attn_layer: Layer = ShiftedWindowAttentionV2,
    ) -> None:  # fmt: skip
        super().__init__(
            dim, num_heads, window_size, shift_size, mlp_ratio, dropout, attention_dropout,
            stochastic_depth_prob, norm_layer, attn_layer,
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.stochastic_depth(self.norm1(self.attn(x)))
        return x + self.stochastic_depth(self.norm2(self.mlp(x)))


class SwinTransformer(nn.Module):
    """Stages of blocks on images (N, 3, H, W), in every other block with shifted windows."""

    def __init__(
        self, patch_size: list[int], embed_dim: int, depths: list[int], num_heads: list[int],
        window_size: list[int], mlp_ratio: float = 4.0, dropout: float = 0.0,
        attention_dropout: float = 0.0, stochastic_depth_prob: float = 0.1,
        num_classes: int = 1000, norm_layer: Layer | None = None, block: Layer | None = None,
        downsample_layer: Layer = PatchMerging,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_classes = num_classes
        block, norm = block or SwinTransformerBlock, norm_layer or partial(nn.LayerNorm, eps=1e-5)
        patch = (patch_size[0], patch_size[1])
        layers: list[nn.Module] = [
            nn.Sequential(
                nn.Conv2d(3, embed_dim, kernel_size=patch, stride=patch), Permute([0, 2, 3, 1]),
                norm(embed_dim),
            )
        ]  # fmt: skip
        total, at = sum(depths), 0
        for stage, (depth, heads) in enumerate(zip(depths, num_heads, strict=True)):
            dim = embed_dim * 2**stage
            blocks = []
            for number in range(depth):
                blocks.append(
                    block(
                        dim, heads, window_size=window_size,
                        shift_size=[0 if number % 2 == 0 else w // 2 for w in window_size],
                        mlp_ratio=mlp_ratio, dropout=dropout, attention_dropout=attention_dropout,
                        stochastic_depth_prob=stochastic_depth_prob * float(at) / (total - 1),
                        norm_layer=norm,
                    )
                )  # fmt: skip
                at += 1
            layers.append(nn.Sequential(*blocks))
            if stage < len(depths) - 1:
                layers.append(downsample_layer(dim, norm))
        self.features = nn.Sequential(*layers)
        last = embed_dim * 2 ** (len(depths) - 1)
        self.norm = norm(last)
        self.permute = Permute([0, 3, 1, 2])
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.head = nn.Linear(last, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.permute(self.norm(self.features(x)))
        return self.head(self.flatten(self.avgpool(x)))


def _made(
    width: int, deep: int, heads: list[int], window: int, depth_prob: float,
    settings: dict[str, Any],
) -> SwinTransformer:  # fmt: skip
    settings = {"stochastic_depth_prob": depth_prob} | settings
    return SwinTransformer([4, 4], width, [2, 2, deep, 2], heads, [window, window], **settings)


def _second(
    width: int, deep: int, heads: list[int], window: int, depth_prob: float,
    settings: dict[str, Any],
) -> SwinTransformer:  # fmt: skip
    newer: dict[str, Any] = {"block": SwinTransformerBlockV2, "downsample_layer": PatchMergingV2}
    return _made(width, deep, heads, window, depth_prob, newer | settings)


def _file(name: str, crop: int, resize: int) -> File:
    return File(f"swin_{name}.pth", crop, resize, InterpolationMode.BICUBIC)


Swin_T_Weights = imagenet("Swin_T", IMAGENET1K_V1=_file("t-704ceda3", 224, 232))
Swin_S_Weights = imagenet("Swin_S", IMAGENET1K_V1=_file("s-5e29d889", 224, 246))
Swin_B_Weights = imagenet("Swin_B", IMAGENET1K_V1=_file("b-68c6b09e", 224, 238))
Swin_V2_T_Weights = imagenet("Swin_V2_T", IMAGENET1K_V1=_file("v2_t-b137f0e2", 256, 260))
Swin_V2_S_Weights = imagenet("Swin_V2_S", IMAGENET1K_V1=_file("v2_s-637d8ceb", 256, 260))
Swin_V2_B_Weights = imagenet("Swin_V2_B", IMAGENET1K_V1=_file("v2_b-781e5279", 256, 272))


@builder(Swin_T_Weights)
def swin_t(**kwargs: Any) -> SwinTransformer:
    """The tiny Swin transformer."""
    return _made(96, 6, [3, 6, 12, 24], 7, 0.2, kwargs)


@builder(Swin_S_Weights)
def swin_s(**kwargs: Any) -> SwinTransformer:
    """The small Swin transformer."""
    return _made(96, 18, [3, 6, 12, 24], 7, 0.3, kwargs)


@builder(Swin_B_Weights)
def swin_b(**kwargs: Any) -> SwinTransformer:
    """The Swin transformer of the paper's base size."""
    return _made(128, 18, [4, 8, 16, 32], 7, 0.5, kwargs)


@builder(Swin_V2_T_Weights)
def swin_v2_t(**kwargs: Any) -> SwinTransformer:
    """The tiny Swin transformer of version 2."""
    return _second(96, 6, [3, 6, 12, 24], 8, 0.2, kwargs)


@builder(Swin_V2_S_Weights)
def swin_v2_s(**kwargs: Any) -> SwinTransformer:
    """The small Swin transformer of version 2."""
    return _second(96, 18, [3, 6, 12, 24], 8, 0.3, kwargs)


@builder(Swin_V2_B_Weights)
def swin_v2_b(**kwargs: Any) -> SwinTransformer:
    """The Swin transformer of version 2 of the paper's base size."""
    return _second(128, 18, [4, 8, 16, 32], 8, 0.5, kwargs)
