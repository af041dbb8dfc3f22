"""Readers of data sets, on files in the sets' own formats."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compat.vision import datasets, utils

Image = pytest.importorskip("PIL.Image", reason="Pillow is the extra `vision`")


def idx(path: Path, array: np.ndarray[Any, Any], packed: bool) -> None:
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    data = head + array.tobytes()
    if packed:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(data))
    else:
        path.write_bytes(data)


@pytest.mark.parametrize("packed", [False, True])
def test_mnist(tmp_path: Path, packed: bool) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    pixels = np.random.RandomState(0).randint(0, 256, (5, 28, 28), dtype=np.uint8)
    labels = np.arange(5, dtype=np.uint8)
    for part in ("train", "t10k"):
        idx(raw / f"{part}-images-idx3-ubyte", pixels, packed)
        idx(raw / f"{part}-labels-idx1-ubyte", labels, packed)
    read = datasets.MNIST(tmp_path, train=False, target_transform=lambda label: label + 1)
    assert len(read) == 5 and read.targets.tolist() == [0, 1, 2, 3, 4]
    image, label = read[3]
    assert label == 4 and np.array_equal(np.asarray(image), pixels[3])
    assert "Split: Test" in repr(read)
    with pytest.raises(RuntimeError, match="Dataset not found"):
        datasets.FashionMNIST(tmp_path)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "images"
    idx(path, np.zeros((2, 3, 3), np.uint8), False)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ValueError, match="elements"):
        datasets.mnist.read_image_file(path)


def test_cifar_reads_arrays_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    pixels = np.random.RandomState(0).randint(0, 256, (4, 3072), dtype=np.uint8)

    def write(name: str, what: Any) -> list[str]:
        data = pickle.dumps(what, protocol=2)
        (folder / name).write_bytes(data)
        return [name, hashlib.md5(data).hexdigest()]

    batch = write("data_batch_1", {"data": pixels, "labels": [3, 1, 0, 2]})
    monkeypatch.setattr(datasets.CIFAR10, "train_list", [batch])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [])
    name, md5 = write("batches.meta", {"label_names": ["a", "b", "c", "d"]})
    meta = {"filename": name, "key": "label_names", "md5": md5}
    monkeypatch.setattr(datasets.CIFAR10, "meta", meta)
    read = datasets.CIFAR10(str(tmp_path))
    image, label = read[1]
    assert label == 1 and read.classes == ["a", "b", "c", "d"]
    assert np.array_equal(np.asarray(image), pixels[1].reshape(3, 32, 32).transpose(1, 2, 0))
    wicked = write("data_batch_1", {"data": print, "labels": []})
    monkeypatch.setattr(datasets.CIFAR10, "train_list", [wicked])
    with pytest.raises(pickle.UnpicklingError, match="no place in a CIFAR file"):
        datasets.CIFAR10(str(tmp_path))


def test_folders_are_classes(tmp_path: Path) -> None:
    for at, name in enumerate(("cat", "ant")):
        (tmp_path / name).mkdir()
        Image.new("RGB", (4, 4), (at, 0, 0)).save(tmp_path / name / "one.png")
    (tmp_path / "cat" / "notes.txt").write_text("no picture")
    read = datasets.ImageFolder(str(tmp_path))
    assert read.classes == ["ant", "cat"] and len(read) == 2
    assert [label for _, label in read] == [0, 1]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="Found no valid file for the classes empty"):
        datasets.ImageFolder(str(tmp_path))


def test_grid_and_file(tmp_path: Path) -> None:
    import compat

    images = compat.rand(5, 1, 4, 6)
    grid = utils.make_grid(images, nrow=3, padding=1, pad_value=0.5)
    assert grid.shape == (3, 11, 22)
    assert compat.equal(grid[0, 1:5, 8:14], images[1, 0]) and grid[0, 0, 0].item() == 0.5
    utils.save_image(images, tmp_path / "grid.png")
    assert Image.open(tmp_path / "grid.png").size == (42, 8)
