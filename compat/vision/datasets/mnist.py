"""MNIST and its kin: images and labels in idx files, plain or compressed."""

from __future__ import annotations

import gzip
import os
import shutil
import string
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import compat as torch
from compat.vision.datasets.files import (
    check_integrity,
    download_and_extract_archive,
    verify_str_arg,
)
from compat.vision.datasets.vision import TrainOrTest
from compat.vision.transforms.names import Image, need

_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_sn3_pascalvincent_tensor(path: Any, strict: bool = True) -> torch.Tensor:
    """The tensor of an idx file. ValueError when it is none or is cut off."""
    opener: Any = gzip.open if str(path).endswith(".gz") else open
    with opener(path, "rb") as file:
        data = file.read()
    if len(data) < 4 or data[0] or data[1] or data[2] not in _TYPES or not 1 <= data[3] <= 3:
        raise ValueError(f"{path} is not an idx file")
    rank = data[3]
    start = 4 + 4 * rank
    shape = [int(one) for one in np.frombuffer(data, ">u4", rank, 4)]
    kind = np.dtype(_TYPES[data[2]])
    array = np.frombuffer(data, kind, offset=start, count=(len(data) - start) // kind.itemsize)
    if array.size != int(np.prod(shape)):
        if strict or array.size < int(np.prod(shape)):
            raise ValueError(f"{path} has {array.size} elements, not {shape}")
        array = array[: int(np.prod(shape))]
    return torch.tensor(array.astype(kind.newbyteorder("=")).reshape(shape))


def read_image_file(path: Any) -> torch.Tensor:
    """The images of a file, uint8 (count, height, width)."""
    return read_sn3_pascalvincent_tensor(path, strict=False)


def read_label_file(path: Any) -> torch.Tensor:
    """The labels of a file, int64."""
    return read_sn3_pascalvincent_tensor(path, strict=False).long()


class MNIST(TrainOrTest):
    """Handwritten digits, 28 x 28 grey pixels, 60,000 to train and 10,000 to test.

    root/MNIST/raw holds the files `train-images-idx3-ubyte` and so on, or their `.gz`.
    """

    mirrors = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ]
    resources = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    training_file, test_file = "training.pt", "test.pt"
    classes = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six",
        "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(
        self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None,
        download: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, train, transform, target_transform)
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        self.data, self.targets = self._load_data()
        self._seen: Any = None  # the tensor that the pixels are of, since scripts replace `data`
        self._pixels: Any = None

    def _names(self) -> tuple[str, str]:
        part = "train" if self.train else "t10k"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    def _load_data(self) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = (self._path(name) for name in self._names())
        return read_image_file(images), read_label_file(labels)

    def _path(self, name: str) -> str:
        plain = os.path.join(self.raw_folder, name)
        return plain if os.path.exists(plain) else plain + ".gz"

    @property
    def raw_folder(self) -> str:
        """Where the files are."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def processed_folder(self) -> str:
        """Where older versions kept tensors."""
        return os.path.join(self.root, type(self).__name__, "processed")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class."""
        return {name: at for at, name in enumerate(self.classes)}

    def _check_exists(self) -> bool:
        return all(
            check_integrity(os.path.join(self.raw_folder, os.path.splitext(name)[0]))
            or check_integrity(os.path.join(self.raw_folder, name))
            for name, _ in self.resources
        )

    def download(self) -> None:
        """Fetches the files from the first mirror that has them."""
        if self._check_exists():
            return
        os.makedirs(self.raw_folder, exist_ok=True)
        for name, md5 in self.resources:
            problems = []
            for mirror in self.mirrors:
                try:
                    download_and_extract_archive(
                        mirror + name, self.raw_folder, filename=name, md5=md5
                    )
                    break
                except RuntimeError as error:
                    problems.append(str(error))
            else:
                raise RuntimeError(f"Error downloading {name}: {'; '.join(problems)}")

    def __getitem__(self, index: int) -> Any:
        if self._seen is not self.data:
            need()
            self._seen, self._pixels = self.data, self.data.numpy()
        return self.applied(Image.fromarray(self._pixels[index]), int(self.targets[index]))


class FashionMNIST(MNIST):
    """Pictures of clothes in MNIST's format."""

    mirrors = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
        "Bag", "Ankle boot",
    ]  # fmt: skip


