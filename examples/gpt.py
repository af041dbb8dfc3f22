"""A small character transformer learns Shakespeare's sonnets and writes a few lines of its own.

    python -m compat run examples/gpt.py [--steps 400] [--seed 0]

The script is plain PyTorch and runs unchanged under real PyTorch too.
"""

import argparse
import os
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.attention(self.norm1(x)).split(width, dim=2)
        query, key, value = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in parts
        )
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.project(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    def __init__(self, vocabulary, context, width=128, heads=4, depth=4):
        super().__init__()
        self.context = context
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, tokens):
        places = torch.arange(tokens.size(1), device=tokens.device)
        return self.head(self.norm(self.blocks(self.tokens(tokens) + self.places(places))))

    @torch.no_grad()
    def sample(self, start, count, temperature):
        window = torch.full((1, self.context), start[-1], dtype=torch.long)
        written = []
        for _ in range(count):
            scores = self(window)[0, -1] / temperature
            token = torch.multinomial(F.softmax(scores, dim=0), 1)
            written.append(token.item())
            window = torch.cat([window[:, 1:], token.view(1, 1)], dim=1)
        return written


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--context", type=int, default=64)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--sample", type=int, default=300, help="characters to write at the end")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sonnets.txt")
    with open(path, encoding="utf-8") as source:
        text = source.read()
    letters = sorted(set(text))
    number = {letter: at for at, letter in enumerate(letters)}
    data = torch.tensor([number[letter] for letter in text])
    print(f"{len(text):,} characters, {len(letters)} different")

    model = GPT(len(letters), args.context)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    start = time.time()
    for step in range(1, args.steps + 1):
        at = torch.randint(len(data) - args.context - 1, (args.batch_size,))
        window = at[:, None] + torch.arange(args.context + 1)
        batch = data[window]
        loss = F.cross_entropy(model(batch[:, :-1]).transpose(1, 2), batch[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0 or step == 1:
            print(
                f"step {step:4d}  loss {loss.item():.3f}  {time.time() - start:5.1f} s", flush=True
            )
    print("-" * 40)
    print("".join(letters[at] for at in model.sample([number["\n"]], args.sample, 0.8)))


if __name__ == "__main__":
    main()
