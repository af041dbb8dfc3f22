"""ImageNet 2012: folders of classes, unpacked from the archives that one has to get oneself."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import compat as torch
from compat.vision.datasets.files import check_integrity, extract_archive, verify_str_arg
from compat.vision.datasets.folder import ImageFolder
from compat.vision.datasets.matlab import loadmat

ARCHIVE_META = {
    "train": ("ILSVRC2012_img_train.tar", "1d675b47d978889d74fa0da5fadfb00e"),
    "val": ("ILSVRC2012_img_val.tar", "29b22e2961454d5413ddabcf34fc5622"),
    "devkit": ("ILSVRC2012_devkit_t12.tar.gz", "fa75699e90414af021442c21a62c3abf"),
}
META_FILE = "meta.bin"


def load_meta_file(root: Any, file: str | None = None) -> tuple[dict[str, Any], list[str]]:
    """The names of each class and the class of each validation picture, as kept in `meta.bin`."""
    path = os.path.join(root, file or META_FILE)
    if not check_integrity(path):
        raise RuntimeError(
            f"The meta file {os.path.basename(path)} is not present in the root directory or is "
            "corrupted. This file is automatically created by the ImageNet dataset."
        )
    return torch.load(path, weights_only=True)


def _archive(root: Any, kind: str, file: str | None) -> str:
    name, md5 = ARCHIVE_META[kind]
    path = os.path.join(root, file or name)
    if not check_integrity(path, md5):
        raise RuntimeError(
            f"The archive {file or name} is not present in the root directory or is corrupted. "
            f"You need to download it externally and place it in {root}."
        )
    return path


def parse_devkit_archive(root: Any, file: str | None = None) -> None:
    """Makes `meta.bin` of the development kit."""
    path = _archive(root, "devkit", file)
    with tempfile.TemporaryDirectory() as place:
        extract_archive(path, place)
        data = Path(place) / "ILSVRC2012_devkit_t12" / "data"
        rows = loadmat(data / "meta.mat", squeeze_me=True)["synsets"]
        # Classes without others below them are the thousand.
        leaves = [row for row in rows if row["num_children"] == 0]
        by_number = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in leaves}
        names = {str(row["WNID"]): tuple(str(row["words"]).split(", ")) for row in leaves}
        truth = (data / "ILSVRC2012_validation_ground_truth.txt").read_text().split()
        pictures = [by_number[int(number)] for number in truth]
    torch.save((names, pictures), os.path.join(root, META_FILE))


def parse_train_archive(root: Any, file: str | None = None, folder: str = "train") -> None:
    """Unpacks the training pictures, an archive of one archive a class."""
    target = os.path.join(root, folder)
    extract_archive(_archive(root, "train", file), target)
    for name in os.listdir(target):
        if name.endswith(".tar"):
            inner = os.path.join(target, name)
            extract_archive(inner, os.path.splitext(inner)[0], remove_finished=True)


def parse_val_archive(
    root: Any, file: str | None = None, wnids: list[str] | None = None, folder: str = "val"
) -> None:
    """Unpacks the validation pictures into folders of their classes."""
    classes = load_meta_file(root)[1] if wnids is None else wnids
    target = os.path.join(root, folder)
    extract_archive(_archive(root, "val", file), target)
    names = sorted(one.name for one in os.scandir(target) if not one.is_dir())
    for wnid in set(classes):
        os.makedirs(os.path.join(target, wnid), exist_ok=True)
    for name, wnid in zip(names, classes, strict=True):
        shutil.move(os.path.join(target, name), os.path.join(target, wnid, name))


class ImageNet(ImageFolder):
    """The pictures of root/train or root/val, in folders named by WordNet's numbers.

    What isn't unpacked yet is unpacked from the archives in root. `classes` are tuples of names,
    `wnids` the numbers; `class_to_idx` and `wnid_to_idx` give the label of each.
    """

    def __init__(self, root: Any, split: str = "train", **kwargs: Any) -> None:
        base = os.path.expanduser(root)
        self.split = verify_str_arg(split, "split", ("train", "val"))
        self._base = base
        if not check_integrity(os.path.join(base, META_FILE)):
            parse_devkit_archive(base)
        names, pictures = load_meta_file(base)
        if not os.path.isdir(self.split_folder):
            if split == "train":
                parse_train_archive(base)
            else:
                parse_val_archive(base, wnids=pictures)
        super().__init__(self.split_folder, **kwargs)
        self.root = base
        self.wnids, self.wnid_to_idx = self.classes, self.class_to_idx
        self.classes = [names[wnid] for wnid in self.wnids]  # pyright: ignore
        self.class_to_idx = {name: at for at, many in enumerate(self.classes) for name in many}

    @property
    def split_folder(self) -> str:
        """Where the pictures of the split are."""
        return os.path.join(self._base, self.split)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
