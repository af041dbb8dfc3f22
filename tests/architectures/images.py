"""Networks for images: ResNet, DenseNet, U-Net and the vision transformer.

The rates of ResNet and DenseNet are low, lest batch norm over few examples multiply rounding.
"""

from __future__ import annotations

from typing import Any

from tests.architectures.network import Network


def _pictures(torch: Any, batch: int, size: int, classes: int) -> list[tuple[Any, Any]]:
    """Batches of pictures and their classes."""
    return [(torch.randn(batch, 3, size, size), torch.randint(classes, (batch,))) for _ in range(3)]


def _classification(torch: Any) -> Any:
    """The loss of a classifier."""
    return lambda model, images, kinds: torch.nn.functional.cross_entropy(model(images), kinds)


def resnet(
    torch: Any, width: int = 2, layers: tuple[int, int] = (1, 2), batch: int = 6, size: int = 16,
    classes: int = 5,
) -> Network:  # fmt: skip
    """He et al., 2015: bottleneck blocks with projections, batch norm, SGD with momentum."""
    nn = torch.nn

    class Bottleneck(nn.Module):
        expansion = 4

        def __init__(self, inplanes, planes, stride=1, downsample=None):
            super().__init__()
            self.conv1 = nn.Conv2d(inplanes, planes, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(planes)
            self.conv2 = nn.Conv2d(planes, planes, 3, stride, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(planes)
            self.conv3 = nn.Conv2d(planes, planes * self.expansion, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(planes * self.expansion)
            self.relu = nn.ReLU(inplace=True)
            self.downsample = downsample

        def forward(self, x):
            residual = x
            out = self.relu(self.bn1(self.conv1(x)))
            out = self.relu(self.bn2(self.conv2(out)))
            out = self.bn3(self.conv3(out))
            if self.downsample is not None:
                residual = self.downsample(x)
            out += residual
            return self.relu(out)

    class ResNet(nn.Module):
        def __init__(self, width, layers, classes):
            super().__init__()
            self.inplanes = 2 * width
            self.conv1 = nn.Conv2d(3, self.inplanes, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(self.inplanes)
            self.relu = nn.ReLU(inplace=True)
            self.maxpool = nn.MaxPool2d(3, 2, padding=1)
            self.layer1 = self._make_layer(width, layers[0])
            self.layer2 = self._make_layer(2 * width, layers[1], stride=2)
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Linear(self.inplanes, classes)
            for m in self.modules():
                if isinstance(m, nn.Conv2d):
                    nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                elif isinstance(m, nn.BatchNorm2d):
                    nn.init.constant_(m.weight, 1)
                    nn.init.constant_(m.bias, 0)

        def _make_layer(self, planes, blocks, stride=1):
            downsample = None
            if stride != 1 or self.inplanes != planes * Bottleneck.expansion:
                downsample = nn.Sequential(
                    nn.Conv2d(self.inplanes, planes * 4, 1, stride, bias=False),
                    nn.BatchNorm2d(planes * 4),
                )
            layers = [Bottleneck(self.inplanes, planes, stride, downsample)]
            self.inplanes = planes * 4
            layers += [Bottleneck(self.inplanes, planes) for _ in range(1, blocks)]
            return nn.Sequential(*layers)

        def forward(self, x):
            x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            x = self.layer2(self.layer1(x))
            x = self.avgpool(x)
            return self.fc(torch.flatten(x, 1))

    model = ResNet(width, layers, classes)
    optimizer = torch.optim.SGD(model.parameters(), lr=2e-3, momentum=0.9, weight_decay=1e-4)
    pictures = _pictures(torch, batch, size, classes)
    return Network(torch, model, _classification(torch), pictures, optimizer)


def densenet(
    torch: Any, growth: int = 3, blocks: tuple[int, ...] = (2, 2), width: int = 6, batch: int = 6,
    size: int = 8, classes: int = 5,
) -> Network:  # fmt: skip
    """Huang et al., 2016: every layer sees all before it; dropout between; Nesterov."""
    nn, F = torch.nn, torch.nn.functional
    from collections import OrderedDict

    class DenseLayer(nn.Sequential):
        def __init__(self, features, growth, size, rate):
            super().__init__()
            self.add_module("norm1", nn.BatchNorm2d(features))
            self.add_module("relu1", nn.ReLU(inplace=True))
            self.add_module("conv1", nn.Conv2d(features, size * growth, 1, bias=False))
            self.add_module("norm2", nn.BatchNorm2d(size * growth))
            self.add_module("relu2", nn.ReLU(inplace=True))
            self.add_module("conv2", nn.Conv2d(size * growth, growth, 3, padding=1, bias=False))
            self.drop_rate = rate

        def forward(self, x):
            new = super().forward(x)
            if self.drop_rate > 0:
                new = F.dropout(new, p=self.drop_rate, training=self.training)
            return torch.cat([x, new], 1)

    class DenseNet(nn.Module):
        def __init__(self, growth, blocks, width, classes):
            super().__init__()
            self.features = nn.Sequential(
                OrderedDict([("conv0", nn.Conv2d(3, width, 3, padding=1, bias=False))])
            )
            for i, layers in enumerate(blocks):
                block = nn.Sequential()
                for j in range(layers):
                    block.add_module(
                        f"denselayer{j + 1}", DenseLayer(width + j * growth, growth, 2, 0.2)
                    )
                self.features.add_module(f"denseblock{i + 1}", block)
                width += layers * growth
                if i != len(blocks) - 1:
                    self.features.add_module(
                        f"transition{i + 1}",
                        nn.Sequential(
                            nn.BatchNorm2d(width), nn.ReLU(inplace=True),
                            nn.Conv2d(width, width // 2, 1, bias=False), nn.AvgPool2d(2, 2),
                        ),
                    )  # fmt: skip
                    width //= 2
            self.features.add_module("norm5", nn.BatchNorm2d(width))
            self.classifier = nn.Linear(width, classes)

        def forward(self, x):
            out = F.relu(self.features(x), inplace=True)
            out = F.adaptive_avg_pool2d(out, (1, 1)).view(out.size(0), -1)
            return self.classifier(out)

    model = DenseNet(growth, blocks, width, classes)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=2e-3, momentum=0.9, nesterov=True, weight_decay=1e-4
    )
    pictures = _pictures(torch, batch, size, classes)
    return Network(torch, model, _classification(torch), pictures, optimizer)


def unet(torch: Any, width: int = 3, batch: int = 4, size: int = 18) -> Network:
    """Ronneberger et al., 2015: transposed convolutions, skips by concatenation, Adam."""
    nn, F = torch.nn, torch.nn.functional

    class DoubleConv(nn.Module):
        def __init__(self, ins, outs):
            super().__init__()
            self.double_conv = nn.Sequential(
                nn.Conv2d(ins, outs, 3, padding=1), nn.BatchNorm2d(outs), nn.ReLU(inplace=True),
                nn.Conv2d(outs, outs, 3, padding=1), nn.BatchNorm2d(outs), nn.ReLU(inplace=True),
            )  # fmt: skip

        def forward(self, x):
            return self.double_conv(x)

    class Up(nn.Module):
        def __init__(self, ins, outs, bilinear):
            super().__init__()
            if bilinear:
                self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
                self.conv = DoubleConv(ins + outs, outs)
            else:
                self.up = nn.ConvTranspose2d(ins, outs, 2, stride=2)
                self.conv = DoubleConv(outs * 2, outs)

        def forward(self, x1, x2):
            x1 = self.up(x1)
            high, wide = x2.size(2) - x1.size(2), x2.size(3) - x1.size(3)
            x1 = F.pad(x1, [wide // 2, wide - wide // 2, high // 2, high - high // 2])
            return self.conv(torch.cat([x2, x1], dim=1))

    class UNet(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.inc = DoubleConv(1, width)
            self.down1 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(width, width * 2))
            self.down2 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(width * 2, width * 4))
            self.up1 = Up(width * 4, width * 2, bilinear=False)
            self.up2 = Up(width * 2, width, bilinear=True)
            self.outc = nn.Conv2d(width, 1, 1)

        def forward(self, x):
            x1 = self.inc(x)
            x2 = self.down1(x1)
            x3 = self.down2(x2)
            return self.outc(self.up2(self.up1(x3, x2), x1))

    def loss(model: Any, images: Any, masks: Any) -> Any:
        scores = model(images)
        loss = F.binary_cross_entropy_with_logits(scores, masks)
        probability = torch.sigmoid(scores)
        dice = 2 * (probability * masks).sum() / (probability.sum() + masks.sum())
        return loss + 1 - dice

    model = UNet(width)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    images = torch.randn(batch, 1, size, size)  # 18 is odd after one halving: padding has work
    masks = (F.avg_pool2d(images, 3, 1, 1) > 0).float()
    return Network(torch, model, loss, [(images, masks)], optimizer, clip=1.0)


def vit(
    torch: Any, dim: int = 16, depth: int = 2, heads: int = 4, batch: int = 6, size: int = 16,
    classes: int = 5,
) -> Network:  # fmt: skip
    """Dosovitskiy et al., 2020: patches, a class token, pre-norm blocks, AdamW and a warm-up."""
    nn = torch.nn

    class Attention(nn.Module):
        def __init__(self, dim, heads, dropout):
            super().__init__()
            self.heads, self.scale = heads, (dim // heads) ** -0.5
            self.norm = nn.LayerNorm(dim)
            self.to_qkv = nn.Linear(dim, dim * 3, bias=False)
            self.attend, self.dropout = nn.Softmax(dim=-1), nn.Dropout(dropout)
            self.to_out = nn.Sequential(nn.Linear(dim, dim), nn.Dropout(dropout))

        def forward(self, x):
            x = self.norm(x)
            b, n, d = x.shape
            q, k, v = (
                one.reshape(b, n, self.heads, -1).permute(0, 2, 1, 3)
                for one in self.to_qkv(x).chunk(3, dim=-1)
            )
            attn = self.dropout(self.attend(torch.matmul(q, k.transpose(-1, -2)) * self.scale))
            return self.to_out(torch.matmul(attn, v).transpose(1, 2).reshape(b, n, d))

    class ViT(nn.Module):
        def __init__(self, size, patch, dim, depth, heads, classes, dropout):
            super().__init__()
            self.to_patch = nn.Conv2d(3, dim, patch, stride=patch)
            self.cls_token = nn.Parameter(torch.randn(1, 1, dim))
            self.pos_embedding = nn.Parameter(torch.randn(1, (size // patch) ** 2 + 1, dim))
            self.dropout = nn.Dropout(dropout)
            self.layers = nn.ModuleList([])
            for _ in range(depth):
                feed = nn.Sequential(
                    nn.LayerNorm(dim), nn.Linear(dim, dim * 2), nn.GELU(), nn.Dropout(dropout),
                    nn.Linear(dim * 2, dim), nn.Dropout(dropout),
                )  # fmt: skip
                self.layers.append(nn.ModuleList([Attention(dim, heads, dropout), feed]))
            self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, classes)

        def forward(self, img):
            x = self.to_patch(img).flatten(2).transpose(1, 2)
            tokens = self.cls_token.expand(x.shape[0], -1, -1)
            x = torch.cat((tokens, x), dim=1)
            x += self.pos_embedding[:, : x.shape[1]]
            x = self.dropout(x)
            for attn, feed in self.layers:
                x = attn(x) + x
                x = feed(x) + x
            return self.head(self.norm(x)[:, 0])

    model = ViT(size, 4, dim, depth, heads, classes, 0.1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    warm = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda at: min(1.0, (at + 1) / 10))
    pictures = _pictures(torch, batch, size, classes)
    return Network(torch, model, _classification(torch), pictures, optimizer, warm)
