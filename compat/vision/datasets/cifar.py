"""CIFAR-10 and CIFAR-100: pickled batches of 32 x 32 colour pictures."""

from __future__ import annotations

import os
import pickle
from typing import Any

import numpy as np

from compat.vision.datasets.files import check_integrity, download_and_extract_archive
from compat.vision.datasets.vision import TrainOrTest
from compat.vision.transforms.names import Image, need


class _Plain(pickle.Unpickler):
    """Reads dictionaries of arrays and refuses the rest, whatever the file says."""

    _ALLOWED = {
        ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode"),
    }  # fmt: skip

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a CIFAR file")
        return super().find_class(module, name)


class CIFAR10(TrainOrTest):
    """Ten classes of pictures, 50,000 to train and 10,000 to test, in root/cifar-10-batches-py."""

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta = {
        "filename": "batches.meta", "key": "label_names",
        "md5": "5ff9c542aee3614f3951f8cda6e48888",
    }  # fmt: skip

    def __init__(
        self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None,
        download: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, train, transform, target_transform)
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download it"
            )
        pixels, self.targets = [], []
        for name, _ in self.train_list if train else self.test_list:
            batch = self._read(name)
            pixels.append(batch["data"])
            self.targets += batch.get("labels") or batch["fine_labels"]
        flat = np.vstack(pixels).reshape(-1, 3, 32, 32)
        self.data = np.ascontiguousarray(flat.transpose(0, 2, 3, 1))
        self._load_meta()

    def _read(self, name: str) -> Any:
        with open(os.path.join(self.root, self.base_folder, name), "rb") as file:
            return _Plain(file, encoding="latin1").load()

    def _load_meta(self) -> None:
        path = os.path.join(self.root, self.base_folder, self.meta["filename"])
        if not check_integrity(path, self.meta["md5"]):
            raise RuntimeError(
                "Dataset metadata file not found or corrupted. You can use download=True to "
                "download it"
            )
        self.classes = self._read(self.meta["filename"])[self.meta["key"]]
        self.class_to_idx = {name: at for at, name in enumerate(self.classes)}

    def __getitem__(self, index: int) -> Any:
        need()
        return self.applied(Image.fromarray(self.data[index]), self.targets[index])

    def _check_integrity(self) -> bool:
        folder = os.path.join(self.root, self.base_folder)
        return all(
            check_integrity(os.path.join(folder, name), md5)
            for name, md5 in self.train_list + self.test_list
        )

    def download(self) -> None:
        """Fetches and unpacks the archive."""
        if not self._check_integrity():
            download_and_extract_archive(
                self.url, self.root, filename=self.filename, md5=self.tgz_md5
            )


class CIFAR100(CIFAR10):
    """A hundred classes, in root/cifar-100-python."""

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta = {
        "filename": "meta", "key": "fine_label_names", "md5": "7973b15100ade9c7d40fb424638fde48",
    }  # fmt: skip
