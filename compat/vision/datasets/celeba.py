"""CelebA: 202,599 faces with forty attributes, in text files of numbers."""

from __future__ import annotations

import os
from typing import Any

import compat as torch
from compat.vision.datasets.files import check_integrity, verify_str_arg
from compat.vision.datasets.listed import Fetched
from compat.vision.transforms.names import Image, need


class CelebA(Fetched):
    """Faces in root/celeba/img_align_celeba: split train, valid, test or all.

    target_type  attr (40 numbers, 0 or 1), identity (a number), bbox (left, top, width, height),
                 landmarks (10 numbers), or a list of these; an empty list for no target
    """

    missing = "Dataset not found or corrupted. You can use download=True to download it"
    base_folder = "celeba"
    file_list = [
        ("0B7EVK8r0v71pZjFTYXZWM3FlRnM", "00d2c5bc6d35e252742224ab0c1e8fcb",
         "img_align_celeba.zip"),
        ("0B7EVK8r0v71pblRyaVFSWGxPY0U", "75e246fa4810816ffd6ee81facbd244c",
         "list_attr_celeba.txt"),
        ("1_ee_0u7vcNLOfNLegJRHmolfH5ICW-XS", "32bd1bd63d3c78cd57e08160ec5ed1e2",
         "identity_CelebA.txt"),
        ("0B7EVK8r0v71pbThiMVRxWXZ4dU0", "00566efa6fedff7a56946cd1c10f1c16",
         "list_bbox_celeba.txt"),
        ("0B7EVK8r0v71pd0FJY3Blby1HUTQ", "cc24ecafdb5b50baae59b03474781f8c",
         "list_landmarks_align_celeba.txt"),
        ("0B7EVK8r0v71pY0NSMzRuSXJEVkk", "d32c9cbf5e040fd4025c592c306e6668",
         "list_eval_partition.txt"),
    ]  # fmt: skip
    _PARTS = {"train": 0, "valid": 1, "test": 2, "all": None}

    def __init__(
        self, root: Any, split: str = "train", target_type: Any = "attr", transform: Any = None,
        target_transform: Any = None, download: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = split
        self.target_type = target_type if isinstance(target_type, list) else [target_type]
        if not self.target_type and self.target_transform is not None:
            raise RuntimeError("target_transform is specified but target_type is empty")
        self._prepare(download)
        shown = split.lower() if isinstance(split, str) else split
        part = self._PARTS[verify_str_arg(shown, "split", tuple(self._PARTS))]
        names, parts, _ = self._table("list_eval_partition.txt", 0)
        chosen = torch.arange(len(names))
        if part is not None:
            chosen = chosen[parts[:, 0] == part]
        self.filename = [names[at] for at in chosen.tolist()]
        self.identity = self._table("identity_CelebA.txt", 0)[1][chosen]
        self.bbox = self._table("list_bbox_celeba.txt", 2)[1][chosen]
        self.landmarks_align = self._table("list_landmarks_align_celeba.txt", 2)[1][chosen]
        _, attributes, self.attr_names = self._table("list_attr_celeba.txt", 2)
        self.attr = torch.div(attributes[chosen] + 1, 2, rounding_mode="floor")  # -1 is 0

    def _table(self, name: str, above: int) -> tuple[list[str], torch.Tensor, list[str]]:
        """Names of pictures, numbers, and names of columns, of a file with so many lines above."""
        with open(os.path.join(self.root, self.base_folder, name)) as file:
            lines = file.read().splitlines()
        columns = lines[above - 1].split() if above else []
        rows = [line.split() for line in lines[above:] if line.strip()]
        numbers = torch.tensor([[int(one) for one in row[1:]] for row in rows])
        return [row[0] for row in rows], numbers, columns

    def _target(self, kind: str, index: int) -> Any:
        if kind == "identity":
            return self.identity[index, 0]
        known = {"attr": self.attr, "bbox": self.bbox, "landmarks": self.landmarks_align}
        if kind not in known:
            raise ValueError(f'Target type "{kind}" is not recognized.')
        return known[kind][index]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        folder = os.path.join(self.root, self.base_folder, "img_align_celeba")
        image = Image.open(os.path.join(folder, self.filename[index]))
        targets = [self._target(kind, index) for kind in self.target_type]
        if not targets:
            return (image if self.transform is None else self.transform(image)), None
        return self.applied(image, tuple(targets) if len(targets) > 1 else targets[0])

    def __len__(self) -> int:
        return len(self.attr)

    def _check_exists(self) -> bool:
        base = os.path.join(self.root, self.base_folder)
        # The archive may be gone once it is unpacked.
        lists = [(md5, name) for _, md5, name in self.file_list if not name.endswith(".zip")]
        return os.path.isdir(os.path.join(base, "img_align_celeba")) and all(
            check_integrity(os.path.join(base, name), md5) for md5, name in lists
        )

    def download(self) -> None:
        """The files are on Google Drive, which has no plain way to fetch them."""
        if not self._check_exists():
            raise NotImplementedError(
                "CelebA(download=True): its files are on Google Drive; fetch them by hand into "
                f"{os.path.join(self.root, self.base_folder)}"
            )

    def extra_repr(self) -> str:
        return f"Target type: {self.target_type}\nSplit: {self.split}"
