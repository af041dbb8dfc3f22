"""Transforms of whole samples: pictures, masks, boxes and points stay on each other."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import compat
from compat.vision import tv_tensors
from compat.vision.transforms import v2

Image = pytest.importorskip("PIL.Image", reason="Pillow is the extra `vision`")


def sample() -> dict[str, Any]:
    """A picture with one white block, which mask, box and points tell too."""
    pixels = compat.zeros(3, 40, 50, dtype=compat.uint8)
    pixels[:, 10:22, 15:35] = 255
    return {
        "image": tv_tensors.Image(pixels), "mask": tv_tensors.Mask((pixels[0] > 0).byte()),
        "boxes": tv_tensors.BoundingBoxes(
            [[15.0, 10.0, 35.0, 22.0]], format="XYXY", canvas_size=(40, 50)
        ),
        "points": tv_tensors.KeyPoints([[15.0, 10.0], [34.0, 21.0]], canvas_size=(40, 50)),
        "name": "block", "label": 3,
    }  # fmt: skip


def around(plane: np.ndarray[Any, Any]) -> list[int]:
    rows, columns = np.nonzero(plane)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


MOVES: dict[str, tuple[Callable[[], Any], float]] = {
    "flip": (lambda: v2.RandomHorizontalFlip(1.0), 0), "turn": (lambda: v2.RandomRotation(20), 2),
    "upside": (lambda: v2.RandomVerticalFlip(1.0), 0), "crop": (lambda: v2.RandomCrop(36), 0),
    "pad": (lambda: v2.Pad((1, 2, 3, 4)), 0), "middle": (lambda: v2.CenterCrop((30, 60)), 0),
    "size": (lambda: v2.Resize((80, 25)), 1), "zoom": (lambda: v2.RandomZoomOut(p=1.0), 0),
    "affine": (lambda: v2.RandomAffine(10, (0.1, 0.1), (0.8, 1.1), 5), 2),
    "part": (lambda: v2.RandomResizedCrop(44, scale=(0.7, 1.0)), 2),
    "perspective": (lambda: v2.RandomPerspective(0.2, p=1.0), 2),
    "several": (
        lambda: v2.Compose([v2.RandomCrop(36, padding=4), v2.RandomHorizontalFlip(1.0)]), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", MOVES)
def test_parts_stay_together(name: str) -> None:
    make, apart = MOVES[name]
    transform = make()
    for seed in range(3):
        compat.manual_seed(seed)
        made = transform(sample())
        assert made["name"] == "block" and made["label"] == 3
        mask, boxes = made["mask"], made["boxes"]
        assert isinstance(made["image"], tv_tensors.Image) and isinstance(mask, tv_tensors.Mask)
        assert boxes.canvas_size == tuple(mask.shape[-2:]) == tuple(made["image"].shape[-2:])
        differ = (made["image"][0].numpy() > 127) != (mask.numpy() > 0)
        assert differ.mean() < 0.03
        if name != "part":  # whose enlarged mask has steps
            seen = np.array(around(mask.numpy()))
            assert np.abs(seen - boxes[0].numpy()).max() <= apart


def test_pictures_of_pillow_and_plain_tensors() -> None:
    picture = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    image, label = v2.Compose([v2.ToImage(), v2.ToDtype(compat.float32, scale=True)])(picture, 1)
    assert label == 1 and image.shape == (3, 4, 4) and image.max().item() == pytest.approx(47 / 255)
    first, second = v2.RandomHorizontalFlip(1.0)(compat.arange(4).reshape(1, 2, 2), compat.ones(2))
    assert first.tolist() == [[[1, 0], [3, 2]]] and second.tolist() == [1, 1]
    flipped, other = v2.RandomHorizontalFlip(1.0)(picture, compat.arange(3))
    assert flipped.getpixel((0, 0)) == picture.getpixel((3, 0)) and other.tolist() == [0, 1, 2]


def test_kinds_of_tensors() -> None:
    boxes = sample()["boxes"]
    assert type(boxes + 1) is compat.Tensor and type(boxes[0]) is compat.Tensor
    kept = pickle.loads(pickle.dumps(boxes))
    for same in (boxes.clone(), boxes.to(compat.float64), copy.deepcopy(boxes), kept):
        assert isinstance(same, tv_tensors.BoundingBoxes) and same.canvas_size == (40, 50)
    assert "canvas_size=(40, 50)" in repr(boxes)
    moved = tv_tensors.wrap(boxes + 1, like=boxes, canvas_size=(41, 51))
    assert moved.canvas_size == (41, 51) and moved.format is tv_tensors.BoundingBoxFormat.XYXY
    with pytest.raises(NotImplementedError, match="TVTensor"):
        tv_tensors.set_return_type("TVTensor")


def test_boxes_that_are_left_out_take_their_labels_along() -> None:
    boxes = tv_tensors.BoundingBoxes(
        [[0.0, 0, 10, 10], [5, 5, 5, 9], [20, 2, 30, 20]], format="XYXY", canvas_size=(20, 30)
    )
    given = {
        "image": compat.zeros(3, 20, 30), "boxes": boxes, "labels": compat.tensor([7, 8, 9]),
        "masks": tv_tensors.Mask(compat.arange(3).reshape(3, 1, 1).expand(3, 20, 30)),
    }  # fmt: skip
    made = v2.SanitizeBoundingBoxes()(given)
    assert made["labels"].tolist() == [7, 9] and made["masks"][:, 0, 0].tolist() == [0, 2]
    assert made["boxes"].shape == (2, 4) and made["boxes"].canvas_size == (20, 30)
    centred = v2.ConvertBoundingBoxFormat("CXCYWH")(boxes)
    assert centred[0].tolist() == [5, 5, 10, 10]


def test_batches_are_mixed_with_their_labels() -> None:
    compat.manual_seed(0)
    pictures = compat.arange(4.0).reshape(4, 1, 1, 1).expand(4, 3, 8, 8)
    labels = compat.arange(4)
    mixed, weights = v2.MixUp(num_classes=4)(pictures, labels)
    means = (weights * compat.arange(4.0)).sum(1)
    assert compat.allclose(mixed[:, 0, 0, 0], means)
    assert compat.allclose(weights.sum(1), compat.ones(4))
    cut, weights = v2.CutMix(num_classes=4)(pictures, labels)
    assert compat.allclose(cut.mean((1, 2, 3)), (weights * compat.arange(4.0)).sum(1), atol=1e-5)
    with pytest.raises(ValueError, match="num_classes"):
        v2.MixUp()(pictures, labels)


def test_noise_and_types() -> None:
    compat.manual_seed(0)
    noisy = v2.GaussianNoise(sigma=0.1)(compat.full((3, 64, 64), 0.5))
    assert noisy.std().item() == pytest.approx(0.1, rel=0.05)
    kinds = {tv_tensors.Image: compat.float32, tv_tensors.Mask: compat.int64, "others": None}
    made = v2.ToDtype(kinds, scale=True)(sample())
    assert made["image"].max().item() == 1.0 and made["mask"].dtype is compat.int64
    assert made["boxes"].dtype is compat.float32


def test_changes_of_the_one_picture() -> None:
    compat.manual_seed(0)
    for transform in (v2.AutoAugment(), v2.RandAugment(), v2.TrivialAugmentWide(), v2.AugMix()):
        given = {"image": sample()["image"], "label": 3}
        made = transform(given)
        assert isinstance(made["image"], tv_tensors.Image) and made["label"] == 3
        numbers = transform(given["image"] / 255)
        assert numbers.is_floating_point() and 0 <= numbers.min().item()
        assert numbers.max().item() <= 1
        with pytest.raises(TypeError, match="Mask"):
            transform(sample())


def test_a_turn_makes_room() -> None:
    for degrees in (30, 45, 90, -120):
        made = v2.functional.rotate(sample()["image"], degrees, expand=True)
        boxes = v2.functional.rotate(sample()["boxes"], degrees, expand=True)
        assert boxes.canvas_size == tuple(made.shape[-2:])
        found = np.array(around(made[0].numpy() > 0))
        assert np.abs(found - boxes[0].numpy()).max() <= 2
