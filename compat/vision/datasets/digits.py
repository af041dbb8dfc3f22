"""Digits in formats of their own: SVHN, USPS, SEMEION, and MNIST in motion."""

from __future__ import annotations

import bz2
import os
from typing import Any

import numpy as np

import compat as torch
from compat.vision.datasets.files import check_integrity, download_url, verify_str_arg
from compat.vision.datasets.listed import Fetched
from compat.vision.datasets.matlab import loadmat
from compat.vision.transforms.names import Image, need

_CORRUPT = "Dataset not found or corrupted. You can use download=True to download it"


class SVHN(Fetched):
    """House numbers, 32 x 32 colour pictures, in MATLAB's files: split train, test or extra."""

    missing = _CORRUPT
    split_list = {
        "train": [
            "http://ufldl.stanford.edu/housenumbers/train_32x32.mat", "train_32x32.mat",
            "e26dedcc434d2e4c54c9b2d4a06d8373",
        ],
        "test": [
            "http://ufldl.stanford.edu/housenumbers/test_32x32.mat", "test_32x32.mat",
            "eb5a983be6a315427106f1b164d9cef3",
        ],
        "extra": [
            "http://ufldl.stanford.edu/housenumbers/extra_32x32.mat", "extra_32x32.mat",
            "a93ce644f1a588dc4d68dda5feec44a7",
        ],
    }  # fmt: skip

    def __init__(
        self, root: Any, split: str = "train", transform: Any = None,
        target_transform: Any = None, download: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", tuple(self.split_list))
        self.url, self.filename, self.file_md5 = self.split_list[split]
        self._prepare(download)
        found = loadmat(os.path.join(self.root, self.filename))
        self.labels = found["y"].astype(np.int64).reshape(-1)
        self.labels[self.labels == 10] = 0  # in the file the digit 0 is class 10
        self.data = found["X"].transpose(3, 2, 0, 1)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        picture = Image.fromarray(np.ascontiguousarray(self.data[index].transpose(1, 2, 0)))
        return self.applied(picture, int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def _check_exists(self) -> bool:
        md5 = self.split_list[self.split][2]
        return check_integrity(os.path.join(self.root, self.filename), md5)

    def download(self) -> None:
        """Fetches the file."""
        url, name, md5 = self.split_list[self.split]
        download_url(url, self.root, filename=name, md5=md5)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"


class USPS(Fetched):
    """Digits of the postal service, 16 x 16 grey pixels, in LIBSVM's text, packed."""

    missing = _CORRUPT
    split_list = {
        "train": [
            "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/usps.bz2",
            "usps.bz2", "ec16c51db3855ca6c91edd34d0e9b197",
        ],
        "test": [
            "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/usps.t.bz2",
            "usps.t.bz2", "8ea070ee2aca1ac39742fdd1ef5ed118",
        ],
    }  # fmt: skip

    def __init__(
        self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None,
        download: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._file = self.split_list["train" if train else "test"]
        self._prepare(download)
        rows, labels = [], []
        with bz2.open(os.path.join(self.root, self._file[1]), "rt") as file:
            for line in file:
                label, *entries = line.split()
                labels.append(int(label) - 1)
                rows.append([float(entry.partition(":")[2]) for entry in entries])
        grey = (np.asarray(rows, np.float32).reshape(-1, 16, 16) + 1) / 2 * 255
        self.data, self.targets = grey.astype(np.uint8), labels

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        return self.applied(Image.fromarray(self.data[index], mode="L"), int(self.targets[index]))

    def __len__(self) -> int:
        return len(self.data)

    def _check_exists(self) -> bool:
        return check_integrity(os.path.join(self.root, self._file[1]), self._file[2])

    def download(self) -> None:
        """Fetches the file."""
        url, name, md5 = self._file
        download_url(url, self.root, filename=name, md5=md5)


class SEMEION(Fetched):
    """1,593 handwritten digits, 16 x 16 black and white pixels, as lines of numbers."""

    missing = _CORRUPT
    url = "http://archive.ics.uci.edu/ml/machine-learning-databases/semeion/semeion.data"
    filename = "semeion.data"
    md5_checksum = "cb545d371d2ce14ec121470795a77432"

    def __init__(
        self, root: Any, transform: Any = None, target_transform: Any = None,
        download: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._prepare(download)
        table = np.loadtxt(os.path.join(self.root, self.filename), ndmin=2)
        self.data = (table[:, :256] * 255).astype(np.uint8).reshape(-1, 16, 16)
        self.labels = np.nonzero(table[:, 256:])[1]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        return self.applied(Image.fromarray(self.data[index], mode="L"), int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def _check_exists(self) -> bool:
        return check_integrity(os.path.join(self.root, self.filename), self.md5_checksum)

    def download(self) -> None:
        """Fetches the file."""
        download_url(self.url, self.root, filename=self.filename, md5=self.md5_checksum)


class MovingMNIST(Fetched):
    """10,000 films of 20 pictures of two moving digits, uint8 (20, 1, 64, 64).

    split        train for the first `split_ratio` pictures of each film, test for the others, or
                 None for all
    """

    _URL = "http://www.cs.toronto.edu/~nitish/unsupervised_video/mnist_test_seq.npy"

    def __init__(
        self, root: Any, split: str | None = None, split_ratio: int = 10, download: bool = False,
        transform: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform)
        self._base_folder = os.path.join(self.root, type(self).__name__)
        self._filename = self._URL.rpartition("/")[2]
        if split is not None:
            verify_str_arg(split, "split", ("train", "test"))
        self.split, self.split_ratio = split, split_ratio
        if not isinstance(split_ratio, int):
            raise TypeError(f"`split_ratio` should be an integer, but got {type(split_ratio)}")
        if not 1 <= split_ratio <= 19:
            raise ValueError(
                f"`split_ratio` should be `1 <= split_ratio <= 19`, but got {split_ratio} instead."
            )
        self._prepare(download)
        frames = np.load(os.path.join(self._base_folder, self._filename))
        if split == "train":
            frames = frames[:split_ratio]
        elif split == "test":
            frames = frames[split_ratio:]
        films = np.ascontiguousarray(frames.transpose(1, 0, 2, 3)[:, :, None])
        self.data = torch.from_numpy(films)

    def __getitem__(self, index: int) -> torch.Tensor:
        film = self.data[index]
        return film if self.transform is None else self.transform(film)

    def __len__(self) -> int:
        return len(self.data)

    def _check_exists(self) -> bool:
        return os.path.exists(os.path.join(self._base_folder, self._filename))

    def download(self) -> None:
        """Fetches the file."""
        if not self._check_exists():
            md5 = "be083ec986bfe91a449d63653c411eb2"
            download_url(self._URL, self._base_folder, filename=self._filename, md5=md5)
