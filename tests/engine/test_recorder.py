"""The laws of recording: what runs, when, how often, and what it keeps."""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import compat as torch
import compat.nn as nn
from compat.engine import program
from compat.engine.recorder import local

F: Any = nn.functional
ROOT = Path(__file__).parents[2]


def _training(width: int = 8) -> Any:
    torch.manual_seed(0)
    layers = nn.Linear(6, width), nn.ReLU(), nn.Dropout(0.5), nn.Linear(width, 3)
    model = nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x, y = torch.randn(16, 6), torch.randint(3, (16,))

    def step(count: int) -> float:
        optimizer.param_groups[0]["lr"] = 0.01 / (count + 1)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def test_a_steady_step_is_one_program_and_compiles_nothing() -> None:
    step = _training(20_000)  # too wide for the host
    for count in range(3):
        step(count)
    before = torch.stats()
    for count in range(20):
        step(count)
    after = torch.stats()
    assert after["launches"] - before["launches"] == 20
    assert after["compiles"] == before["compiles"]


def _ran() -> int:
    """How many entries and programs have been run so far."""
    stats = torch.stats()
    return stats["launches"] + stats["on_host"]


def test_nothing_runs_before_a_look() -> None:
    local.recorder.flush()
    before = _ran()
    z = torch.ones(4, 4) @ torch.ones(4, 4) + 1
    assert _ran() == before
    assert z[0, 0].item() == 5
    assert _ran() > before


def test_results_that_nobody_can_reach_are_not_computed() -> None:
    local.recorder.flush()
    before = _ran()
    for _ in range(100):
        torch.ones(3) + torch.ones(3)
    local.recorder.flush()
    assert _ran() == before


@pytest.mark.parametrize("run", [
    lambda k: torch.arange(50.0)[k], lambda k: torch.arange(50.0)[k : k + 7].sum(),
    lambda k: torch.ones(5) * (k + 0.5), lambda k: torch.ones(5).add(torch.ones(5), alpha=k + 1.5),
    lambda k: F.dropout(torch.ones(9), (k + 1) / 40).sum(), lambda k: torch.full((3,), k + 0.25),
], ids=["index", "slice", "factor", "alpha", "dropout", "full"])  # fmt: skip
def test_a_changed_number_compiles_nothing(run: Any) -> None:
    for k in range(2, 5):
        run(k).tolist()
    before = torch.stats()["compiles"]
    for k in range(5, 20):
        run(k).tolist()
    assert torch.stats()["compiles"] == before


def test_writes_by_index_compile_nothing_new() -> None:
    x = torch.zeros(30)
    for k in range(3):
        x[k] = k + 0.5
        assert x[k].item() == k + 0.5
    before = torch.stats()["compiles"]
    for k in range(3, 20):
        x[k] = k + 0.5
        assert x[k].item() == k + 0.5
    assert torch.stats()["compiles"] == before


def test_caches_are_bounded() -> None:
    source = random.Random(0)
    for _ in range(600):
        n, m = source.randint(1, 500), source.randint(1, 500)
        torch.ones(n, m).sum(0) * 2
    gc.collect()
    stats = torch.stats()
    assert stats["specs"] <= 4_096 and stats["sections_known"] <= 2_048
    assert stats["programs"] <= 256


def test_eager_mode_agrees() -> None:
    step = _training()
    recorded = [step(count) for count in range(4)]
    with torch.eager():
        step = _training()
        eager = [step(count) for count in range(4)]
    assert recorded == pytest.approx(eager, rel=1e-5)


def test_another_thread_reads_a_pending_tensor() -> None:
    x = torch.arange(6.0) * 3
    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.append((x + 1).tolist()))
    thread.start()
    thread.join()
    assert seen == [[1.0, 4.0, 7.0, 10.0, 13.0, 16.0]]
    assert x.tolist() == [0.0, 3.0, 6.0, 9.0, 12.0, 15.0]


