"""Distributions of transformed samples."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.distribution import Distribution
from compat.distributions.independent import Independent
from compat.distributions.joined_transforms import ComposeTransform
from compat.distributions.transform import Transform
from compat.distributions.utils import _sum_rightmost


class TransformedDistribution(Distribution):
    """What samples of base_distribution become when transforms are applied to them in order."""

    arg_constraints: dict[str, Any] = {}
    _kept: Any = {}

    def __init__(self, base_distribution: Distribution, transforms: Any,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if isinstance(transforms, Transform):
            self.transforms = [transforms]
        elif not isinstance(transforms, list):
            raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
        elif not all(isinstance(one, Transform) for one in transforms):
            raise ValueError("transforms must be a Transform or a list of Transforms")
        else:
            self.transforms = transforms
        whole = ComposeTransform(self.transforms)
        shape = base_distribution.batch_shape + base_distribution.event_shape
        dims_in, dims_out = whole.domain.event_dim, whole.codomain.event_dim
        if len(shape) < dims_in:
            raise ValueError(
                f"base_distribution needs to have shape with size at least {dims_in}, but got "
                f"{shape}."
            )
        made_shape = whole.forward_shape(shape)
        wanted = whole.inverse_shape(made_shape)  # parameters of transforms may broadcast
        events = len(base_distribution.event_shape)
        if shape != wanted:
            base_distribution = base_distribution.expand(wanted[: len(wanted) - events])
        if dims_in > events:
            base_distribution = Independent(base_distribution, dims_in - events)
            events = dims_in
        self.base_dist = base_distribution
        cut = len(made_shape) - max(dims_out, events + dims_out - dims_in)
        super().__init__(made_shape[:cut], made_shape[cut:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        batch_shape = torch.Size(batch_shape)
        new = super().expand(batch_shape, _instance)
        shape = ComposeTransform(self.transforms).inverse_shape(batch_shape + self.event_shape)
        new.base_dist = self.base_dist.expand(
            shape[: len(shape) - len(self.base_dist.event_shape)]
        )
        new.transforms = self.transforms
        return new

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        missing = len(self.event_shape) - support.event_dim
        return constraints.independent(support, missing) if missing > 0 else support

    @property
    def has_rsample(self) -> Any:
        return self.base_dist.has_rsample

    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        with torch.no_grad():
            return self._through(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> torch.Tensor:
        return self._through(self.base_dist.rsample(sample_shape))

    def _through(self, x: torch.Tensor) -> torch.Tensor:
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        dims = len(self.event_shape)
        total: Any = 0.0
        y = value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            dims += transform.domain.event_dim - transform.codomain.event_dim
            volume = transform.log_abs_det_jacobian(x, y)
            total = total - _sum_rightmost(volume, dims - transform.domain.event_dim)
            y = x
        base = self.base_dist.log_prob(y)
        return total + _sum_rightmost(base, dims - len(self.base_dist.event_shape))

    def _monotonize_cdf(self, value: torch.Tensor) -> torch.Tensor:
        """Chances, taken from the other end where the transforms turn the order around."""
        sign: Any = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        if isinstance(sign, int) and sign == 1:
            return value
        return sign * (value - 0.5) + 0.5

    def cdf(self, value: torch.Tensor) -> torch.Tensor:
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        return self._monotonize_cdf(self.base_dist.cdf(value))

    def icdf(self, value: torch.Tensor) -> torch.Tensor:
        return self._through(self.base_dist.icdf(self._monotonize_cdf(value)))
