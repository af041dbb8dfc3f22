"""The benchmark's training programs as ordinary PyTorch code, for real torch and for compat.

Each is a function of the `torch` module that gives a step: the untouched loop body
`zero_grad(); loss.backward(); optimizer.step(); loss.item()`, with another learning rate each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Step = Callable[[int], float]


def _loop(torch: Any, model: Any, optimizer: Any, loss_of: Callable[[], Any]) -> Step:
    def step(count: int) -> float:
        optimizer.param_groups[0]["lr"] = 1e-3 / (1 + 0.01 * count)
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def _mlp(torch: Any, optimizer: str) -> Step:
    nn, F = torch.nn, torch.nn.functional
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    images, digits = torch.randn(64, 784), torch.randint(10, (64,))
    chosen = getattr(torch.optim, optimizer)(model.parameters(), lr=1e-3)
    return _loop(torch, model, chosen, lambda: F.cross_entropy(model(images), digits))


def mlp_sgd(torch: Any) -> Step:
    """784-256-10, batch 64, SGD."""
    return _mlp(torch, "SGD")


def mlp_adam(torch: Any) -> Step:
    """784-256-10, batch 64, Adam."""
    return _mlp(torch, "Adam")


def cnn(torch: Any) -> Step:
    """LeNet-like on 28x28 images, batch 64, SGD."""
    nn, F = torch.nn, torch.nn.functional

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 16, 5, padding=2), nn.Conv2d(16, 32, 5)
            self.fc1, self.fc2 = nn.Linear(800, 120), nn.Linear(120, 10)

        def forward(self, x: Any) -> Any:
            x = F.max_pool2d(F.relu(self.conv1(x)), 2)
            x = F.max_pool2d(F.relu(self.conv2(x)), 2)
            return self.fc2(F.relu(self.fc1(x.flatten(1))))

    torch.manual_seed(0)
    model = Net()
    images, digits = torch.randn(64, 1, 28, 28), torch.randint(10, (64,))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    return _loop(torch, model, optimizer, lambda: F.cross_entropy(model(images), digits))


def resnet(torch: Any) -> Step:
    """ResNet-18 for 32x32 images (He et al., 2015), batch 32, SGD with momentum."""
    nn, F = torch.nn, torch.nn.functional

    class Block(nn.Module):
        def __init__(self, before: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.shortcut = nn.Sequential()
            if stride != 1 or before != width:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width)
                )

        def forward(self, x: Any) -> Any:
            out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            return F.relu(out + self.shortcut(x))

    class ResNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.bn = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64)
            blocks, before = [], 64
            for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
                blocks += [Block(before, width, stride), Block(width, width, 1)]
                before = width
            self.blocks, self.head = nn.Sequential(*blocks), nn.Linear(512, 10)

        def forward(self, x: Any) -> Any:
            x = self.blocks(F.relu(self.bn(self.conv(x))))
            return self.head(F.avg_pool2d(x, 4).flatten(1))

    torch.manual_seed(0)
    model = ResNet()
    images, digits = torch.randn(32, 3, 32, 32), torch.randint(10, (32,))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    return _loop(torch, model, optimizer, lambda: F.cross_entropy(model(images), digits))


def lstm(torch: Any) -> Step:
    """A language model: embedding, one LSTM layer of 128, 35 steps, batch 20, SGD."""
    nn, F = torch.nn, torch.nn.functional

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.lstm = nn.Embedding(200, 128), nn.LSTM(128, 128)
            self.head = nn.Linear(128, 200)

        def forward(self, words: Any) -> Any:
            out, _ = self.lstm(self.embedding(words))
            return self.head(out)

    torch.manual_seed(0)
    model = Model()
    words = torch.randint(200, (36, 20))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    return _loop(
        torch, model, optimizer,
        lambda: F.cross_entropy(model(words[:-1]).view(-1, 200), words[1:].reshape(-1)),
    )  # fmt: skip


def gpt(torch: Any) -> Step:
    """GPT: 4 layers, 4 heads, 128 wide, context 128, batch 8, 65 characters, Adam."""
    nn, F = torch.nn, torch.nn.functional
    width, heads = 128, 4

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.attention, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            n, t, c = x.shape
            q, k, v = (
                part.view(n, t, heads, c // heads).transpose(1, 2)
                for part in self.attention(self.norm1(x)).split(c, dim=2)
            )
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.project(mixed.transpose(1, 2).reshape(n, t, c))
            return x + self.fc2(F.gelu(self.fc1(self.norm2(x)), approximate="tanh"))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = nn.Embedding(65, width), nn.Embedding(128, width)
            self.blocks = nn.Sequential(*(Block() for _ in range(4)))
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 65)

        def forward(self, tokens: Any) -> Any:
            x = self.tokens(tokens) + self.places(torch.arange(tokens.size(1)))
            return self.head(self.norm(self.blocks(x)))

    torch.manual_seed(0)
    model = Model()
    tokens = torch.randint(65, (8, 129))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return _loop(
        torch, model, optimizer,
        lambda: F.cross_entropy(model(tokens[:, :-1]).view(-1, 65), tokens[:, 1:].reshape(-1)),
    )  # fmt: skip


PROGRAMS: dict[str, Callable[[Any], Step]] = {
    "MLP SGD": mlp_sgd, "MLP Adam": mlp_adam, "CNN": cnn, "ResNet-18": resnet, "LSTM": lstm,
    "GPT": gpt,
}  # fmt: skip
