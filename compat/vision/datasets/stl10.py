"""STL-10: 96 x 96 colour pictures of ten classes, in binary files."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from compat.vision.datasets.files import (
    check_integrity,
    download_and_extract_archive,
    verify_str_arg,
)
from compat.vision.datasets.listed import Fetched
from compat.vision.transforms.names import Image, need


class STL10(Fetched):
    """Pictures in root/stl10_binary; split train, test, unlabeled or train+unlabeled.

    folds  one of the ten published parts of 1,000 pictures of the training data, 0 to 9

    Pictures without a label have -1.
    """

    missing = "Dataset not found or corrupted. You can use download=True to download it"
    base_folder = "stl10_binary"
    url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    filename = "stl10_binary.tar.gz"
    tgz_md5 = "91f7769df0f17e558f3565bffb0c7dfb"
    class_names_file = "class_names.txt"
    folds_list_file = "fold_indices.txt"
    train_list = [
        ["train_X.bin", "918c2871b30a85fa023e0c44e0bee87f"],
        ["train_y.bin", "5a34089d4802c674881badbb80307741"],
        ["unlabeled_X.bin", "5242ba1fed5e4be9e1e742405eb56ca4"],
    ]
    test_list = [
        ["test_X.bin", "7f263ba9f9e0b06b93213547f721ac82"],
        ["test_y.bin", "36f9794fa4beb8a2c72628de14fa638e"],
    ]
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self, root: Any, split: str = "train", folds: int | None = None, transform: Any = None,
        target_transform: Any = None, download: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", self.splits)
        if folds is not None and not isinstance(folds, int):
            raise ValueError(
                f"Expected type None or int for argument folds, but got type {type(folds)}."
            )
        if folds is not None and folds not in range(10):
            raise ValueError(
                f"Value for argument folds should be in the range [0, 10), but got {folds}."
            )
        self.folds = folds
        self._prepare(download)
        pixels, labels = [], []
        for part in split.split("+"):
            found = self._pixels(f"{part}_X.bin")
            pixels.append(found)
            if part == "unlabeled":
                labels.append(np.full(len(found), -1, np.int64))
            else:
                raw = np.fromfile(self._path(f"{part}_y.bin"), np.uint8)
                labels.append(raw.astype(np.int64) - 1)  # files count from 1
        self.data, self.labels = np.concatenate(pixels), np.concatenate(labels)
        if folds is not None and split.startswith("train"):
            self._choose(folds)
        names = self._path(self.class_names_file)
        if os.path.isfile(names):
            with open(names) as file:
                self.classes = file.read().splitlines()

    def _choose(self, fold: int) -> None:
        """Keeps the training pictures of a fold, and all unlabeled ones."""
        with open(self._path(self.folds_list_file)) as file:
            chosen = np.array(file.read().splitlines()[fold].split(), np.int64)
        rest = np.flatnonzero(self.labels == -1)
        kept = np.concatenate([chosen, rest])
        self.data, self.labels = self.data[kept], self.labels[kept]

    def _path(self, name: str) -> str:
        return os.path.join(self.root, self.base_folder, name)

    def _pixels(self, name: str) -> np.ndarray[Any, Any]:
        """(count, 3, 96, 96); in the file columns come before rows."""
        flat = np.fromfile(self._path(name), np.uint8)
        return flat.reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        picture = Image.fromarray(np.ascontiguousarray(self.data[index].transpose(1, 2, 0)))
        return self.applied(picture, int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def _check_exists(self) -> bool:
        return all(
            check_integrity(self._path(name), md5) for name, md5 in self.train_list + self.test_list
        )

    def download(self) -> None:
        """Fetches and unpacks the archive."""
        if not self._check_exists():
            download_and_extract_archive(
                self.url, self.root, filename=self.filename, md5=self.tgz_md5
            )

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