class KMNIST(MNIST):
    """Japanese characters in MNIST's format."""

    mirrors = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


_MERGED = set("cijklmopsuvwxyz")  # letters whose small and capital form count as one


class EMNIST(MNIST):
    """Digits and letters in MNIST's format, by `split`."""

    url = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    _all = set(string.digits + string.ascii_letters)
    classes_split_dict: ClassVar[dict[str, list[str]]] = {
        "byclass": sorted(_all),
        "bymerge": sorted(_all - _MERGED),
        "balanced": sorted(_all - _MERGED),
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits),
        "mnist": list(string.digits),
    }

    def __init__(self, root: Any, split: str, **kwargs: Any) -> None:
        self.split = verify_str_arg(split, "split", self.splits)
        super().__init__(root, **kwargs)
        self.classes = self.classes_split_dict[self.split]

    def _names(self) -> tuple[str, str]:
        part = f"emnist-{self.split}-{'train' if self.train else 'test'}"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    def _check_exists(self) -> bool:
        return all(check_integrity(self._path(name)) for name in self._names())

    def download(self) -> None:
        """Fetches the one archive of all splits."""
        if self._check_exists():
            return
        raw = Path(self.raw_folder)
        raw.mkdir(parents=True, exist_ok=True)
        download_and_extract_archive(self.url, str(raw), md5=self.md5)
        for packed in (raw / "gzip").glob("*.gz"):
            shutil.move(packed, raw / packed.name)
        shutil.rmtree(raw / "gzip")


class QMNIST(MNIST):
    """MNIST's digits with where each comes from, and its lost test digits.

    what    train, test, test10k (MNIST's own), test50k (the others) or nist; by default by `train`
    compat  the label is the digit; else eight numbers, of which the digit is the first
    """

    subsets = {
        "train": "train", "test": "test", "test10k": "test", "test50k": "test", "nist": "nist",
    }  # fmt: skip
    _SITE = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
    _FILES: ClassVar[dict[str, list[tuple[str, str]]]] = {
        "train": [
            ("qmnist-train-images-idx3-ubyte.gz", "ed72d4157d28c017586c42bc6afe6370"),
            ("qmnist-train-labels-idx2-int.gz", "0058f8dd561b90ffdd0f734c6a30e5e4"),
        ],
        "test": [
            ("qmnist-test-images-idx3-ubyte.gz", "1394631089c404de565df7b7aeaf9412"),
            ("qmnist-test-labels-idx2-int.gz", "5b5b05890a5e13444e108efe57b788aa"),
        ],
        "nist": [
            ("xnist-images-idx3-ubyte.xz", "7f124b3b8ab81486c9d8c2749c17f834"),
            ("xnist-labels-idx2-int.xz", "5ed0e788978e45d4a8bd4b7caec3d79d"),
        ],
    }

    def __init__(
        self, root: Any, what: str | None = None, compat: bool = True, train: bool = True,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        self.what = verify_str_arg(
            what or ("train" if train else "test"), "what", tuple(self.subsets)
        )
        self.compat = compat
        super().__init__(root, train, **kwargs)

    def _names(self) -> tuple[str, str]:
        images, labels = (os.path.splitext(n)[0] for n, _ in self._FILES[self.subsets[self.what]])
        return images, labels

    def _check_exists(self) -> bool:
        return all(check_integrity(self._path(name)) for name in self._names())

    def _load_data(self) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = (self._path(name) for name in self._names())
        pixels, facts = read_image_file(images), read_sn3_pascalvincent_tensor(labels).long()
        part = {"test10k": slice(0, 10000), "test50k": slice(10000, None)}.get(self.what)
        return (pixels, facts) if part is None else (pixels[part], facts[part])

    def download(self) -> None:
        """Fetches and unpacks the two files of the subset."""
        if not self._check_exists():
            for name, md5 in self._FILES[self.subsets[self.what]]:
                download_and_extract_archive(self._SITE + name, self.raw_folder, md5=md5)

    def __getitem__(self, index: int) -> Any:
        need()
        label: Any = self.targets[index]
        picture = Image.fromarray(self.data[index].numpy())
        return self.applied(picture, int(label[0]) if self.compat else label)

    def extra_repr(self) -> str:
        return f"Split: {self.what}"
