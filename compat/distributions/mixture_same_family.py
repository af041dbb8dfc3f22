"""Mixtures of distributions of one kind."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.categorical import Categorical
from compat.distributions.distribution import Distribution


class MixtureSameFamily(Distribution):
    """A sample comes from that component (the last dimension of the batch of
    component_distribution) which mixture_distribution chooses."""

    arg_constraints: dict[str, Any] = {}
    has_rsample = False
    _kept: Any = {"_num_component": None, "_event_ndims": None}

    def __init__(self, mixture_distribution: Categorical, component_distribution: Distribution,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an  instance of "
                "torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution needs to be an instance of "
                "torch.distributions.Distribution"
            )
        mine, theirs = mixture_distribution.batch_shape, component_distribution.batch_shape
        outer = theirs[:-1]
        for one, other in zip(reversed(mine), reversed(outer)):
            if one != 1 and other != 1 and one != other:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({mine}) is not compatible with "
                    f"`component_distribution.batch_shape`({outer})"
                )
        count = mixture_distribution.logits.shape[-1]
        if theirs[-1] != count:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({theirs[-1]})"
            )
        self._num_component = count
        event_shape = component_distribution.event_shape
        self._event_ndims = len(event_shape)
        super().__init__(outer, event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        batch_shape = torch.Size(batch_shape)
        new = super().expand(batch_shape, _instance)
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        new._component_distribution = self._component_distribution.expand(
            batch_shape + (self._num_component,)
        )
        return new

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Categorical:
        """What chooses the component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components."""
        return self._component_distribution

    def _averaged(self, values: torch.Tensor) -> torch.Tensor:
        """The mean over the components."""
        probs = self.mixture_distribution.probs
        probs = probs.reshape(probs.shape + (1,) * self._event_ndims)
        return torch.sum(probs * values, dim=-1 - self._event_ndims)

    @property
    def mean(self) -> torch.Tensor:
        return self._averaged(self.component_distribution.mean)

    @property
    def variance(self) -> torch.Tensor:
        means = self.component_distribution.mean
        away = means - self._pad(self._averaged(means))
        return self._averaged(self.component_distribution.variance) + self._averaged(away.pow(2))

    def _pad(self, x: torch.Tensor) -> torch.Tensor:
        """A value with a dimension for the components."""
        return x.unsqueeze(-1 - self._event_ndims)

    def cdf(self, x: torch.Tensor) -> torch.Tensor:
        chances = self.component_distribution.cdf(self._pad(x))
        return torch.sum(chances * self.mixture_distribution.probs, dim=-1)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(x)
        each = self.component_distribution.log_prob(self._pad(x))
        mix = torch.log_softmax(self.mixture_distribution.logits, dim=-1)
        return torch.logsumexp(each + mix, dim=-1)

    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        with torch.no_grad():
            chosen = self.mixture_distribution.sample(sample_shape)
            each = self.component_distribution.sample(sample_shape)
            event = (1,) * self._event_ndims
            place = chosen.reshape(chosen.shape + (1,) + event)
            dim = len(torch.Size(sample_shape)) + len(self.batch_shape)
            place = place.expand(each.shape[:dim] + (1,) + tuple(self.event_shape))
            return torch.gather(each, dim, place).squeeze(dim)

    def __repr__(self) -> str:
        inside = f"\n  {self.mixture_distribution},\n  {self.component_distribution}"
        return f"MixtureSameFamily({inside})"
