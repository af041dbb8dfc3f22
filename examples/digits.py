"""Learns handwritten digits: 1,797 images of 8x8 pixels, every fifth kept for testing.

    python -m compat run examples/digits.py [--epochs 30] [--seed 0]

The script is plain PyTorch and runs unchanged under real PyTorch too.
"""

import argparse
import os
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.fc1 = nn.Linear(32 * 2 * 2, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.dropout(x.flatten(1))
        return self.fc2(F.relu(self.fc1(x)))


def load_data():
    """Training and test sets as (images, digits)."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "optdigits.csv.gz")
    table = np.loadtxt(path, delimiter=",")
    images = torch.tensor(table[:, :64] / 16, dtype=torch.float32).view(-1, 1, 8, 8)
    digits = torch.tensor(table[:, 64], dtype=torch.long)
    test = torch.arange(len(digits)) % 5 == 4
    return TensorDataset(images[~test], digits[~test]), TensorDataset(images[test], digits[test])


def train(model, loader, optimizer):
    model.train()
    total = 0.0
    for images, digits in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), digits)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(digits)
    return total / len(loader.dataset)


def evaluate(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, digits in loader:
            correct += (model(images).argmax(1) == digits).sum().item()
    return correct / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--dropout", type=float, default=0.25)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    training, testing = load_data()
    train_loader = DataLoader(training, batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(testing, batch_size=360)
    model = Net(args.dropout)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.4)

    start = time.time()
    accuracy = 0.0
    for epoch in range(1, args.epochs + 1):
        loss = train(model, train_loader, optimizer)
        accuracy = evaluate(model, test_loader)
        scheduler.step()
        print(
            f"epoch {epoch:2d}  loss {loss:.4f}  test accuracy {accuracy:.2%}  "
            f"{time.time() - start:5.1f} s",
            flush=True,
        )
    print(f"final test accuracy {accuracy:.2%}")


if __name__ == "__main__":
    main()
