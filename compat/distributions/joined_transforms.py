"""Transforms made of others: one after the other, side by side, over more dimensions."""

from __future__ import annotations

import functools
import operator
import weakref
from collections.abc import Sequence
from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.transform import Transform
from compat.distributions.utils import _sum_rightmost, lazy_property


class ComposeTransform(Transform):
    """Transforms, the first one applied first."""

    def __init__(self, parts: list[Transform], cache_size: int = 0) -> None:
        if cache_size:
            parts = [part.with_cache(cache_size) for part in parts]
        super().__init__(cache_size=cache_size)
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ComposeTransform) and self.parts == other.parts

    __hash__ = None

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> constraints.Constraint:
        if not self.parts:
            return constraints.real
        dims = self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            dims += part.domain.event_dim - part.codomain.event_dim
            dims = max(dims, part.domain.event_dim)
        return _widened(self.parts[0].domain, dims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> constraints.Constraint:
        if not self.parts:
            return constraints.real
        dims = self.parts[0].domain.event_dim
        for part in self.parts:
            dims += part.codomain.event_dim - part.domain.event_dim
            dims = max(dims, part.codomain.event_dim)
        return _widened(self.parts[-1].codomain, dims)

    @lazy_property
    def bijective(self) -> bool:
        return all(part.bijective for part in self.parts)

    @lazy_property
    def sign(self) -> Any:
        sign = 1
        for part in self.parts:
            sign = sign * part.sign
        return sign

    def _inverted(self) -> Transform:
        made = ComposeTransform([part.inv for part in reversed(self.parts)])
        made._inv = weakref.ref(self)
        return made

    def with_cache(self, cache_size: int = 1) -> Transform:
        return self if self._cache_size == cache_size else ComposeTransform(self.parts, cache_size)

    def __call__(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x

    def log_abs_det_jacobian(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        if not self.parts:
            return torch.zeros_like(x)
        ends = [x]
        for part in self.parts[:-1]:
            ends.append(part(ends[-1]))
        ends.append(y)
        terms = []
        dims = self.domain.event_dim
        for part, start, end in zip(self.parts, ends, ends[1:]):
            volume = part.log_abs_det_jacobian(start, end)
            terms.append(_sum_rightmost(volume, dims - part.domain.event_dim))
            dims += part.codomain.event_dim - part.domain.event_dim
        return functools.reduce(operator.add, terms)

    def forward_shape(self, shape: Any) -> Any:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self) -> str:
        inside = ",\n    ".join(repr(part) for part in self.parts)
        return f"{self.__class__.__name__}(\n    {inside}\n)"


def _widened(constraint: constraints.Constraint, dims: int) -> constraints.Constraint:
    """A constraint over events of at least so many dimensions."""
    missing = dims - constraint.event_dim
    return constraints.independent(constraint, missing) if missing > 0 else constraint


identity_transform = ComposeTransform([])


class IndependentTransform(Transform):
    """A transform over events of more dimensions: their volumes are added up."""

    def __init__(self, base_transform: Transform, reinterpreted_batch_ndims: int,
                 cache_size: int = 0) -> None:  # fmt: skip
        super().__init__(cache_size=cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return IndependentTransform(
            self.base_transform, self.reinterpreted_batch_ndims, cache_size
        )

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> constraints.Constraint:
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> constraints.Constraint:
        return constraints.independent(
            self.base_transform.codomain, self.reinterpreted_batch_ndims
        )

    @property
    def bijective(self) -> bool:
        return self.base_transform.bijective

    @property
    def sign(self) -> Any:
        return self.base_transform.sign

    def _call(self, x: torch.Tensor) -> torch.Tensor:
        if x.dim() < self.domain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform(x)

    def _inverse(self, y: torch.Tensor) -> torch.Tensor:
        if y.dim() < self.codomain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        volume = self.base_transform.log_abs_det_jacobian(x, y)
        return _sum_rightmost(volume, self.reinterpreted_batch_ndims)

    def __repr__(self) -> str:
        inside = f"{self.base_transform!r}, {self.reinterpreted_batch_ndims}"
        return f"{self.__class__.__name__}({inside})"

    def forward_shape(self, shape: Any) -> Any:
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self.base_transform.inverse_shape(shape)


def _check_size(x: torch.Tensor, dim: int, size: int, name: str, what: str) -> None:
    """AssertionError unless a dimension is there and has this size."""
    if not -x.dim() <= dim < x.dim():
        raise AssertionError(f"dim {dim} out of range for {name} with {x.dim()} dimensions")
    if x.size(dim) != size:
        raise AssertionError(f"{name}.size({dim}) = {x.size(dim)} must equal {what} {size}")


class CatTransform(Transform):
    """Transforms of consecutive slices along a dimension, of given lengths (1 each)."""

    transforms: list[Transform]

    def __init__(self, tseq: Sequence[Transform], dim: int = 0,
                 lengths: Sequence[int] | None = None, cache_size: int = 0) -> None:  # fmt: skip
        if not all(isinstance(one, Transform) for one in tseq):
            raise AssertionError("All elements of tseq must be Transform instances")
        super().__init__(cache_size=cache_size)
        self.transforms = [one.with_cache(cache_size) if cache_size else one for one in tseq]
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(
                f"lengths ({len(self.lengths)}) must match transforms ({len(self.transforms)})"
            )
        self.dim = dim

    @lazy_property
    def event_dim(self) -> int:
        return max(one.event_dim for one in self.transforms)

    @lazy_property
    def length(self) -> int:
        """The size of the dimension."""
        return sum(self.lengths)

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _parts(self, x: torch.Tensor, name: str) -> Sequence[torch.Tensor]:
        _check_size(x, self.dim, self.length, name, "length")
        return x.split(self.lengths, self.dim)

    def _call(self, x: torch.Tensor) -> torch.Tensor:
        made = [one(part) for one, part in zip(self.transforms, self._parts(x, "x"))]
        return torch.cat(made, dim=self.dim)

    def _inverse(self, y: torch.Tensor) -> torch.Tensor:
        made = [one.inv(part) for one, part in zip(self.transforms, self._parts(y, "y"))]
        return torch.cat(made, dim=self.dim)

    def log_abs_det_jacobian(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        volumes = []
        for one, start, end in zip(self.transforms, self._parts(x, "x"), self._parts(y, "y")):
            volume = one.log_abs_det_jacobian(start, end)
            if one.event_dim < self.event_dim:
                volume = _sum_rightmost(volume, self.event_dim - one.event_dim)
            volumes.append(volume)
        dim = self.dim - x.dim() if self.dim >= 0 else self.dim
        dim += self.event_dim
        return torch.cat(volumes, dim=dim) if dim < 0 else sum(volumes)

    @property
    def bijective(self) -> bool:
        return all(one.bijective for one in self.transforms)

    @constraints.dependent_property
    def domain(self) -> constraints.Constraint:
        return constraints.cat([one.domain for one in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> constraints.Constraint:
        return constraints.cat([one.codomain for one in self.transforms], self.dim, self.lengths)


class StackTransform(Transform):
    """A transform for each index along a dimension."""

    transforms: list[Transform]

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        if not all(isinstance(one, Transform) for one in tseq):
            raise AssertionError("All elements of tseq must be Transform instances")
        super().__init__(cache_size=cache_size)
        self.transforms = [one.with_cache(cache_size) if cache_size else one for one in tseq]
        self.dim = dim

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return StackTransform(self.transforms, self.dim, cache_size)

    def _slice(self, z: torch.Tensor, name: str = "x") -> list[torch.Tensor]:
        _check_size(z, self.dim, len(self.transforms), name, "len(transforms)")
        return [z.select(self.dim, at) for at in range(z.size(self.dim))]

    def _call(self, x: torch.Tensor) -> torch.Tensor:
        made = [one(part) for one, part in zip(self.transforms, self._slice(x))]
        return torch.stack(made, dim=self.dim)

    def _inverse(self, y: torch.Tensor) -> torch.Tensor:
        made = [one.inv(part) for one, part in zip(self.transforms, self._slice(y, "y"))]
        return torch.stack(made, dim=self.dim)

    def log_abs_det_jacobian(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        rows = zip(self.transforms, self._slice(x), self._slice(y, "y"))
        volumes = [one.log_abs_det_jacobian(start, end) for one, start, end in rows]
        return torch.stack(volumes, dim=self.dim)

    @property
    def bijective(self) -> bool:
        return all(one.bijective for one in self.transforms)

    @constraints.dependent_property
    def domain(self) -> constraints.Constraint:
        return constraints.stack([one.domain for one in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> constraints.Constraint:
        return constraints.stack([one.codomain for one in self.transforms], self.dim)
