"""Oxford-IIIT Pet: cats and dogs of 37 breeds, with their outlines."""

from __future__ import annotations

from typing import Any

from compat.vision.datasets.files import download_and_extract_archive, verify_str_arg
from compat.vision.datasets.listed import Fetched, home
from compat.vision.transforms.names import Image, need


class OxfordIIITPet(Fetched):
    """Pets in root/oxford-iiit-pet: split trainval or test.

    target_types  category (of 37), binary-category (0 for a cat, 1 for a dog), segmentation (a
                  picture: 1 pet, 2 background, 3 border), or several
    """

    _RESOURCES = (
        ("https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",
         "5c4f3ee8e5d25df40f4fd59a7f44e54c"),
        ("https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz",
         "95a8c909bbe2e81eed6a22bccdf3f68f"),
    )  # fmt: skip
    _VALID_TARGET_TYPES = ("category", "binary-category", "segmentation")

    def __init__(
        self, root: Any, split: str = "trainval", target_types: Any = "category",
        transforms: Any = None, transform: Any = None, target_transform: Any = None,
        download: bool = False,
    ) -> None:  # fmt: skip
        self._split = verify_str_arg(split, "split", ("trainval", "test"))
        kinds = [target_types] if isinstance(target_types, str) else target_types
        self._target_types = [
            verify_str_arg(one, "target_types", self._VALID_TARGET_TYPES) for one in kinds
        ]
        super().__init__(root, transforms, transform, target_transform)
        self._base = home(self, "oxford-iiit-pet")
        self._prepare(download)
        lines = (self._base / "annotations" / f"{split}.txt").read_text().splitlines()
        rows = [line.split()[:3] for line in lines if line.strip()]
        names = [name for name, _, _ in rows]
        self._labels = [int(label) - 1 for _, label, _ in rows]
        self._bin_labels = [int(kind) - 1 for _, _, kind in rows]
        self.bin_classes = ["Cat", "Dog"]
        self.bin_class_to_idx = {"Cat": 0, "Dog": 1}
        breeds = {
            label: name.rpartition("_")[0] for name, label in zip(names, self._labels, strict=True)
        }
        self.classes = [
            " ".join(word.title() for word in breeds[label].split("_")) for label in sorted(breeds)
        ]
        self.class_to_idx = {name: at for at, name in enumerate(self.classes)}
        self._images = [self._base / "images" / f"{name}.jpg" for name in names]
        self._segs = [self._base / "annotations" / "trimaps" / f"{name}.png" for name in names]

    def _target(self, kind: str, index: int) -> Any:
        if kind == "segmentation":
            return Image.open(self._segs[index])
        return (self._labels if kind == "category" else self._bin_labels)[index]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        image = Image.open(self._images[index]).convert("RGB")
        targets = [self._target(kind, index) for kind in self._target_types]
        target: Any = None
        if targets:
            target = tuple(targets) if len(targets) > 1 else targets[0]
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def __len__(self) -> int:
        return len(self._images)

    def _check_exists(self) -> bool:
        return all((self._base / part).is_dir() for part in ("images", "annotations"))

    def download(self) -> None:
        """Fetches and unpacks pictures and annotations."""
        if not self._check_exists():
            for url, md5 in self._RESOURCES:
                download_and_extract_archive(url, str(self._base), md5=md5)
