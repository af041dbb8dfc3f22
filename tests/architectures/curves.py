"""The twelve networks by name, and the losses of each while it is trained."""

from __future__ import annotations

from typing import Any

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


def curves(torch: Any, make: Any, steps: int) -> list[list[float]]:
    """The losses that each step of a network tells, made and trained from seed 0."""
    torch.manual_seed(0)
    network = make(torch)
    return [[loss.item() for loss in network.step()] for _ in range(steps)]
