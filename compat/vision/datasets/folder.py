"""Data sets whose classes are folders, and one of random pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import compat as torch
from compat.vision.datasets.vision import VisionDataset
from compat.vision.transforms import functional as F
from compat.vision.transforms.names import Image, need

IMG_EXTENSIONS = (
    ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp",
)  # fmt: skip


def has_file_allowed_extension(filename: str, extensions: Any) -> bool:
    """Whether a name ends in one of these, in capitals or not."""
    wanted = extensions if isinstance(extensions, str) else tuple(extensions)
    return filename.lower().endswith(wanted)


def is_image_file(filename: str) -> bool:
    """Whether a name ends as images' names do."""
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory: Any) -> tuple[list[str], dict[str, int]]:
    """The folders of a folder, in order, and their numbers."""
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: at for at, name in enumerate(classes)}


def make_dataset(
    directory: Any, class_to_idx: dict[str, int] | None = None, extensions: Any = None,
    is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
) -> list[tuple[str, int]]:  # fmt: skip
    """Pairs of a file and its class, in order."""
    directory = os.path.expanduser(directory)
    if class_to_idx is None:
        _, class_to_idx = find_classes(directory)
    elif not class_to_idx:
        raise ValueError("'class_to_index' must have at least one entry to collect any samples.")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError(
            "Both extensions and is_valid_file cannot be None or not None at the same time"
        )
    valid = is_valid_file or (lambda name: has_file_allowed_extension(name, extensions))
    samples, empty = [], set(class_to_idx)
    for name in sorted(class_to_idx):
        folder = os.path.join(directory, name)
        if not os.path.isdir(folder):
            continue
        for where, _, files in sorted(os.walk(folder, followlinks=True)):
            for file in sorted(files):
                path = os.path.join(where, file)
                if valid(path):
                    samples.append((path, class_to_idx[name]))
                    empty.discard(name)
    if empty and not allow_empty:
        text = f"Found no valid file for the classes {', '.join(sorted(empty))}. "
        if extensions is not None:
            shown = extensions if isinstance(extensions, str) else ", ".join(extensions)
            text += f"Supported extensions are: {shown}"
        raise FileNotFoundError(text)
    return samples


def pil_loader(path: Any) -> Any:
    """The picture of a file, in RGB."""
    need()
    with open(path, "rb") as file:
        return Image.open(file).convert("RGB")


default_loader = accimage_loader = pil_loader


class DatasetFolder(VisionDataset):
    """Samples in root/class/...; `samples` are pairs of a path and a class number."""

    def __init__(
        self, root: Any, loader: Callable[[str], Any], extensions: Any = None,
        transform: Any = None, target_transform: Any = None,
        is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.loader, self.extensions = loader, extensions
        self.samples = self.make_dataset(
            self.root, self.class_to_idx, extensions, is_valid_file, allow_empty
        )
        self.targets = [target for _, target in self.samples]

    @staticmethod
    def make_dataset(
        directory: Any, class_to_idx: dict[str, int], extensions: Any = None,
        is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
    ) -> list[tuple[str, int]]:  # fmt: skip
        """Pairs of a file and its class; to be overridden."""
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def find_classes(self, directory: Any) -> tuple[list[str], dict[str, int]]:
        """The classes and their numbers; to be overridden."""
        return find_classes(directory)

    def __getitem__(self, index: int) -> Any:
        path, target = self.samples[index]
        return self.applied(self.loader(path), target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Pictures in root/class/..."""

    def __init__(
        self, root: Any, transform: Any = None, target_transform: Any = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            root, loader, IMG_EXTENSIONS if is_valid_file is None else None, transform,
            target_transform, is_valid_file, allow_empty,
        )  # fmt: skip
        self.imgs = self.samples


class FakeData(VisionDataset):
    """Random pictures; the same index gives the same one."""

    def __init__(
        self, size: int = 1000, image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10, transform: Any = None, target_transform: Any = None,
        random_offset: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(transform=transform, target_transform=target_transform)
        self.size, self.num_classes = size, num_classes
        self.image_size, self.random_offset = image_size, random_offset

    def __getitem__(self, index: int) -> Any:
        if index >= len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        state = torch.get_rng_state()
        torch.manual_seed(index + self.random_offset)
        image = torch.randn(*self.image_size)
        target = int(torch.randint(0, self.num_classes, (1,), dtype=torch.long)[0])
        torch.set_rng_state(state)
        return self.applied(F.to_pil_image(image), target)

    def __len__(self) -> int:
        return self.size


