"""Programs whose shape changes as they run: what recording must not make slow.

Each is a function of the `torch` module that gives an iteration; `ITERATIONS` is sized so that
torch takes about ten seconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any


def translation(torch: Any) -> Callable[[int], None]:
    """A token-by-token GRU encoder-decoder over sentences of random length 3-12."""
    nn, F = torch.nn, torch.nn.functional
    hidden, vocabulary = 128, 500

    class Coder(nn.Module):
        def __init__(self, decodes: bool) -> None:
            super().__init__()
            self.embedding, self.gru = nn.Embedding(vocabulary, hidden), nn.GRU(hidden, hidden)
            self.head = nn.Linear(hidden, vocabulary) if decodes else None

        def forward(self, token: Any, state: Any) -> Any:
            out, state = self.gru(self.embedding(token).view(1, 1, -1), state)
            if self.head is None:
                return out, state
            return F.log_softmax(self.head(out[0]), dim=1), state

    torch.manual_seed(0)
    lengths = random.Random(0)
    encoder, decoder = Coder(False), Coder(True)
    optimizers = [torch.optim.SGD(coder.parameters(), lr=0.01) for coder in (encoder, decoder)]
    sentences = [torch.randint(vocabulary, (12, 1)) for _ in range(50)]

    def iteration(count: int) -> None:
        source = sentences[count % 50][: lengths.randint(3, 12)]
        target = sentences[(count * 7) % 50][: lengths.randint(3, 12)]
        for optimizer in optimizers:
            optimizer.zero_grad()
        state = torch.zeros(1, 1, hidden)
        for token in source:
            _, state = encoder(token, state)
        loss, token = 0, target[0]
        for wanted in target:
            logs, state = decoder(token, state)
            loss = loss + F.nll_loss(logs, wanted)
            token = wanted
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        loss.item()

    return iteration


def elements(torch: Any) -> Callable[[int], None]:
    """A loop that writes `x[i] = ...` and reads `data[k:k+32]`: features of sliding windows."""
    torch.manual_seed(0)
    data, weight = torch.randn(4096, 64), torch.randn(64, 64) / 8

    def iteration(count: int) -> None:
        x = torch.zeros(48, 64)
        for i in range(48):
            k = (i * 13 + count) % 4000
            x[i] = torch.tanh(data[k : k + 32] @ weight).mean(0)
        x.sum().item()

    return iteration


def looking(torch: Any) -> Callable[[int], None]:
    """A solver that looks in every iteration whether it is done (Jacobi's method)."""
    torch.manual_seed(0)
    size = 800
    matrix = torch.rand(size, size) / size + torch.eye(size) * 2
    right = torch.rand(size)
    diagonal = matrix.diagonal().clone()

    def iteration(count: int) -> None:
        x = torch.zeros(size)
        for _ in range(40):
            residual = right - matrix @ x
            x = x + residual / diagonal
            if residual.norm().item() < 1e-12:
                break

    return iteration


def policy(torch: Any) -> Callable[[int], None]:
    """A policy network sampled step by step, then trained on the episode (REINFORCE)."""
    nn, F = torch.nn, torch.nn.functional
    torch.manual_seed(0)
    lengths = random.Random(0)
    model = nn.Sequential(nn.Linear(4, 128), nn.ReLU(), nn.Linear(128, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def iteration(count: int) -> None:
        state, logs, rewards = torch.zeros(4), [], []
        for _ in range(lengths.randint(10, 30)):
            chances = F.softmax(model(state.unsqueeze(0)), dim=1)
            action = torch.multinomial(chances, 1)
            logs.append(chances.log().gather(1, action))
            push = 1.0 if action.item() else -1.0
            state = state * 0.9 + torch.tensor([push, 0.1, -push, 0.05])
            rewards.append(1.0 - abs(float(state[0])))
        returns = torch.tensor(rewards).flip(0).cumsum(0).flip(0)
        returns = (returns - returns.mean()) / (returns.std() + 1e-6)
        loss = -(torch.cat(logs).squeeze(1) * returns).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return iteration


PROGRAMS: dict[str, tuple[Callable[[Any], Callable[[int], None]], int]] = {
    "translation": (translation, 2_000),
    "elements": (elements, 4_000),
    "looking": (looking, 1_500),
    "policy": (policy, 2_000),
}
