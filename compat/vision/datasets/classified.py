"""Data sets of pictures with one class each, as archives of files and lists: foods, textures,
flowers, signs, aeroplanes, cars, scenes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from compat.vision.datasets.files import (
    check_integrity,
    download_and_extract_archive,
    download_url,
    verify_str_arg,
)
from compat.vision.datasets.folder import default_loader, make_dataset
from compat.vision.datasets.listed import Fetched, Split, home
from compat.vision.datasets.matlab import loadmat
from compat.vision.transforms.names import Image, need


def _numbers(classes: list[str]) -> dict[str, int]:
    return {name: at for at, name in enumerate(classes)}


class Food101(Split):
    """101 dishes, in root/food-101: split train or test."""

    _URL = "http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz"
    _MD5 = "85eeb15f3717b99a5da872d97d918f87"

    def __init__(
        self, root: Any, split: str = "train", transform: Any = None,
        target_transform: Any = None, download: bool = False, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        verify_str_arg(split, "split", ("train", "test"))
        super().__init__(root, split, transform, target_transform, loader)
        self._prepare(download)
        base = home(self, "food-101")
        lists = json.loads((base / "meta" / f"{split}.json").read_text())
        self.classes = sorted(lists)
        self.class_to_idx = _numbers(self.classes)
        self._samples = [
            (base.joinpath("images", *f"{name}.jpg".split("/")), self.class_to_idx[one])
            for one, names in lists.items()
            for name in names
        ]

    def _check_exists(self) -> bool:
        return all(home(self, "food-101", part).is_dir() for part in ("meta", "images"))

    def download(self) -> None:
        """Fetches and unpacks the archive."""
        if not self._check_exists():
            download_and_extract_archive(self._URL, self.root, md5=self._MD5)


class DTD(Split):
    """47 textures, in root/dtd/dtd: split train, val or test of one of ten partitions."""

    _URL = "https://www.robots.ox.ac.uk/~vgg/data/dtd/download/dtd-r1.0.1.tar.gz"
    _MD5 = "fff73e5086ae6bdbea199a49dfb8a4c1"

    def __init__(
        self, root: Any, split: str = "train", partition: int = 1, transform: Any = None,
        target_transform: Any = None, download: bool = False, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        verify_str_arg(split, "split", ("train", "val", "test"))
        if not isinstance(partition, int) and not 1 <= partition <= 10:
            raise ValueError(
                "Parameter 'partition' should be an integer with `1 <= partition <= 10`, but got "
                f"{partition} instead"
            )
        super().__init__(root, split, transform, target_transform, loader)
        self._partition = partition
        self._prepare(download)
        base = home(self, "dtd", "dtd")
        lines = (base / "labels" / f"{split}{partition}.txt").read_text().split()
        self.classes = sorted({line.split("/")[0] for line in lines})
        self.class_to_idx = _numbers(self.classes)
        self._samples = [
            (base.joinpath("images", *line.split("/")), self.class_to_idx[line.split("/")[0]])
            for line in lines
        ]

    def _check_exists(self) -> bool:
        return home(self, "dtd", "dtd").is_dir()

    def download(self) -> None:
        """Fetches and unpacks the archive."""
        if not self._check_exists():
            download_and_extract_archive(self._URL, str(home(self, "dtd")), md5=self._MD5)

    def extra_repr(self) -> str:
        return f"split={self._split}, partition={self._partition}"


class GTSRB(Split):
    """German traffic signs, in root/gtsrb: split train or test."""

    tells = False
    _SITE = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/"
    _FILES = {
        "train": [("GTSRB-Training_fixed.zip", "513f3c79a4c5141765e10e952eaa2478")],
        "test": [
            ("GTSRB_Final_Test_Images.zip", "c7e4e6327067d32654124b0fe9e82185"),
            ("GTSRB_Final_Test_GT.zip", "fe31e9c9270bbcd7b84b7f21a9d9d9e5"),
        ],
    }

    def __init__(
        self, root: Any, split: str = "train", transform: Any = None,
        target_transform: Any = None, download: bool = False,
    ) -> None:  # fmt: skip
        verify_str_arg(split, "split", ("train", "test"))
        super().__init__(root, split, transform, target_transform, default_loader)
        self._prepare(download)
        if split == "train":
            self._samples = make_dataset(str(self._folder()), extensions=(".ppm",))
        else:
            with open(home(self, "gtsrb", "GT-final_test.csv"), newline="") as file:
                self._samples = [
                    (str(self._folder() / row["Filename"]), int(row["ClassId"]))
                    for row in csv.DictReader(file, delimiter=";", skipinitialspace=True)
                ]

    def _folder(self) -> Path:
        inner = ("Training",) if self._split == "train" else ("Final_Test", "Images")
        return home(self, "gtsrb", "GTSRB", *inner)

    def _check_exists(self) -> bool:
        return self._folder().is_dir()

    def download(self) -> None:
        """Fetches and unpacks the archives of the split."""
        if self._check_exists():
            return
        for name, md5 in self._FILES[self._split]:
            download_and_extract_archive(self._SITE + name, str(home(self, "gtsrb")), md5=md5)


class Flowers102(Split):
    """102 flowers, in root/flowers-102: split train, val or test."""

    _SITE = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
    _file_dict = {
        "image": ("102flowers.tgz", "52808999861908f626f3c1f4e79d11fa"),
        "label": ("imagelabels.mat", "e0620be6f572b9609742df49c70aed4d"),
        "setid": ("setid.mat", "a5357ecc9cb78c4bef273ce3793fc85c"),
    }
    _splits_map = {"train": "trnid", "val": "valid", "test": "tstid"}
    missing = "Dataset not found or corrupted. You can use download=True to download it"

    def __init__(
        self, root: Any, split: str = "train", transform: Any = None,
        target_transform: Any = None, download: bool = False, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        verify_str_arg(split, "split", ("train", "val", "test"))
        super().__init__(root, split, transform, target_transform, loader)
        self._prepare(download)
        base = home(self, "flowers-102")
        chosen = loadmat(base / "setid.mat", squeeze_me=True)[self._splits_map[split]]
        labels = np.atleast_1d(loadmat(base / "imagelabels.mat", squeeze_me=True)["labels"]) - 1
        self._samples = [
            (base / "jpg" / f"image_{number:05d}.jpg", int(labels[number - 1]))
            for number in np.atleast_1d(chosen).tolist()
        ]

    def _check_exists(self) -> bool:
        base = home(self, "flowers-102")
        return (base / "jpg").is_dir() and all(
            check_integrity(str(base / self._file_dict[key][0]), self._file_dict[key][1])
            for key in ("label", "setid")
        )

    def download(self) -> None:
        """Fetches the archive of pictures and the two lists."""
        if self._check_exists():
            return
        base = str(home(self, "flowers-102"))
        name, md5 = self._file_dict["image"]
        download_and_extract_archive(self._SITE + name, base, md5=md5)
        for key in ("label", "setid"):
            name, md5 = self._file_dict[key]
            download_url(self._SITE + name, base, md5=md5)


class FGVCAircraft(Split):
    """Aeroplanes, in root/fgvc-aircraft-2013b: split train, val, trainval or test, with classes
    that are variants, families or manufacturers (annotation_level variant, family,
    manufacturer)."""

    tells = False
    _URL = (
        "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/archives/fgvc-aircraft-2013b.tar.gz"
    )
    _LISTS = {
        "variant": "variants.txt", "family": "families.txt", "manufacturer": "manufacturers.txt",
    }  # fmt: skip

    def __init__(
        self, root: Any, split: str = "trainval", annotation_level: str = "variant",
        transform: Any = None, target_transform: Any = None, download: bool = False,
        loader: Any = default_loader,
    ) -> None:  # fmt: skip
        verify_str_arg(split, "split", ("train", "val", "trainval", "test"))
        verify_str_arg(annotation_level, "annotation_level", tuple(self._LISTS))
        super().__init__(root, split, transform, target_transform, loader)
        self._prepare(download)
        data = home(self, "fgvc-aircraft-2013b", "data")
        self.classes = (data / self._LISTS[annotation_level]).read_text().strip().splitlines()
        self.class_to_idx = _numbers(self.classes)
        labels = (data / f"images_{annotation_level}_{split}.txt").read_text().splitlines()
        pairs = [line.strip().split(" ", 1) for line in labels if line.strip()]
        self._samples = [
            (str(data / "images" / f"{name}.jpg"), self.class_to_idx[one]) for name, one in pairs
        ]

    def _check_exists(self) -> bool:
        return home(self, "fgvc-aircraft-2013b").is_dir()

    def download(self) -> None:
        """Fetches and unpacks the archive."""
        if not self._check_exists():
            download_and_extract_archive(self._URL, self.root)


class StanfordCars(Split):
    """Cars, in root/stanford_cars: split train or test."""

    tells = False

    def __init__(
        self, root: Any, split: str = "train", transform: Any = None,
        target_transform: Any = None, download: bool = False, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        verify_str_arg(split, "split", ("train", "test"))
        super().__init__(root, split, transform, target_transform, loader)
        self._prepare(download)
        base = home(self, "stanford_cars")
        facts = loadmat(self._annotations(), squeeze_me=True)["annotations"]
        self._samples = [
            (str(base / f"cars_{split}" / str(one["fname"])), int(one["class"]) - 1)
            for one in np.atleast_1d(facts)
        ]
        names = loadmat(base / "devkit" / "cars_meta.mat", squeeze_me=True)["class_names"]
        self.classes = np.atleast_1d(names).tolist()
        self.class_to_idx = _numbers(self.classes)

    def _annotations(self) -> Path:
        base = home(self, "stanford_cars")
        if self._split == "train":
            return base / "devkit" / "cars_train_annos.mat"
        return base / "cars_test_annos_withlabels.mat"

    def _check_exists(self) -> bool:
        base = home(self, "stanford_cars")
        wanted = (base / "devkit", base / f"cars_{self._split}")
        return all(one.is_dir() for one in wanted) and self._annotations().exists()

    def download(self) -> None:
        """The site that had the files is gone: ValueError."""
        raise ValueError("The original URL is broken so the StanfordCars dataset is not available "
                         "for automatic download anymore.")  # fmt: skip


class SUN397(Split):
    """397 scenes, in root/SUN397."""

    tells = False
    _DATASET_URL = "http://vision.princeton.edu/projects/2010/SUN/SUN397.tar.gz"
    _DATASET_MD5 = "8ca2778205c41d23104230ba66911c7a"

    def __init__(
        self, root: Any, transform: Any = None, target_transform: Any = None,
        download: bool = False, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        super().__init__(root, "", transform, target_transform, loader)
        self._prepare(download)
        base = home(self, "SUN397")
        names = (base / "ClassName.txt").read_text().split()  # such as /a/abbey
        self.classes = [name[3:] for name in names]
        self.class_to_idx = _numbers(self.classes)
        self._samples = [
            (path, self.class_to_idx["/".join(path.relative_to(base).parts[1:-1])])
            for path in sorted(base.rglob("sun_*.jpg"))
        ]

    def _check_exists(self) -> bool:
        return home(self, "SUN397").is_dir()

    def download(self) -> None:
        """Fetches and unpacks the archive."""
        if not self._check_exists():
            download_and_extract_archive(self._DATASET_URL, self.root, md5=self._DATASET_MD5)


class CLEVRClassification(Split):
    """Scenes of solids, in root/clevr/CLEVR_v1.0: the class is how many there are (None in the
    split test)."""

    _URL = "https://dl.fbaipublicfiles.com/clevr/CLEVR_v1.0.zip"
    _MD5 = "b11922020e72d0cd9154779b2d3d07d2"

    def __init__(
        self, root: Any, split: str = "train", transform: Any = None,
        target_transform: Any = None, download: bool = False, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        verify_str_arg(split, "split", ("train", "val", "test"))
        super().__init__(root, split, transform, target_transform, loader)
        self._prepare(download)
        base = home(self, "clevr", "CLEVR_v1.0")
        files = sorted((base / "images" / split).glob("*"))
        counts: dict[str, int] = {}
        if split != "test":
            scenes = json.loads((base / "scenes" / f"CLEVR_{split}_scenes.json").read_text())
            counts = {one["image_filename"]: len(one["objects"]) for one in scenes["scenes"]}
        self._samples = [(path, counts.get(path.name)) for path in files]

    def _check_exists(self) -> bool:
        return home(self, "clevr", "CLEVR_v1.0", "images", self._split).is_dir()

    def download(self) -> None:
        """Fetches and unpacks the archive."""
        if not self._check_exists():
            download_and_extract_archive(self._URL, str(home(self, "clevr")), md5=self._MD5)


class FER2013(Fetched):
    """Faces and what they feel, 48 x 48 grey pixels, in root/fer2013/<split>.csv."""

    _RESOURCES = {
        "train": ("train.csv", "3f0dfb3d3fd99c811a1299cb947e3131"),
        "test": ("test.csv", "b02c2298636a634e8c2faabbf3ea9a23"),
    }

    def __init__(
        self, root: Any, split: str = "train", transform: Any = None, target_transform: Any = None
    ) -> None:
        self._split = verify_str_arg(split, "split", tuple(self._RESOURCES))
        super().__init__(root, transform=transform, target_transform=target_transform)
        name, md5 = self._RESOURCES[split]
        path = home(self, "fer2013", name)
        if not check_integrity(str(path), md5):
            raise RuntimeError(
                f"{name} not found in {path.parent} or corrupted. You can download it from "
                "https://www.kaggle.com/c/challenges-in-representation-learning-facial-"
                "expression-recognition-challenge"
            )
        with open(path, newline="") as file:
            self._samples = [
                (np.array(row["pixels"].split(), np.uint8).reshape(48, 48),
                 int(row["emotion"]) if "emotion" in row else None)
                for row in csv.DictReader(file)
            ]  # fmt: skip

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        pixels, label = self._samples[index]
        return self.applied(Image.fromarray(pixels), label)

    def __len__(self) -> int:
        return len(self._samples)

    def extra_repr(self) -> str:
        return f"split={self._split}"
