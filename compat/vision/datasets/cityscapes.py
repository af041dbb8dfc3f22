"""Cityscapes: streets from a car, with a class or an object for each pixel."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

from compat.vision.datasets.files import verify_str_arg
from compat.vision.datasets.vision import VisionDataset
from compat.vision.transforms.names import Image, need

# The data set's classes: name, number, number to train with, category and its number, whether
# objects are told apart, whether it is left out of evaluation, colour.
_CLASSES = """
    unlabeled|0|255|void|0|0|1|0 0 0; ego vehicle|1|255|void|0|0|1|0 0 0;
    rectification border|2|255|void|0|0|1|0 0 0; out of roi|3|255|void|0|0|1|0 0 0;
    static|4|255|void|0|0|1|0 0 0; dynamic|5|255|void|0|0|1|111 74 0;
    ground|6|255|void|0|0|1|81 0 81; road|7|0|flat|1|0|0|128 64 128;
    sidewalk|8|1|flat|1|0|0|244 35 232; parking|9|255|flat|1|0|1|250 170 160;
    rail track|10|255|flat|1|0|1|230 150 140; building|11|2|construction|2|0|0|70 70 70;
    wall|12|3|construction|2|0|0|102 102 156; fence|13|4|construction|2|0|0|190 153 153;
    guard rail|14|255|construction|2|0|1|180 165 180;
    bridge|15|255|construction|2|0|1|150 100 100; tunnel|16|255|construction|2|0|1|150 120 90;
    pole|17|5|object|3|0|0|153 153 153; polegroup|18|255|object|3|0|1|153 153 153;
    traffic light|19|6|object|3|0|0|250 170 30; traffic sign|20|7|object|3|0|0|220 220 0;
    vegetation|21|8|nature|4|0|0|107 142 35; terrain|22|9|nature|4|0|0|152 251 152;
    sky|23|10|sky|5|0|0|70 130 180; person|24|11|human|6|1|0|220 20 60;
    rider|25|12|human|6|1|0|255 0 0; car|26|13|vehicle|7|1|0|0 0 142;
    truck|27|14|vehicle|7|1|0|0 0 70; bus|28|15|vehicle|7|1|0|0 60 100;
    caravan|29|255|vehicle|7|1|1|0 0 90; trailer|30|255|vehicle|7|1|1|0 0 110;
    train|31|16|vehicle|7|1|0|0 80 100; motorcycle|32|17|vehicle|7|1|0|0 0 230;
    bicycle|33|18|vehicle|7|1|0|119 11 32; license plate|-1|-1|vehicle|7|0|1|0 0 142
"""
_CORRUPT = (
    "Dataset not found or incomplete. Please make sure all required folders for the specified "
    '"split" and "mode" are inside the "root" directory'
)


class CityscapesClass(NamedTuple):
    """A class of pixels."""

    name: str
    id: int
    train_id: int
    category: str
    category_id: int
    has_instances: bool
    ignore_in_eval: bool
    color: tuple[int, int, int]


def _class(line: str) -> CityscapesClass:
    name, number, trained, kind, kind_number, objects, ignored, colour = line.strip().split("|")
    red, green, blue = (int(one) for one in colour.split())
    return CityscapesClass(
        name, int(number), int(trained), kind, int(kind_number), objects == "1", ignored == "1",
        (red, green, blue),
    )  # fmt: skip


class Cityscapes(VisionDataset):
    """Pictures of root/leftImg8bit/<split> with what root/gtFine, or gtCoarse, says of them.

    mode         fine or coarse
    target_type  instance, semantic or color (pictures), polygon (a dict), or a list of these
    """

    CityscapesClass = CityscapesClass
    classes = [_class(line) for line in _CLASSES.split(";")]
    _ENDINGS = {
        "instance": "instanceIds.png", "semantic": "labelIds.png", "color": "color.png",
        "polygon": "polygons.json",
    }  # fmt: skip

    def __init__(
        self, root: Any, split: str = "train", mode: str = "fine", target_type: Any = "instance",
        transform: Any = None, target_transform: Any = None, transforms: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(root, transforms, transform, target_transform)
        verify_str_arg(mode, "mode", ("fine", "coarse"))
        self.mode = "gtFine" if mode == "fine" else "gtCoarse"
        known = ("train", "test", "val") if mode == "fine" else ("train", "train_extra", "val")
        self.split = verify_str_arg(split, "split", known)
        kinds = target_type if isinstance(target_type, list) else [target_type]
        self.target_type = [
            verify_str_arg(one, "target_type", tuple(self._ENDINGS)) for one in kinds
        ]
        self.images_dir = os.path.join(self.root, "leftImg8bit", split)
        self.targets_dir = os.path.join(self.root, self.mode, split)
        if not os.path.isdir(self.images_dir) or not os.path.isdir(self.targets_dir):
            raise RuntimeError(_CORRUPT)
        self.images: list[str] = []
        self.targets: list[list[str]] = []
        for city in os.listdir(self.images_dir):
            for name in os.listdir(os.path.join(self.images_dir, city)):
                stem = name.split("_leftImg8bit")[0]
                self.images.append(os.path.join(self.images_dir, city, name))
                self.targets.append([
                    os.path.join(
                        self.targets_dir, city, f"{stem}_{self.mode}_{self._ENDINGS[kind]}"
                    )
                    for kind in self.target_type
                ])  # fmt: skip

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        need()
        image = Image.open(self.images[index]).convert("RGB")
        targets = []
        for kind, path in zip(self.target_type, self.targets[index], strict=True):
            if kind == "polygon":
                with open(path) as file:
                    targets.append(json.load(file))
            else:
                targets.append(Image.open(path))
        target = tuple(targets) if len(targets) > 1 else targets[0]
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def __len__(self) -> int:
        return len(self.images)

    def extra_repr(self) -> str:
        return f"Split: {self.split}\nMode: {self.mode}\nType: {self.target_type}"
