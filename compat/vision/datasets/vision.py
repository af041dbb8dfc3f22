"""What all data sets of images have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import compat as torch


class StandardTransform:
    """A transform of the image and one of the target, as one of both."""

    def __init__(self, transform: Any = None, target_transform: Any = None) -> None:
        self.transform, self.target_transform = transform, target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        lines = [type(self).__name__]
        for name, one in (("Transform", self.transform),
                          ("Target transform", self.target_transform)):  # fmt: skip
            if one is not None:
                first, *rest = repr(one).splitlines()
                pad = " " * (len(name) + 2)
                lines += [f"{name}: {first}", *(pad + line for line in rest)]
        return "\n".join(lines)


class VisionDataset(torch.utils.data.Dataset):
    """A data set under a folder.

    transforms        a function of (image, target), or
    transform         a function of the image, and
    target_transform  one of the target
    """

    _repr_indent = 4

    def __init__(
        self, root: Any = None, transforms: Callable[..., Any] | None = None,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
    ) -> None:  # fmt: skip
        self.root = os.path.expanduser(root) if isinstance(root, str) else root
        if transforms is not None and (transform is not None or target_transform is not None):
            raise ValueError(
                "Only transforms or transform/target_transform can be passed as argument"
            )
        self.transform, self.target_transform = transform, target_transform
        if transform is not None or target_transform is not None:
            transforms = StandardTransform(transform, target_transform)
        self.transforms = transforms

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def applied(self, image: Any, target: Any) -> tuple[Any, Any]:
        """The image and the target through their transforms."""
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def extra_repr(self) -> str:
        """More lines of the data set's description."""
        return ""

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            body.append(f"Root location: {self.root}")
        body += self.extra_repr().splitlines()
        if self.transforms is not None:
            body += repr(self.transforms).splitlines()
        pad = " " * self._repr_indent
        return "\n".join([f"Dataset {type(self).__name__}", *(pad + line for line in body)])


class TrainOrTest(VisionDataset):
    """A data set of two parts, with the images in `data` and the labels in `targets`."""

    data: Any
    targets: Any

    def __init__(
        self, root: Any, train: bool, transform: Any, target_transform: Any
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train

    train_data = test_data = property(lambda self: self.data)
    train_labels = test_labels = property(lambda self: self.targets)

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"
