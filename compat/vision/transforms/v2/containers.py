"""Transforms made of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import compat as torch
from compat.vision.transforms.v2.base import Transform, sample_of

Steps = Sequence[Callable[..., Any]]


class _Several(Transform):
    def __init__(self, transforms: Steps) -> None:
        super().__init__()
        if not isinstance(transforms, Sequence) and not isinstance(transforms, torch.nn.ModuleList):
            raise TypeError("Argument transforms should be a sequence of callables")
        if len(transforms) == 0:
            raise ValueError("Pass at least one transform")
        self.transforms = transforms



def _through(steps: Any, inputs: tuple[Any, ...]) -> Any:
    """A sample through transforms; several inputs go on as several."""
    several = len(inputs) > 1
    for step in steps:
        made = step(*inputs)
        inputs = made if several else (made,)
    return sample_of(inputs)


class _Lines(_Several):
    def extra_repr(self) -> str:
        """The transforms, one a line."""
        return "\n".join(f"    {one}" for one in self.transforms)


class Compose(_Lines):
    """Transforms one after the other."""

    def forward(self, *inputs: Any) -> Any:
        return _through(self.transforms, inputs)


class RandomApply(_Lines):
    """Transforms applied with a probability."""

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__(transforms)
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        self.p = p

    def forward(self, *inputs: Any) -> Any:
        if torch.rand(1).item() >= self.p:
            return sample_of(inputs)
        return _through(self.transforms, inputs)


class RandomChoice(_Several):
    """One of several transforms, drawn by weights p."""

    def __init__(self, transforms: Steps, p: list[float] | None = None) -> None:
        super().__init__(transforms)
        weights = [1] * len(transforms) if p is None else p
        if len(weights) != len(transforms):
            raise ValueError(
                f"Length of p doesn't match the number of transforms: {len(weights)} != "
                f"{len(transforms)}"
            )
        self.p = [one / sum(weights) for one in weights]

    def forward(self, *inputs: Any) -> Any:
        which = int(torch.multinomial(torch.tensor(self.p), 1).item())
        return self.transforms[which](*inputs)


class RandomOrder(_Several):
    """Transforms in a random order."""

    def forward(self, *inputs: Any) -> Any:
        order = torch.randperm(len(self.transforms)).tolist()
        return _through([self.transforms[at] for at in order], inputs)
