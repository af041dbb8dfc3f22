"""Omniglot: 1,623 characters of fifty alphabets, twenty drawings of each."""

from __future__ import annotations

import os
from typing import Any

from compat.vision.datasets.files import (
    check_integrity,
    download_and_extract_archive,
    list_dir,
    list_files,
)
from compat.vision.datasets.listed import Fetched
from compat.vision.transforms.names import Image, need


class Omniglot(Fetched):
    """Drawings in root/omniglot-py/images_background, or images_evaluation: black lines on white.

    The label is the character's number over all alphabets.
    """

    missing = "Dataset not found or corrupted. You can use download=True to download it"
    folder = "omniglot-py"
    download_url_prefix = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python"
    zips_md5 = {
        "images_background": "68d2efa1b9178cc56df9314c21c6e718",
        "images_evaluation": "6b91aef0f799c5bb55b94e3f2daec811",
    }

    def __init__(
        self, root: Any, background: bool = True, transform: Any = None,
        target_transform: Any = None, download: bool = False, loader: Any = None,
    ) -> None:  # fmt: skip
        place = os.path.join(os.path.expanduser(root), self.folder)
        super().__init__(place, transform=transform, target_transform=target_transform)
        self.background, self.loader = background, loader
        self._prepare(download)
        self.target_folder = os.path.join(self.root, self._get_target_folder())
        self._alphabets = list_dir(self.target_folder)
        self._characters = [
            os.path.join(alphabet, one)
            for alphabet in self._alphabets
            for one in list_dir(os.path.join(self.target_folder, alphabet))
        ]
        self._flat_character_images = [
            (name, at)
            for at, character in enumerate(self._characters)
            for name in list_files(os.path.join(self.target_folder, character), ".png")
        ]

    def _get_target_folder(self) -> str:
        return "images_background" if self.background else "images_evaluation"

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        name, label = self._flat_character_images[index]
        path = os.path.join(self.target_folder, self._characters[label], name)
        image = self.loader(path) if self.loader else Image.open(path, mode="r").convert("L")
        return self.applied(image, label)

    def __len__(self) -> int:
        return len(self._flat_character_images)

    def _check_exists(self) -> bool:
        name = self._get_target_folder()
        return check_integrity(os.path.join(self.root, f"{name}.zip"), self.zips_md5[name])

    def download(self) -> None:
        """Fetches and unpacks the archive of the part."""
        if not self._check_exists():
            name = f"{self._get_target_folder()}.zip"
            md5 = self.zips_md5[self._get_target_folder()]
            url = f"{self.download_url_prefix}/{name}"
            download_and_extract_archive(url, self.root, filename=name, md5=md5)
