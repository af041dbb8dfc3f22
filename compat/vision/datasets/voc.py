"""PASCAL VOC, pictures with segments or boxes, and the boundaries of SBD."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from typing import Any
from xml.etree import ElementTree

import numpy as np

from compat.vision.datasets.files import (
    download_and_extract_archive,
    download_url,
    verify_str_arg,
)
from compat.vision.datasets.matlab import loadmat
from compat.vision.datasets.vision import VisionDataset
from compat.vision.transforms.names import Image, need

_SITE = "https://thor.robots.ox.ac.uk/pascal/VOC/"
_YEARS = {
    "2012": ("voc2012/VOCtrainval_11-May-2012.tar", "6cd6e144f989b92b3379bac3b3de84fd"),
    "2011": ("voc2011/VOCtrainval_25-May-2011.tar", "6c3384ef61512963050cb5d687e5bf1e"),
    "2010": ("voc2010/VOCtrainval_03-May-2010.tar", "da459979d0c395079b5c75ee67908abb"),
    "2009": ("voc2009/VOCtrainval_11-May-2009.tar", "a3e00b113cfcfebf17e343f59da3caa1"),
    "2008": ("voc2008/VOCtrainval_14-Jul-2008.tar", "2629fa636546599198acfcfbfcf1904a"),
    "2007": ("voc2007/VOCtrainval_06-Nov-2007.tar", "c52e279531787c972589f7e41ab4ae64"),
    "2007-test": ("voc2007/VOCtest_06-Nov-2007.tar", "b6e924de25625d8de591ea690078ad9f"),
}


class _VOC(VisionDataset):
    _SPLITS_DIR = _TARGET_DIR = _TARGET_FILE_EXT = ""

    def __init__(
        self, root: Any, year: str = "2012", image_set: str = "train", download: bool = False,
        transform: Any = None, target_transform: Any = None, transforms: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(root, transforms, transform, target_transform)
        years = tuple(one for one in _YEARS if one != "2007-test")
        self.year = verify_str_arg(year, "year", years)
        sets = ("train", "trainval", "val", *(("test",) if year == "2007" else ()))
        self.image_set = verify_str_arg(image_set, "image_set", sets)
        key = "2007-test" if (year, image_set) == ("2007", "test") else year
        name, md5 = _YEARS[key]
        if download:
            download_and_extract_archive(_SITE + name, self.root, md5=md5)
        inner = ("TrainVal",) if year == "2011" else ()
        base = os.path.join(self.root, *inner, "VOCdevkit", f"VOC{year}")
        if not os.path.isdir(base):
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download it"
            )
        listed = os.path.join(base, "ImageSets", self._SPLITS_DIR, f"{image_set}.txt")
        with open(listed) as file:
            names = [line.strip() for line in file if line.strip()]
        self.images = [os.path.join(base, "JPEGImages", f"{one}.jpg") for one in names]
        self.targets = [
            os.path.join(base, self._TARGET_DIR, one + self._TARGET_FILE_EXT) for one in names
        ]

    def _target(self, path: str) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._target")

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        image = Image.open(self.images[index]).convert("RGB")
        target = self._target(self.targets[index])
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def __len__(self) -> int:
        return len(self.images)


class VOCSegmentation(_VOC):
    """A picture and the picture of its classes."""

    _SPLITS_DIR, _TARGET_DIR, _TARGET_FILE_EXT = "Segmentation", "SegmentationClass", ".png"

    @property
    def masks(self) -> list[str]:
        """The files of the pictures of classes."""
        return self.targets

    def _target(self, path: str) -> Any:
        return Image.open(path)


class VOCDetection(_VOC):
    """A picture and its objects, the file's elements as nested dicts."""

    _SPLITS_DIR, _TARGET_DIR, _TARGET_FILE_EXT = "Main", "Annotations", ".xml"

    @property
    def annotations(self) -> list[str]:
        """The files of objects."""
        return self.targets

    def _target(self, path: str) -> Any:
        return self.parse_voc_xml(ElementTree.parse(path).getroot())

    @staticmethod
    def parse_voc_xml(node: ElementTree.Element) -> dict[str, Any]:
        """An element as a dict of its tag: of its text, or of a dict of its children by tag.

        Several children of a tag are a list, as the objects of a picture always are; an element
        of nothing is left out.
        """
        grouped: dict[str, list[Any]] = defaultdict(list)
        for child in node:
            for tag, value in VOCDetection.parse_voc_xml(child).items():
                grouped[tag].append(value)
        if grouped:
            objects = {"object": grouped["object"]} if node.tag == "annotation" else {}
            inner = {tag: found[0] if len(found) == 1 else found for tag, found in grouped.items()}
            return {node.tag: inner | objects}
        return {node.tag: node.text.strip()} if node.text else {}


class SBDataset(VisionDataset):
    """Pictures of VOC 2011 with boundaries of 20 classes, an array (20, H, W), or the picture of
    their classes: mode boundaries or segmentation, image_set train, val or train_noval."""

    url = (
        "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/"
        "semantic_contours/benchmark.tgz"
    )
    md5 = "82b4d87ceb2ed10f6038a1cba92111cb"
    filename = "benchmark.tgz"
    voc_train_url = "https://www.cs.cornell.edu/~bharathh/train_noval.txt"
    voc_split_filename = "train_noval.txt"
    voc_split_md5 = "79bff800c5f0b1ec6b21080a3c066722"

    def __init__(
        self, root: Any, image_set: str = "train", mode: str = "boundaries",
        download: bool = False, transforms: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(root, transforms)
        self.image_set = verify_str_arg(image_set, "image_set", ("train", "val", "train_noval"))
        self.mode = verify_str_arg(mode, "mode", ("segmentation", "boundaries"))
        self.num_classes = 20
        if download:
            self.download()
        if not os.path.isdir(self.root):
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download it"
            )
        with open(os.path.join(self.root, f"{image_set}.txt")) as file:
            names = [line.strip() for line in file if line.strip()]
        self.images = [os.path.join(self.root, "img", f"{one}.jpg") for one in names]
        self.masks = [os.path.join(self.root, "cls", f"{one}.mat") for one in names]

    def download(self) -> None:
        """Fetches the archive and the list that leaves out VOC's own pictures."""
        download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.md5)
        unpacked = os.path.join(self.root, "benchmark_RELEASE", "dataset")
        for name in ("cls", "img", "inst", "train.txt", "val.txt"):
            shutil.move(os.path.join(unpacked, name), self.root)
        download_url(self.voc_train_url, self.root, self.voc_split_filename, self.voc_split_md5)

    def _target(self, path: str) -> Any:
        found = loadmat(path)["GTcls"][0]
        if self.mode == "segmentation":
            return Image.fromarray(found["Segmentation"][0])
        borders = found["Boundaries"][0]
        return np.concatenate(
            [borders[at][0].toarray()[None] for at in range(self.num_classes)], axis=0
        )

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        image = Image.open(self.images[index]).convert("RGB")
        target = self._target(self.masks[index])
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def __len__(self) -> int:
        return len(self.images)

    def extra_repr(self) -> str:
        return f"Image set: {self.image_set}\nMode: {self.mode}"
