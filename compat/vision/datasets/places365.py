"""Places365: pictures of 365 kinds of places."""

from __future__ import annotations

import os
from typing import Any

from compat.vision.datasets.files import (
    check_integrity,
    download_and_extract_archive,
    download_url,
    verify_str_arg,
)
from compat.vision.datasets.folder import default_loader
from compat.vision.datasets.vision import VisionDataset


class Places365(VisionDataset):
    """Pictures with the lists of root/places365_*.txt: split train-standard, train-challenge, val
    or test, whose pictures have no label; small for those of 256 x 256."""

    _SPLITS = ("train-standard", "train-challenge", "val", "test")
    _BASE_URL = "http://data.csail.mit.edu/places/places365/"
    _DEVKIT_META = {
        "standard": ("filelist_places365-standard.tar", "35a0585fee1fa656440f3ab298f8479c"),
        "challenge": ("filelist_places365-challenge.tar", "70a8307e459c3de41690a7c76c931734"),
    }
    _CATEGORIES_META = ("categories_places365.txt", "06c963b85866bd0649f97cb43dd16673")
    _FILE_LIST_META = {
        "train-standard": ("places365_train_standard.txt", "30f37515461640559006b8329efbed1a"),
        "train-challenge": ("places365_train_challenge.txt", "b2931dc997b8c33c27e7329c073a6b57"),
        "val": ("places365_val.txt", "e9f2fd57bfd9d07630173f4e8708e4b1"),
        "test": ("places365_test.txt", "2fce8233fe493576d724142e45d93653"),
    }
    _IMAGES_META = {
        ("train-standard", False): (
            "train_large_places365standard.tar", "67e186b496a84c929568076ed01a8aa1"),
        ("train-challenge", False): (
            "train_large_places365challenge.tar", "605f18e68e510c82b958664ea134545f"),
        ("val", False): ("val_large.tar", "9b71c4993ad89d2d8bcbdc4aef38042f"),
        ("test", False): ("test_large.tar", "41a4b6b724b1d2cd862fb3871ed59913"),
        ("train-standard", True): (
            "train_256_places365standard.tar", "53ca1c756c3d1e7809517cc47c5561c5"),
        ("train-challenge", True): (
            "train_256_places365challenge.tar", "741915038a5e3471ec7332404dfb64ef"),
        ("val", True): ("val_256.tar", "e27b17d8d44f4af9a78502beb927f808"),
        ("test", True): ("test_256.tar", "f532f6ad7b582262a2ec8009075e186b"),
    }  # fmt: skip

    def __init__(
        self, root: Any, split: str = "train-standard", small: bool = False,
        download: bool = False, transform: Any = None, target_transform: Any = None,
        loader: Any = default_loader,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", self._SPLITS)
        self.small, self.loader = small, loader
        self.classes, self.class_to_idx = self._load_categories(download)
        self.imgs, self.targets = self._load_file_list(download)
        if download:
            self.download_images()

    @property
    def variant(self) -> str:
        """Which of the two lists of files the split is in."""
        return "challenge" if "challenge" in self.split else "standard"

    @property
    def images_dir(self) -> str:
        """Where the pictures are."""
        size = "256" if self.small else "large"
        train = self.split.startswith("train")
        name = f"data_{size}_{self.variant}" if train else f"{self.split}_{size}"
        return os.path.join(self.root, name)

    def _lines(self, name: str, md5: str, download: bool) -> list[list[str]]:
        path = os.path.join(self.root, name)
        if not check_integrity(path, md5):
            if not download:
                raise RuntimeError(
                    "Dataset not found or corrupted. You can use download=True to download it"
                )
            archive, sum_ = self._DEVKIT_META[self.variant]
            download_and_extract_archive(self._BASE_URL + archive, self.root, md5=sum_)
        with open(path) as file:
            return [line.split() for line in file if line.strip()]

    def _load_categories(self, download: bool) -> tuple[list[str], dict[str, int]]:
        rows = self._lines(*self._CATEGORIES_META, download)
        numbers = {name: int(number) for name, number in rows}
        return sorted(numbers, key=lambda name: numbers[name]), numbers

    def _load_file_list(self, download: bool) -> tuple[list[tuple[str, Any]], list[Any]]:
        found: list[tuple[str, Any]] = []
        for name, *label in self._lines(*self._FILE_LIST_META[self.split], download):
            path = os.path.join(self.images_dir, *name.strip("/").split("/"))
            found.append((path, int(label[0]) if label else None))
        return found, [label for _, label in found]

    def download_images(self) -> None:
        """Fetches and unpacks the pictures of the split."""
        if os.path.exists(self.images_dir):
            return
        name, md5 = self._IMAGES_META[self.split, self.small]
        download_and_extract_archive(self._BASE_URL + name, self.root, md5=md5)
        if self.split.startswith("train"):
            os.rename(self.images_dir.rpartition("_")[0], self.images_dir)

    def download_devkit(self) -> None:
        """Fetches the lists."""
        name, md5 = self._DEVKIT_META[self.variant]
        download_url(self._BASE_URL + name, self.root, md5=md5)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, label = self.imgs[index]
        image = self.loader(path)
        if label is None:
            return (image if self.transform is None else self.transform(image)), None
        return self.applied(image, label)

    def __len__(self) -> int:
        return len(self.imgs)

    def extra_repr(self) -> str:
        return f"Split: {self.split}\nSmall: {self.small}"
