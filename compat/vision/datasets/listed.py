"""Data sets that are files with a label each, and that can be fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from compat.vision.datasets.folder import default_loader
from compat.vision.datasets.vision import VisionDataset


class Fetched(VisionDataset):
    """A data set whose files are there, or fetched on demand; for `_check_exists` and `download`
    to be defined."""

    missing = "Dataset not found. You can use download=True to download it"

    def _prepare(self, download: bool) -> None:
        """Fetches the files if asked to; RuntimeError without them."""
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError(self.missing)

    def _check_exists(self) -> bool:
        raise NotImplementedError(f"{type(self).__name__}._check_exists")

    def download(self) -> None:
        """Fetches the files."""
        raise NotImplementedError(f"download of {type(self).__name__}")


class Listed(Fetched):
    """Pictures with labels in `_samples`, pairs of a path and a number."""

    _samples: list[tuple[Any, Any]]
    loader: Callable[[Any], Any] = staticmethod(default_loader)

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, label = self._samples[index]
        return self.applied(self.loader(path), label)


class Split(Listed):
    """`Listed` files of one split, which the description tells unless `tells` is False."""

    tells = True

    def __init__(
        self, root: Any, split: str, transform: Any, target_transform: Any, loader: Any
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._split, self.loader = split, loader

    def extra_repr(self) -> str:
        return f"split={self._split}" if self.tells else ""


def home(dataset: VisionDataset, *parts: str) -> Path:
    """A path under the data set's root."""
    return Path(dataset.root, *parts)
