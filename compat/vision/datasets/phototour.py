"""PhotoTour: patches of photographs, and which of them show one place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

import compat as torch
from compat.vision.datasets.files import download_url, extract_archive
from compat.vision.datasets.vision import VisionDataset
from compat.vision.transforms.names import Image, need

_SIDE = 64


def _patches(folder: Path, ending: str, count: int) -> np.ndarray[Any, Any]:
    """The patches of the pictures, of which each is a grid, by rows: uint8 (count, 64, 64)."""
    need()
    found = []
    for path in sorted(folder.glob(f"*.{ending}")):
        grid = np.asarray(Image.open(path).convert("L"))
        height, width = grid.shape[0] // _SIDE, grid.shape[1] // _SIDE
        grid = grid[: height * _SIDE, : width * _SIDE].reshape(height, _SIDE, width, _SIDE)
        found.append(grid.transpose(0, 2, 1, 3).reshape(-1, _SIDE, _SIDE))
    return np.concatenate(found)[:count]


class PhotoTour(VisionDataset):
    """Patches of a scene, 64 x 64 grey pixels.

    name   liberty, notredame or yosemite, with _harris for other points
    train  patches one by one, uint8 (64, 64); else triples of two patches and whether they show
           the same point, 1 or 0
    """

    urls = {
        name: [f"http://matthewalunbrown.com/patchdata/{name}.zip", f"{name}.zip", md5]
        for name, md5 in (
            ("notredame_harris", "69f8c90f78e171349abdf0307afefe4d"),
            ("yosemite_harris", "a73253d1c6fbd3ba2613c45065c00d46"),
            ("liberty_harris", "c731fcfb3abb4091110d0ae8c7ba182c"),
        )
    } | {
        name: [f"http://icvl.ee.ic.ac.uk/vbalnt/{name}.zip", f"{name}.zip", md5]
        for name, md5 in (
            ("notredame", "509eda8535847b8c0a90bbb210c83484"),
            ("yosemite", "533b2e8eb7ede31be40abc317b2fd4f0"),
            ("liberty", "fdd9152f138ea5ef2091746689176414"),
        )
    }
    means = {
        "notredame": 0.4854, "yosemite": 0.4844, "liberty": 0.4437, "notredame_harris": 0.4854,
        "yosemite_harris": 0.4844, "liberty_harris": 0.4437,
    }  # fmt: skip
    stds = {
        "notredame": 0.1864, "yosemite": 0.1818, "liberty": 0.2019, "notredame_harris": 0.1864,
        "yosemite_harris": 0.1818, "liberty_harris": 0.2019,
    }  # fmt: skip
    lens = {
        "notredame": 468159, "yosemite": 633587, "liberty": 450092, "liberty_harris": 379587,
        "yosemite_harris": 450912, "notredame_harris": 325295,
    }  # fmt: skip
    image_ext = "bmp"
    info_file = "info.txt"
    matches_files = "m50_100000_100000_0.txt"

    def __init__(
        self, root: Any, name: str, train: bool = True, transform: Any = None,
        download: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform)
        self.name, self.train = name, train
        self.data_dir = os.path.join(self.root, name)
        self.data_down = os.path.join(self.root, f"{name}.zip")
        self.data_file = os.path.join(self.root, f"{name}.pt")  # what torchvision keeps
        self.mean, self.std = self.means[name], self.stds[name]
        if download:
            self.download()
        if os.path.isfile(self.data_file):
            self.data, self.labels, self.matches = torch.load(self.data_file, weights_only=True)
        elif os.path.isdir(self.data_dir):
            self.data, self.labels, self.matches = self._read()
        else:
            raise RuntimeError("Dataset not found. You can use download=True to download it")

    def _read(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        folder = Path(self.data_dir)
        pixels = _patches(folder, self.image_ext, self.lens[self.name])
        points = [
            int(line.split()[0]) for line in (folder / self.info_file).read_text().splitlines()
        ]
        pairs = []
        for line in (folder / self.matches_files).read_text().splitlines():
            # Patch, point and a number of no use, twice.
            one, point, _, other, same = line.split()[:5]
            pairs.append([int(one), int(other), int(point == same)])
        return torch.tensor(pixels), torch.tensor(points), torch.tensor(pairs)

    def __getitem__(self, index: int) -> Any:
        if self.train:
            return self._changed(self.data[index])
        one, other, same = self.matches[index].tolist()
        return self._changed(self.data[one]), self._changed(self.data[other]), same

    def _changed(self, patch: torch.Tensor) -> Any:
        return patch if self.transform is None else self.transform(patch)

    def __len__(self) -> int:
        return len(self.data if self.train else self.matches)

    def download(self) -> None:
        """Fetches and unpacks the scene's archive."""
        if os.path.isdir(self.data_dir):
            return
        url, name, md5 = self.urls[self.name]
        download_url(url, self.root, filename=name, md5=md5)
        extract_archive(self.data_down, self.data_dir)
        os.remove(self.data_down)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"