def test_a_brought_array_is_never_donated() -> None:
    import jax.numpy as jnp

    array = jnp.arange(4.0)
    x = torch.from_jax(array)
    for _ in range(3):
        x.add_(1)
        x.sum().item()
    assert array.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_given_array_is_never_donated() -> None:
    x = torch.zeros(1000)
    x.add_(1)
    given = x.jax()
    for _ in range(12):
        x.add_(1)
        x.sum().item()
    assert given.tolist() == [1.0] * 1000


def test_an_interrupt_leaves_every_tensor_readable() -> None:
    """Alarms at arbitrary moments of a training loop: parameters stay readable, steps go on."""
    code = """
import signal, time
import compat as torch
def ring(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, ring)
model = torch.nn.Linear(64, 64)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
x = torch.randn(32, 64)
def step():
    optimizer.zero_grad()
    loss = (model(x) ** 2).mean()
    loss.backward()
    optimizer.step()
for _ in range(12): step()
hits = 0
for at in range(60):
    end = time.monotonic() + 1  # an alarm inside a finaliser is lost, as Python has it
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0005 + at * 0.0001)
        while time.monotonic() < end: step()
    except KeyboardInterrupt:
        hits += 1
    assert all(torch.isfinite(p).all() for p in model.parameters())
step()
print(hits)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert int(done.stdout or 0) >= 50, done.stderr[-2000:]


def test_data_errors_name_the_line_at_the_next_look() -> None:
    table = torch.zeros(3, 2)
    index = torch.tensor([0, 5]) + 0  # pending: the host does not know it
    wrong = F.embedding(index, table)
    with pytest.raises(IndexError, match="index out of range in self.*test_recorder.py"):
        wrong.sum().item()


def test_the_program_can_be_looked_at() -> None:
    told = torch.explain(lambda x: (x * 2).sum(), torch.ones(3))
    assert len(told.entries) == 2 and "HloModule" in told.text


def test_slices_that_meet_are_the_program_of_slices_that_do_not() -> None:
    x = torch.randn(9, 2)
    local.recorder.flush()

    def wiring(a: int, b: int) -> tuple[Any, ...]:
        result = x[a : a + 3].exp() * x[b : b + 3].sin()
        recorded = tuple(local.section.wiring)
        assert result.shape == (3, 2)
        local.recorder.flush()
        return recorded

    assert wiring(2, 2) == wiring(2, 5) == wiring(4, 1)


def test_looks_are_counted() -> None:
    def looks(show: Any) -> int:
        before = torch.stats()["looks"]
        show(torch.ones(4) * 2)
        return torch.stats()["looks"] - before

    assert looks(lambda x: x + 1) == 0
    assert looks(lambda x: x.nonzero()) == looks(lambda x: x[0].item()) == 1


@pytest.mark.parametrize("share", [0.0, 1e6])
def test_a_section_that_launches_is_compiled_for_its_time(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "LAUNCHED", share)
    monkeypatch.setattr(program, "prefers_whole", lambda known: False)
    x = torch.rand(7, 70_001)  # too large for the host
    before = torch.stats()["whole"]
    end = time.monotonic() + (30 if share else 0.5)
    while time.monotonic() < end and torch.stats()["whole"] == before:
        (x * 2 + 1).sum().item()
    assert (torch.stats()["whole"] > before) == (share > 0)


def test_a_step_that_is_worth_it_becomes_one_program() -> None:
    """Also where the host can run its parts: a small network on a batch that came once."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 256), torch.nn.ReLU(), torch.nn.Linear(256, 10)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    images, digits = torch.randn(64, 784), torch.randint(10, (64,))

    def step() -> int:
        before = torch.stats()["launches"]
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), digits)
        loss.backward()
        optimizer.step()
        loss.item()
        return torch.stats()["launches"] - before

    end = time.monotonic() + 60
    while time.monotonic() < end:
        if {step() for _ in range(20)} == {1}:
            break
    assert {step() for _ in range(5)} == {1}
