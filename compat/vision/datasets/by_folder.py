"""Data sets of pictures whose classes are folders, and that can be fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compat.vision.datasets.files import download_and_extract_archive, verify_str_arg
from compat.vision.datasets.folder import (
    IMG_EXTENSIONS,
    ImageFolder,
    default_loader,
    find_classes,
    make_dataset,
)
from compat.vision.datasets.listed import Fetched, Split, home


class RenderedSST2(Split):
    """Sentences as pictures, negative or positive, in root/rendered-sst2: split train, val or
    test."""

    _URL = "https://openaipublic.azureedge.net/clip/data/rendered-sst2.tgz"
    _MD5 = "2384d08e9dcfa4bd55b324e610496ee5"
    classes = ["negative", "positive"]
    class_to_idx = {"negative": 0, "positive": 1}

    def __init__(
        self, root: Any, split: str = "train", transform: Any = None,
        target_transform: Any = None, download: bool = False, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        verify_str_arg(split, "split", ("train", "val", "test"))
        super().__init__(root, split, transform, target_transform, loader)
        self._prepare(download)
        folder = home(self, "rendered-sst2", "valid" if split == "val" else split)
        self._samples = make_dataset(str(folder), self.class_to_idx, (".png",))

    def _check_exists(self) -> bool:
        folder = home(self, "rendered-sst2", "valid" if self._split == "val" else self._split)
        return all((folder / one).is_dir() for one in self.classes)

    def download(self) -> None:
        """Fetches and unpacks the archive."""
        if not self._check_exists():
            download_and_extract_archive(self._URL, self.root, md5=self._MD5)


def _folder(root: Any, parts: tuple[str, ...], url: str, md5: str, into: str, fetch: bool) -> str:
    """A folder under root, fetched if asked to; RuntimeError when it isn't there."""
    folder = Path(root).expanduser().joinpath(*parts)
    if fetch and not folder.exists():
        download_and_extract_archive(url, str(Path(root).expanduser() / into), md5=md5)
    if not folder.exists():
        raise RuntimeError(Fetched.missing)
    return str(folder)


class EuroSAT(ImageFolder):
    """Land seen by satellites, in root/eurosat/2750/<class>."""

    _URL = (
        "https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
        "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip"
    )

    def __init__(
        self, root: Any, transform: Any = None, target_transform: Any = None,
        download: bool = False, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        md5 = "c8fa014336c82ac7804f0398fcb19387"
        folder = _folder(root, ("eurosat", "2750"), self._URL, md5, "eurosat", download)
        super().__init__(folder, transform, target_transform, loader)
        self.root = str(Path(root).expanduser())


class Country211(ImageFolder):
    """Photographs of 211 countries, in root/country211/<split>: train, valid or test."""

    _URL = "https://openaipublic.azureedge.net/clip/data/country211.tgz"
    _MD5 = "84988d7644798601126c29e9877aab6a"

    def __init__(
        self, root: Any, split: str = "train", transform: Any = None,
        target_transform: Any = None, download: bool = False, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        self._split = verify_str_arg(split, "split", ("train", "valid", "test"))
        folder = _folder(root, ("country211",), self._URL, self._MD5, "", download)
        super().__init__(str(Path(folder, split)), transform, target_transform, loader)
        self.root = str(Path(root).expanduser())


class Imagenette(Split):
    """Ten easy classes of ImageNet, in root/imagenette2: split train or val, of size full, 320px
    or 160px."""

    tells = False
    _ARCHIVES = {
        size: (f"https://s3.amazonaws.com/fast-ai-imageclas/{name}.tgz", md5)
        for size, name, md5 in (
            ("full", "imagenette2", "fe2fc210e6bb7c5664d602c3cd71e612"),
            ("320px", "imagenette2-320", "3df6f0d01a2c9592104656642f5e78a3"),
            ("160px", "imagenette2-160", "e793b78cc4c9e9a4ccc0c1155377a412"),
        )
    }
    _WNID_TO_CLASS = {
        "n01440764": ("tench", "Tinca tinca"),
        "n02102040": ("English springer", "English springer spaniel"),
        "n02979186": ("cassette player",),
        "n03000684": ("chain saw", "chainsaw"),
        "n03028079": ("church", "church building"),
        "n03394916": ("French horn", "horn"),
        "n03417042": ("garbage truck", "dustcart"),
        "n03425413": ("gas pump", "gasoline pump", "petrol pump", "island dispenser"),
        "n03445777": ("golf ball",),
        "n03888257": ("parachute", "chute"),
    }

    def __init__(
        self, root: Any, split: str = "train", size: str = "full", download: bool = False,
        transform: Any = None, target_transform: Any = None, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        verify_str_arg(split, "split", ("train", "val"))
        super().__init__(root, split, transform, target_transform, loader)
        self._size = verify_str_arg(size, "size", tuple(self._ARCHIVES))
        self._url, self._md5 = self._ARCHIVES[size]
        self._size_root = home(self, Path(self._url).stem)
        self._prepare(download)
        folder = str(self._size_root / split)
        self.wnids, self.wnid_to_idx = find_classes(folder)
        self.classes = [self._WNID_TO_CLASS[one] for one in self.wnids]
        self.class_to_idx = {
            name: at for at, names in enumerate(self.classes) for name in names
        }
        self._samples = make_dataset(folder, self.wnid_to_idx, IMG_EXTENSIONS)

    def _check_exists(self) -> bool:
        return self._size_root.exists()

    def download(self) -> None:
        """Fetches and unpacks the archive of the size."""
        if not self._check_exists():
            download_and_extract_archive(self._url, self.root, md5=self._md5)
