"""COCO: pictures with captions or objects, in one JSON file.

The file is read here, so pycocotools isn't needed; its masks and its evaluation are not there.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from compat.vision.datasets.vision import VisionDataset
from compat.vision.transforms.names import Image, need

Record = dict[str, Any]


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]


class COCO:
    """The records of a file of annotations, under the names that pycocotools gives them.

    anns, imgs, cats         records by their numbers
    imgToAnns, catToImgs     a picture's annotations, a category's pictures
    """

    def __init__(self, annotation_file: Any) -> None:
        with open(annotation_file) as file:
            self.dataset: dict[str, Any] = json.load(file)
        if not isinstance(self.dataset, dict):
            raise TypeError(f"annotation file format {type(self.dataset)} not supported")
        self.imgs: dict[int, Record] = {one["id"]: one for one in self.dataset.get("images", [])}
        self.cats: dict[int, Record] = {
            one["id"]: one for one in self.dataset.get("categories", [])
        }
        self.anns: dict[int, Record] = {}
        self.imgToAnns: dict[int, list[Record]] = defaultdict(list)
        self.catToImgs: dict[int, list[int]] = defaultdict(list)
        for one in self.dataset.get("annotations", []):
            self.anns[one["id"]] = one
            self.imgToAnns[one["image_id"]].append(one)
            if "category_id" in one:
                self.catToImgs[one["category_id"]].append(one["image_id"])

    def getAnnIds(
        self, imgIds: Any = (), catIds: Any = (), areaRng: Any = (), iscrowd: Any = None
    ) -> list[int]:
        """The numbers of annotations of pictures and categories (none for all), of a range of
        areas, and of crowds or not."""
        pictures, categories = _several(imgIds), _several(catIds)
        found = (
            [one for number in pictures for one in self.imgToAnns.get(number, [])]
            if pictures else list(self.anns.values())
        )  # fmt: skip
        if categories:
            found = [one for one in found if one["category_id"] in categories]
        if len(areaRng) == 2:
            found = [one for one in found if areaRng[0] < one["area"] < areaRng[1]]
        if iscrowd is not None:
            found = [one for one in found if one["iscrowd"] == iscrowd]
        return [one["id"] for one in found]

    def getCatIds(self, catNms: Any = (), supNms: Any = (), catIds: Any = ()) -> list[int]:
        """The numbers of categories of these names, of these wider ones, of these numbers."""
        wanted = (("name", catNms), ("supercategory", supNms), ("id", catIds))
        found = list(self.cats.values())
        for key, values in wanted:
            chosen = _several(values)
            found = [one for one in found if not chosen or one[key] in chosen]
        return [one["id"] for one in found]

    def getImgIds(self, imgIds: Any = (), catIds: Any = ()) -> list[int]:
        """The numbers of pictures, of these and of those with each of the categories."""
        found = set(_several(imgIds)) or set(self.imgs)
        for number in _several(catIds):
            found &= set(self.catToImgs.get(number, []))
        return list(found)

    def loadAnns(self, ids: Any = ()) -> list[Record]:
        """The annotations of these numbers."""
        return [self.anns[one] for one in _several(ids)]

    def loadCats(self, ids: Any = ()) -> list[Record]:
        """The categories of these numbers."""
        return [self.cats[one] for one in _several(ids)]

    def loadImgs(self, ids: Any = ()) -> list[Record]:
        """The pictures of these numbers."""
        return [self.imgs[one] for one in _several(ids)]


class CocoDetection(VisionDataset):
    """A picture and its annotations, a list of records.

    root     the folder of pictures
    annFile  the JSON file
    """

    def __init__(
        self, root: Any, annFile: Any, transform: Any = None, target_transform: Any = None,
        transforms: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(root, transforms, transform, target_transform)
        self.coco = COCO(annFile)
        self.ids = sorted(self.coco.imgs)

    def _load_image(self, id: int) -> Any:
        need()
        name = self.coco.imgs[id]["file_name"]
        return Image.open(os.path.join(self.root, name)).convert("RGB")

    def _load_target(self, id: int) -> Any:
        return self.coco.loadAnns(self.coco.getAnnIds(id))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not isinstance(index, int):
            raise ValueError(f"Index must be of type integer, got {type(index)} instead.")
        number = self.ids[index]
        image, target = self._load_image(number), self._load_target(number)
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def __len__(self) -> int:
        return len(self.ids)


class CocoCaptions(CocoDetection):
    """A picture and its captions, a list of text."""

    def _load_target(self, id: int) -> list[str]:
        return [one["caption"] for one in super()._load_target(id)]
