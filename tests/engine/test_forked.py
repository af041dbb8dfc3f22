"""A forked process computes on the host and never waits for threads it does not have."""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

import pytest

import compat

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def answer(function: Any) -> Any:
    """What a function gives in a forked process."""
    kind = multiprocessing.get_context("fork")
    ours, theirs = kind.Pipe()

    def run() -> None:
        try:
            theirs.send(function())
        except RuntimeError as error:
            theirs.send(str(error))

    process = kind.Process(target=run)
    process.start()
    try:
        assert ours.poll(20), "the child hangs"
        return ours.recv()
    finally:
        process.kill()
        process.join()


def test_tensors_of_the_parent_are_there() -> None:
    layer = compat.nn.Linear(200, 200)
    x = compat.randn(300, 200)
    y = layer(x).relu().sum()
    pending = x + 1

    def child() -> Any:
        again = layer(x).relu().sum()
        again.backward()
        x[0] = 7.0
        return again.item(), pending.sum().item(), x[0, 0].item(), layer.weight.grad.norm().item()

    total, shifted, written, norm = answer(child)
    assert total == pytest.approx(y.item(), rel=1e-5)
    assert shifted == pytest.approx(pending.sum().item(), rel=1e-4)
    assert written == 7.0 and x[0, 0].item() != 7.0
    y.backward()
    assert norm == pytest.approx(layer.weight.grad.norm().item(), rel=1e-4)


def test_draws_follow_the_seed() -> None:
    def draws() -> Any:
        compat.manual_seed(5)
        return compat.rand(3).tolist(), compat.randperm(6).tolist(), compat.randn(20).tolist()

    assert answer(draws) == draws()


def test_what_numpy_cannot_do_is_refused() -> None:
    compat.ones(2).sum().item()  # JAX has started
    images = compat.ones(1, 3, 64, 64)
    kernel = compat.ones(8, 3, 5, 5)
    assert "conv2d: a forked process has no XLA" in answer(
        lambda: compat.nn.functional.conv2d(images, kernel).sum().item()
    )
