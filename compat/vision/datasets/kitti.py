"""KITTI: streets from a car, with the objects in front of it."""

from __future__ import annotations

import os
from typing import Any

from compat.vision.datasets.files import download_and_extract_archive
from compat.vision.datasets.listed import Fetched
from compat.vision.transforms.names import Image, need


def _numbers(words: list[str]) -> list[float]:
    return [float(one) for one in words]


class Kitti(Fetched):
    """Pictures of root/Kitti/raw/training/image_2 with their objects, a list of dicts; those of
    testing have none."""

    data_url = "https://s3.eu-central-1.amazonaws.com/avg-kitti/"
    resources = ["data_object_image_2.zip", "data_object_label_2.zip"]
    image_dir_name, labels_dir_name = "image_2", "label_2"
    missing = "Dataset not found. You may use download=True to download it."

    def __init__(
        self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None,
        transforms: Any = None, download: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, transforms, transform, target_transform)
        self.train, self._location = train, "training" if train else "testing"
        self._prepare(download)
        base = os.path.join(self._raw_folder, self._location)
        folder = os.path.join(base, self.image_dir_name)
        names = os.listdir(folder)
        self.images = [os.path.join(folder, name) for name in names]
        self.targets = [
            os.path.join(base, self.labels_dir_name, f"{name.split('.')[0]}.txt") for name in names
        ] if train else []  # fmt: skip

    @property
    def _raw_folder(self) -> str:
        return os.path.join(self.root, type(self).__name__, "raw")

    def _objects(self, path: str) -> list[dict[str, Any]]:
        found = []
        with open(path) as file:
            for words in (line.split(" ") for line in file if line.strip()):
                found.append({
                    "type": words[0], "truncated": float(words[1]), "occluded": int(words[2]),
                    "alpha": float(words[3]), "bbox": _numbers(words[4:8]),
                    "dimensions": _numbers(words[8:11]), "location": _numbers(words[11:14]),
                    "rotation_y": float(words[14]),
                })  # fmt: skip
        return found

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        image = Image.open(self.images[index])
        target = self._objects(self.targets[index]) if self.train else None
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def __len__(self) -> int:
        return len(self.images)

    def _check_exists(self) -> bool:
        parts = [self.image_dir_name] + ([self.labels_dir_name] if self.train else [])
        base = os.path.join(self._raw_folder, self._location)
        return all(os.path.isdir(os.path.join(base, part)) for part in parts)

    def download(self) -> None:
        """Fetches and unpacks pictures and labels."""
        if not self._check_exists():
            os.makedirs(self._raw_folder, exist_ok=True)
            for name in self.resources:
                download_and_extract_archive(self.data_url + name, self._raw_folder, filename=name)
