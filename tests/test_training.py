"""Whole training runs: the digits network beside PyTorch, long runs, many shapes."""

from __future__ import annotations

import gc
import importlib.util
import random
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import compat

ROOT = Path(__file__).parents[1]


def _digits(torch: Any) -> Any:
    """The example's module, as if `torch` were what it imports."""
    path = ROOT / "examples" / "digits.py"
    spec = importlib.util.spec_from_file_location("digits_example", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    names = {"torch": torch, "torch.nn": torch.nn, "torch.nn.functional": torch.nn.functional,
             "torch.utils": torch.utils, "torch.utils.data": torch.utils.data}  # fmt: skip
    kept = {name: sys.modules.get(name) for name in names}
    sys.modules.update(names)
    try:
        spec.loader.exec_module(module)
    finally:
        for name, before in kept.items():
            sys.modules.pop(name)
            if before is not None:
                sys.modules[name] = before
    return module


def _first_losses(torch: Any, steps: int) -> tuple[list[Any], list[float]]:
    """Initial weights, and the loss of each step, without dropout."""
    digits = _digits(torch)
    torch.manual_seed(0)
    training, _ = digits.load_data()
    loader = torch.utils.data.DataLoader(training, batch_size=64, shuffle=True)
    model = digits.Net(0.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    weights = [param.tolist() for param in model.parameters()]
    losses: list[float] = []
    for images, numbers in loader:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), numbers)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == steps:
            break
    return weights, losses


@pytest.mark.oracle
def test_the_digits_network_learns_step_by_step_as_under_pytorch() -> None:
    import numpy as np
    import torch

    weights, losses = _first_losses(compat, 20)
    expected_weights, expected_losses = _first_losses(torch, 20)
    for mine, theirs in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-4)


@pytest.mark.slow
def test_a_long_run_keeps_its_memory() -> None:
    """20,000 steps: resident memory grows less than 2% after the first 1,000."""
    code = """
import compat as torch
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
x, y = torch.randn(32, 8), torch.randn(32, 1)
for step in range(20_000):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    loss.item()
    if step == 1_000:
        early = resident()
print(resident() / early)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert float(done.stdout or 9) < 1.02, done.stdout + done.stderr[-2000:]


@pytest.mark.slow
def test_ten_thousand_shapes_leave_the_caches_bounded() -> None:
    source = random.Random(0)
    sizes: list[int] = []
    for at in range(10_000):
        n, m = source.randint(1, 5_000), source.randint(1, 5_000)
        torch_sum = compat.ones(n).sum() + compat.ones(m, 1).mean()
        if at % 100 == 0:
            torch_sum.item()
        if at in (6_000, 9_999):
            gc.collect()
            sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    stats = compat.stats()
    assert stats["specs"] <= 4_096 and stats["sections_known"] <= 2_048
    assert stats["programs"] <= 256
    assert sizes[1] < 1.1 * sizes[0]
