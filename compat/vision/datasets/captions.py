"""Pictures with sentences about them: Flickr 8k and 30k, and SBU's."""

from __future__ import annotations

import os
from collections import defaultdict
from glob import glob
from html.parser import HTMLParser
from typing import Any

from compat.vision.datasets.files import check_integrity, download_and_extract_archive, download_url
from compat.vision.datasets.folder import default_loader
from compat.vision.datasets.listed import Fetched
from compat.vision.datasets.vision import VisionDataset


class Flickr8kParser(HTMLParser):
    """Reads the page of captions: rows of a table with a link to a picture, or none, and a list."""

    def __init__(self, root: Any) -> None:
        super().__init__()
        self.root = root
        self.annotations: dict[str, list[str]] = {}
        self._inside = False
        self._tag = self._picture = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Notes where the parser is."""
        self._tag = tag
        self._inside = self._inside or tag == "table"

    def handle_endtag(self, tag: str) -> None:
        """Notes where the parser is."""
        self._tag = ""
        self._inside = self._inside and tag != "table"

    def handle_data(self, data: str) -> None:
        """Takes a link or a caption."""
        text = data.strip()
        if not self._inside or not text:
            return
        if text == "Image Not Found":
            self._picture = ""
        elif self._tag == "a":
            number = text.split("/")[-2]
            found = glob(os.path.join(self.root, f"{number}_*.jpg"))
            self._picture = found[0] if found else ""
            if self._picture:
                self.annotations[self._picture] = []
        elif self._tag == "li" and self._picture:
            self.annotations[self._picture].append(text)


class _Flickr(VisionDataset):
    annotations: dict[str, list[str]]

    def __init__(
        self, root: Any, ann_file: str, transform: Any = None, target_transform: Any = None,
        loader: Any = default_loader,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.ann_file, self.loader = os.path.expanduser(ann_file), loader
        self.annotations = self._read()
        self.ids = sorted(self.annotations)

    def _read(self) -> dict[str, list[str]]:
        raise NotImplementedError(f"{type(self).__name__}._read")

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        name = self.ids[index]
        return self.applied(self.loader(os.path.join(self.root, name)), self.annotations[name])

    def __len__(self) -> int:
        return len(self.ids)


class Flickr8k(_Flickr):
    """Pictures in root, and the page ann_file of their captions."""

    def _read(self) -> dict[str, list[str]]:
        parser = Flickr8kParser(self.root)
        with open(self.ann_file) as file:
            parser.feed(file.read())
        return parser.annotations


class Flickr30k(_Flickr):
    """Pictures in root, and the table ann_file of their captions: `name.jpg#0`, a tab, a line."""

    def _read(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        with open(self.ann_file) as file:
            for line in file:
                name, _, caption = line.strip().partition("\t")
                found[name[:-2]].append(caption)
        return found


class SBU(Fetched):
    """A million pictures of Flickr's with a caption each, in root/dataset."""

    missing = "Dataset not found or corrupted. You can use download=True to download it"
    url = "https://www.cs.rice.edu/~vo9/sbucaptions/SBUCaptionedPhotoDataset.tar.gz"
    filename = "SBUCaptionedPhotoDataset.tar.gz"
    md5_checksum = "9aec147b3488753cf758b4d493422285"

    def __init__(
        self, root: Any, transform: Any = None, target_transform: Any = None,
        download: bool = True, loader: Any = default_loader,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.loader = loader
        self._prepare(download)
        self.photos, self.captions = [], []
        for url, caption in self._pairs():
            name = os.path.basename(url)
            if os.path.exists(os.path.join(self.root, "dataset", name)):
                self.photos.append(name)
                self.captions.append(caption)

    def _pairs(self) -> list[tuple[str, str]]:
        lists = []
        for kind in ("urls", "captions"):
            path = os.path.join(self.root, "dataset", f"SBU_captioned_photo_dataset_{kind}.txt")
            with open(path) as file:
                lists.append([line.rstrip() for line in file])
        return list(zip(*lists, strict=False))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path = os.path.join(self.root, "dataset", self.photos[index])
        return self.applied(self.loader(path), self.captions[index])

    def __len__(self) -> int:
        return len(self.photos)

    def _check_exists(self) -> bool:
        return check_integrity(os.path.join(self.root, self.filename), self.md5_checksum)

    def download(self) -> None:
        """Fetches the archive of lists, then each picture that is still there."""
        if self._check_exists():
            return
        download_and_extract_archive(self.url, self.root, self.root, self.filename,
                                     self.md5_checksum)  # fmt: skip
        for url, _ in self._pairs():
            try:
                download_url(url, os.path.join(self.root, "dataset"))
            except RuntimeError:
                continue  # many of the pictures are gone from the site
