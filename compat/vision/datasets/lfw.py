"""Labeled Faces in the Wild: 13,233 faces, by person or in pairs."""

from __future__ import annotations

import os
from typing import Any

from compat.vision.datasets.files import verify_str_arg
from compat.vision.datasets.folder import default_loader
from compat.vision.datasets.listed import Fetched

_FOLDERS = {"original": "lfw", "funneled": "lfw_funneled", "deepfunneled": "lfw-deepfunneled"}


class _LFW(Fetched):
    """What both views have in common: files of root/lfw-py."""

    base_folder = "lfw-py"
    missing = "Dataset not found or corrupted. You can use download=True to download it"
    _view = ""

    def __init__(
        self, root: Any, split: str, image_set: str, transform: Any, target_transform: Any,
        download: bool, loader: Any,
    ) -> None:  # fmt: skip
        base = os.path.join(os.path.expanduser(root), self.base_folder)
        super().__init__(base, transform=transform, target_transform=target_transform)
        self.image_set = verify_str_arg(image_set.lower(), "image_set", tuple(_FOLDERS))
        self.split = verify_str_arg(split.lower(), "split", ("10fold", "train", "test"))
        self.loader = loader
        self.images_dir = os.path.join(self.root, _FOLDERS[self.image_set])
        ending = {"10fold": "", "train": "DevTrain", "test": "DevTest"}[self.split]
        self.labels_file = f"{self._view}{ending}.txt"
        self.data: list[Any] = []
        self._prepare(download)

    def _lines(self) -> list[list[str]]:
        with open(os.path.join(self.root, self.labels_file)) as file:
            return [line.strip().split("\t") for line in file]

    def _path(self, person: str, number: str | int) -> str:
        return os.path.join(self.images_dir, person, f"{person}_{int(number):04d}.jpg")

    def __len__(self) -> int:
        return len(self.data)

    def _check_exists(self) -> bool:
        listed = os.path.isfile(os.path.join(self.root, self.labels_file))
        return listed and os.path.isdir(self.images_dir)

    def download(self) -> None:
        """The site that had the files is gone: ValueError."""
        raise ValueError("LFW dataset is no longer available for download. Please download the "
                         "dataset manually and place it in the specified directory.")  # fmt: skip

    def extra_repr(self) -> str:
        return f"Alignment: {self.image_set}\nSplit: {self.split}"


class LFWPeople(_LFW):
    """Faces and the number of the person: split 10fold, train or test; image_set original,
    funneled or deepfunneled."""

    _view = "people"

    def __init__(
        self, root: Any, split: str = "10fold", image_set: str = "funneled", transform: Any = None,
        target_transform: Any = None, download: bool = False, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        super().__init__(root, split, image_set, transform, target_transform, download, loader)
        with open(os.path.join(self.root, "lfw-names.txt")) as file:
            names = [line.split()[0] for line in file if line.strip()]
        self.class_to_idx = {name: at for at, name in enumerate(names)}
        self.targets: list[int] = []
        # Lines of one word say how many folds, or people, come next.
        for person, *count in self._lines():
            for number in range(1, int(count[0]) + 1) if count else ():
                self.data.append(self._path(person, number))
                self.targets.append(self.class_to_idx[person])

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.applied(self.loader(self.data[index]), self.targets[index])

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}\nClasses (identities): {len(self.class_to_idx)}"


class LFWPairs(_LFW):
    """Two faces, and 1 when they are of one person: settings as of LFWPeople."""

    _view = "pairs"

    def __init__(
        self, root: Any, split: str = "10fold", image_set: str = "funneled", transform: Any = None,
        target_transform: Any = None, download: bool = False, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        super().__init__(root, split, image_set, transform, target_transform, download, loader)
        self.pair_names: list[tuple[str, str]] = []
        self.targets: list[int] = []
        for words in self._lines():
            if len(words) == 3:
                one, other, numbers = words[0], words[0], (words[1], words[2])
            elif len(words) == 4:
                one, other, numbers = words[0], words[2], (words[1], words[3])
            else:  # how many folds and pairs come next
                continue
            self.pair_names.append((one, other))
            self.data.append((self._path(one, numbers[0]), self._path(other, numbers[1])))
            self.targets.append(int(len(words) == 3))

    def __getitem__(self, index: int) -> tuple[Any, Any, int]:
        images = [self.loader(path) for path in self.data[index]]
        if self.transform is not None:
            images = [self.transform(image) for image in images]
        target = self.targets[index]
        if self.target_transform is not None:
            target = self.target_transform(target)
        return images[0], images[1], target
