"""Transforms of pictures: what they are by definition, and the same for both kinds of image."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import compat
from compat.vision import transforms
from compat.vision.transforms import functional as F

Image = pytest.importorskip("PIL.Image", reason="Pillow is the extra `vision`")


def picture() -> Any:
    rough = np.random.RandomState(0).randint(0, 255, (12, 10, 3), dtype=np.uint8)
    return Image.fromarray(rough).resize((50, 40), 3)


T = transforms
BOTH: dict[str, tuple[Callable[[], Any], float]] = {
    "resize": (lambda: T.Resize(20), 2), "crop": (lambda: T.RandomCrop(32, padding=4), 0),
    "centre": (lambda: T.CenterCrop((44, 61)), 0), "flip": (T.RandomHorizontalFlip, 0),
    "part": (lambda: T.RandomResizedCrop(28), 2), "pad": (lambda: T.Pad((1, 2, 3, 4), 7), 0),
    "reflect": (lambda: T.Pad(3, padding_mode="reflect"), 0),
    "symmetric": (lambda: T.Pad((2, 3), padding_mode="symmetric"), 0),
    "five": (lambda: T.FiveCrop(20), 0), "grey": (lambda: T.Grayscale(3), 1),
    "jitter": (lambda: T.ColorJitter(0.4, 0.4, 0.4), 3), "blur": (lambda: T.GaussianBlur(5), 1),
    "invert": (T.RandomInvert, 0), "solarize": (lambda: T.RandomSolarize(100), 0),
}  # fmt: skip


def arrays(made: Any) -> list[np.ndarray[Any, Any]]:
    many = made if isinstance(made, tuple) else (made,)
    return [
        one.permute(1, 2, 0).numpy() if compat.is_tensor(one) else np.asarray(one) for one in many
    ]


@pytest.mark.parametrize("name", BOTH)
def test_pictures_and_tensors_agree(name: str) -> None:
    make, apart = BOTH[name]
    found = []
    for image in (picture(), F.pil_to_tensor(picture())):
        compat.manual_seed(3)
        random.seed(3)
        found.append([one for _ in range(3) for one in arrays(make()(image))])
    for ours, other in zip(*found, strict=True):
        assert ours.shape == other.shape
        assert np.abs(ours.astype(int) - other.astype(int)).max() <= apart


def test_to_tensor_and_back() -> None:
    image = picture()
    tensor = F.to_tensor(image)
    assert tensor.shape == (3, 40, 50) and tensor.dtype is compat.float32
    assert np.array_equal(np.asarray(F.to_pil_image(tensor)), np.asarray(image))
    normed = F.normalize(tensor, (0.1, 0.2, 0.3), (0.5, 0.5, 0.5))
    assert compat.allclose(normed[1], (tensor[1] - 0.2) / 0.5)
    with pytest.raises(ValueError, match="std evaluated to zero"):
        F.normalize(tensor, (0.1, 0.2, 0.3), (0.0, 1.0, 1.0))


def test_erasing_overwrites_a_rectangle() -> None:
    compat.manual_seed(0)
    made = transforms.RandomErasing(p=1.0, value=9)(compat.zeros(3, 20, 20))
    gone = (made == 9).all(0)
    rows, columns = gone.any(1).sum().item(), gone.any(0).sum().item()
    assert gone.sum().item() == rows * columns > 0


def test_learnt_and_random_changes() -> None:
    kinds = (
        T.AutoAugment(T.AutoAugmentPolicy.CIFAR10), T.RandAugment(), T.TrivialAugmentWide(),
        T.AugMix(),
    )  # fmt: skip
    for transform in kinds:
        for image in (picture(), F.pil_to_tensor(picture())):
            compat.manual_seed(2)
            first, second = arrays(transform(image))[0], arrays(transform(image))[0]
            compat.manual_seed(2)
            assert np.array_equal(first, arrays(transform(image))[0]), transform
            assert first.shape == second.shape == (40, 50, 3) and first.dtype == np.uint8
    assert len(T.AutoAugment().policies) == 25


def test_a_threshold_between_two_numbers() -> None:
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    made = np.asarray(F.solarize(ramp, 113.3))[0]
    assert made[113] == 113 and made[114] == 255 - 114


def test_elastic_displacements_are_smooth_and_small() -> None:
    compat.manual_seed(0)
    moved = T.ElasticTransform.get_params([30.0, 30.0], [4.0, 4.0], [40, 50])
    assert moved.shape == (1, 40, 50, 2) and moved.abs().max().item() < 1.0
    rough = T.ElasticTransform.get_params([30.0, 30.0], [0.0, 0.0], [40, 50])
    assert moved.diff(dim=1).abs().mean() < 0.1 * rough.diff(dim=1).abs().mean()
    still = compat.zeros(1, 40, 50, 2)
    assert np.array_equal(arrays(F.elastic_transform(picture(), still))[0], np.asarray(picture()))
