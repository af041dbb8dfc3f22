"""Caltech 101 and 256: pictures in folders of classes."""

from __future__ import annotations

import os
from typing import Any

from compat.vision.datasets.files import (
    download_and_extract_archive,
    extract_archive,
    verify_str_arg,
)
from compat.vision.datasets.listed import Fetched
from compat.vision.datasets.matlab import loadmat
from compat.vision.transforms.names import Image, need

_CORRUPT = "Dataset not found or corrupted. You can use download=True to download it"
# Four classes have another name among the outlines.
_OUTLINES = {
    "Faces": "Faces_2", "Faces_easy": "Faces_3", "Motorbikes": "Motorbikes_16",
    "airplanes": "Airplanes_Side_2",
}  # fmt: skip


class _Caltech(Fetched):
    missing = _CORRUPT
    pictures = ""

    def _place(self, *parts: str) -> str:
        return os.path.join(self.root, *parts)

    def _count(self) -> None:
        self.index: list[int] = []
        self.y: list[int] = []
        for at, name in enumerate(self.categories):
            files = os.listdir(self._place(self.pictures, name))
            count = sum(one.endswith(".jpg") for one in files)
            self.index += range(1, count + 1)
            self.y += [at] * count

    categories: list[str]

    def __len__(self) -> int:
        return len(self.index)

    def _check_exists(self) -> bool:
        return os.path.exists(self._place(self.pictures))


class Caltech101(_Caltech):
    """101 classes, in root/caltech101/101_ObjectCategories.

    target_type  category (a number), annotation (the outline, an array (2, points)), or a list
    """

    pictures = "101_ObjectCategories"

    def __init__(
        self, root: Any, target_type: Any = "category", transform: Any = None,
        target_transform: Any = None, download: bool = False,
    ) -> None:  # fmt: skip
        folder = os.path.join(os.path.expanduser(root), "caltech101")
        os.makedirs(folder, exist_ok=True)
        super().__init__(folder, transform=transform, target_transform=target_transform)
        kinds = [target_type] if isinstance(target_type, str) else target_type
        valid = ("category", "annotation")
        self.target_type = [verify_str_arg(one, "target_type", valid) for one in kinds]
        self._prepare(download)
        found = sorted(os.listdir(self._place(self.pictures)))
        self.categories = [name for name in found if name != "BACKGROUND_Google"]
        self.annotation_categories = [_OUTLINES.get(name, name) for name in self.categories]
        self._count()

    def _target(self, kind: str, index: int) -> Any:
        label = self.y[index]
        if kind == "category":
            return label
        name = f"annotation_{self.index[index]:04d}.mat"
        path = self._place("Annotations", self.annotation_categories[label], name)
        return loadmat(path)["obj_contour"]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        name = f"image_{self.index[index]:04d}.jpg"
        image = Image.open(self._place(self.pictures, self.categories[self.y[index]], name))
        targets = [self._target(kind, index) for kind in self.target_type]
        return self.applied(image, tuple(targets) if len(targets) > 1 else targets[0])

    def _check_exists(self) -> bool:
        return super()._check_exists() and os.path.exists(self._place("Annotations"))

    def download(self) -> None:
        """Fetches and unpacks the archive, which holds two more."""
        if self._check_exists():
            return
        url = "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip"
        download_and_extract_archive(
            url, self.root, filename="caltech-101.zip", md5="3138e1922a9193bfa496528edbbc45d0"
        )
        inner = self._place("caltech-101")
        for name in os.listdir(inner):
            if name.endswith((".gz", ".tar")):
                extract_archive(os.path.join(inner, name), self.root)

    def extra_repr(self) -> str:
        return f"Target type: {self.target_type}"


class Caltech256(_Caltech):
    """256 classes, in root/caltech256/256_ObjectCategories."""

    pictures = "256_ObjectCategories"

    def __init__(
        self, root: Any, transform: Any = None, target_transform: Any = None,
        download: bool = False,
    ) -> None:  # fmt: skip
        folder = os.path.join(os.path.expanduser(root), "caltech256")
        os.makedirs(folder, exist_ok=True)
        super().__init__(folder, transform=transform, target_transform=target_transform)
        self._prepare(download)
        self.categories = sorted(os.listdir(self._place(self.pictures)))
        self._count()

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        label = self.y[index]
        name = f"{label + 1:03d}_{self.index[index]:04d}.jpg"
        image = Image.open(self._place(self.pictures, self.categories[label], name))
        return self.applied(image, label)

    def download(self) -> None:
        """Fetches and unpacks the archive."""
        if not self._check_exists():
            url = "https://data.caltech.edu/records/nyy15-4j048/files/256_ObjectCategories.tar"
            md5 = "67b4f42ca05d46448c6bb8ecd2220f6d"
            download_and_extract_archive(url, self.root, md5=md5)
