"""WIDER FACE: pictures with many faces, in one text file of boxes."""

from __future__ import annotations

import os
from typing import Any

import compat as torch
from compat.vision.datasets.files import verify_str_arg
from compat.vision.datasets.listed import Fetched
from compat.vision.transforms.names import Image, need

_FACTS = ("blur", "expression", "illumination", "occlusion", "pose", "invalid")
_ORDER = (4, 5, 6, 8, 9, 7)  # where each is in a line of ten numbers


class WIDERFace(Fetched):
    """Pictures of root/widerface/WIDER_<split> and their faces: a dict with bbox (N, 4: left,
    top, width, height) and six facts (N,) of each; None in the split test."""

    BASE_FOLDER = "widerface"
    missing = (
        "Dataset not found or corrupted. You can use download=True to download and prepare it"
    )

    def __init__(
        self, root: Any, split: str = "train", transform: Any = None,
        target_transform: Any = None, download: bool = False,
    ) -> None:  # fmt: skip
        base = os.path.join(os.path.expanduser(root), self.BASE_FOLDER)
        super().__init__(base, transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", ("train", "val", "test"))
        self._prepare(download)
        with open(self._list()) as file:
            lines = [line.rstrip() for line in file]
        self.img_info: list[dict[str, Any]] = []
        at = 0
        while at < len(lines):
            if not lines[at]:
                at += 1
                continue
            path = os.path.join(self.root, f"WIDER_{split}", "images", *lines[at].split("/"))
            at += 1
            info: dict[str, Any] = {"img_path": os.path.abspath(path)}
            if split != "test":
                count = int(lines[at])
                # A picture without faces has a line of zeros all the same.
                rows = [[int(one) for one in line.split()]
                        for line in lines[at + 1 : at + 1 + max(count, 1)]]  # fmt: skip
                at += 1 + len(rows)
                table = torch.tensor(rows)
                info["annotations"] = {"bbox": table[:, :4].clone()} | {
                    name: table[:, column].clone()
                    for name, column in zip(_FACTS, _ORDER, strict=True)
                }
            self.img_info.append(info)

    def _list(self) -> str:
        name = "test_filelist.txt" if self.split == "test" else f"{self.split}_bbx_gt.txt"
        return os.path.join(self.root, "wider_face_split", f"wider_face_{name}")

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        image = Image.open(self.img_info[index]["img_path"])
        if self.transform is not None:
            image = self.transform(image)
        target = None if self.split == "test" else self.img_info[index]["annotations"]
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __len__(self) -> int:
        return len(self.img_info)

    def _check_exists(self) -> bool:
        pictures = os.path.join(self.root, f"WIDER_{self.split}")
        return os.path.isdir(pictures) and os.path.isfile(self._list())

    def download(self) -> None:
        """The files are on Google Drive, which has no plain way to fetch them."""
        if not self._check_exists():
            raise NotImplementedError(
                "WIDERFace(download=True): its files are on Google Drive; fetch them by hand into "
                f"{self.root}"
            )

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
