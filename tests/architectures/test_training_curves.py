"""Twelve networks learn step by step as under PyTorch: same seed, same data, same losses.

Dropout and noise come from the same stream of numbers in both libraries. Networks so small run
mostly on the host; compiled whole, each section as one program, they must do the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.architectures.curves import NETWORKS, curves

ROOT = Path(__file__).parents[2]
STEPS = 50


@pytest.fixture(scope="module", params=["", "whole"])
def ours(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The curves of compat, in a process of its own that runs sections in the one way."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.architectures"], cwd=ROOT,
        env={**os.environ, "COMPAT_DROPOUT": "stream", "COMPAT_RUN": request.param},
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize("name", NETWORKS)
def test_loss_curve(ours: dict[str, Any], name: str) -> None:
    oracle = pytest.importorskip("torch")
    theirs = np.array(curves(oracle, NETWORKS[name], STEPS))
    assert np.isfinite(theirs).all()
    assert len(np.unique(theirs[:, 0])) > 40  # it learns something: the curve is no plateau
    np.testing.assert_allclose(ours[name], theirs, rtol=1e-3, atol=0)
