"""LSUN: pictures of scenes in LMDB databases, one a class."""

from __future__ import annotations

import bisect
import io
import os
from collections.abc import Iterable
from typing import Any

from compat.vision.datasets.files import verify_str_arg
from compat.vision.datasets.vision import VisionDataset
from compat.vision.transforms.names import Image, need

lmdb: Any
try:
    import lmdb  # pyright: ignore[reportMissingImports]
except ImportError:  # told when a database is opened
    lmdb = None

_SCENES = (
    "bedroom", "bridge", "church_outdoor", "classroom", "conference_room", "dining_room",
    "kitchen", "living_room", "restaurant", "tower",
)  # fmt: skip
_SETS = ("train", "val", "test")


class LSUNClass(VisionDataset):
    """The pictures of one database; their target is None."""

    def __init__(self, root: Any, transform: Any = None, target_transform: Any = None) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if lmdb is None:
            raise ImportError("LSUN's databases need lmdb: pip install lmdb")
        self.env = lmdb.open(
            str(root), max_readers=1, readonly=True, lock=False, readahead=False, meminit=False
        )
        with self.env.begin(write=False) as reading:
            self.keys = list(reading.cursor().iternext(keys=True, values=False))
        self.length = len(self.keys)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        with self.env.begin(write=False) as reading:
            data = reading.get(self.keys[index])
        return self.applied(Image.open(io.BytesIO(data)).convert("RGB"), None)

    def __len__(self) -> int:
        return self.length


class LSUN(VisionDataset):
    """Pictures of databases root/<scene>_<set>_lmdb; the target is the number of the database.

    classes  "train", "val" or "test" for all scenes, or a list such as ["bedroom_train"]
    """

    def __init__(
        self, root: Any, classes: Any = "train", transform: Any = None,
        target_transform: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.classes = self._verify_classes(classes)
        self.dbs = [
            LSUNClass(os.path.join(root, f"{name}_lmdb"), transform) for name in self.classes
        ]
        self.indices: list[int] = []
        for one in self.dbs:
            self.indices.append(len(one) + (self.indices[-1] if self.indices else 0))
        self.length = self.indices[-1] if self.indices else 0

    @staticmethod
    def _verify_classes(classes: Any) -> list[str]:
        if isinstance(classes, str):
            verify_str_arg(classes, "classes", _SETS)
            return list(_SETS[2:]) if classes == "test" else [f"{s}_{classes}" for s in _SCENES]
        if not isinstance(classes, Iterable):
            raise ValueError(
                f"Expected type str or Iterable for argument classes, but got type {type(classes)}."
            )
        chosen = list(classes)
        for one in chosen:
            if not isinstance(one, str):
                raise ValueError(
                    "Expected type str for elements in argument classes, but got type "
                    f"{type(one)}."
                )
            scene, _, part = one.rpartition("_")
            verify_str_arg(scene, "LSUN class", _SCENES)
            verify_str_arg(part, "LSUN set", _SETS)
        return chosen

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        which = bisect.bisect_right(self.indices, index)
        start = self.indices[which - 1] if which else 0
        target = which if self.target_transform is None else self.target_transform(which)
        return self.dbs[which][index - start][0], target

    def __len__(self) -> int:
        return self.length

    def extra_repr(self) -> str:
        return f"Classes: {self.classes}"
