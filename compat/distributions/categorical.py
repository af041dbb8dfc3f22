"""The categorical distribution."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.odds import WithOdds
from compat.distributions.utils import one_of


class Categorical(WithOdds):
    """One of the indices 0 to K - 1, with chances in proportion to the last dimension of probs,
    or to the exponentials of logits. Both are kept normalised."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True
    _is_binary = False
    _kept = {"_odds_given": None, "probs": 1, "logits": 1, "_num_events": None}

    def __init__(self, probs: torch.Tensor | None = None, logits: torch.Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        one_of("probs", probs, "logits", logits)
        self._odds_given = name = "logits" if probs is None else "probs"
        given: Any = logits if probs is None else probs
        if given.dim() < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if probs is None:
            self.logits = given - given.logsumexp(dim=-1, keepdim=True)
        else:
            self.probs = given / given.sum(-1, keepdim=True)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> constraints.Constraint:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> torch.Tensor:
        return self._undefined()

    @property
    def mode(self) -> torch.Tensor:
        return self.probs.argmax(dim=-1)

    @property
    def variance(self) -> torch.Tensor:
        return self._undefined()

    def _undefined(self) -> torch.Tensor:
        return torch.full(
            self._batch_shape, torch.nan, dtype=self.probs.dtype, device=self.probs.device
        )

    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        probs = self.probs.detach()
        if probs.dim() > 2:
            probs = probs.reshape(-1, self._num_events)
        shape = torch.Size(sample_shape)
        count = shape.numel()
        drawn = torch.multinomial(probs, count, True)
        if not shape and probs.dim() == len(self._batch_shape) + 1:
            return drawn.squeeze(-1)
        drawn = drawn.t() if drawn.dim() == 2 else drawn
        return drawn.reshape(shape + self._batch_shape)

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        place, logits = value.long().unsqueeze(-1), self.logits
        if value.shape != self._batch_shape:
            place, logits = torch.broadcast_tensors(place, logits)
            place = place[..., :1]
        return logits.gather(-1, place).squeeze(-1)

    def entropy(self) -> torch.Tensor:
        least = torch.finfo(self.logits.dtype).min  # 0 times infinity would be NaN
        return -(self.logits.clamp(min=least) * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> torch.Tensor:
        values = torch.arange(self._num_events, dtype=torch.long, device=self._param.device)
        values = values.view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + self._batch_shape) if expand else values
