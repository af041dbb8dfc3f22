"""Twelve networks learn step by step as under PyTorch: same seed, same data, same losses.

Dropout and noise come from the same stream of numbers in both libraries.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import compat
import compat.front.sampling as sampling
from tests.architectures import generative, images, sequences

NETWORKS = {
    made.__name__: made
    for made in (
        images.resnet, images.densenet, images.unet, images.vit,
        generative.dcgan, generative.vae, generative.wavenet,
        sequences.lstm_language_model, sequences.seq2seq, sequences.transformer,
        sequences.gpt, sequences.gcn,
    )
}  # fmt: skip


def _curves(torch: Any, make: Any, steps: int) -> Any:
    """The losses that each step of a network tells, made and trained from seed 0."""
    torch.manual_seed(0)
    step = make(torch)
    return np.array([[loss.item() for loss in step()] for _ in range(steps)])


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize("name", NETWORKS)
def test_loss_curve(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    oracle = pytest.importorskip("torch")
    monkeypatch.setattr(sampling, "follows_stream", True)
    theirs = _curves(oracle, NETWORKS[name], 50)
    ours = _curves(compat, NETWORKS[name], 50)
    assert np.isfinite(theirs).all()
    assert len(np.unique(theirs[:, 0])) > 40  # it learns something: the curve is no plateau
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=0)
