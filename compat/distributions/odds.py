"""What distributions of events with a chance share: given as `probs`, or as `logits`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import compat as torch
from compat.distributions.distribution import Distribution
from compat.distributions.utils import (
    broadcast_all,
    lazy_property,
    logits_to_probs,
    one_of,
    probs_to_logits,
)  # fmt: skip


class WithOdds(Distribution):
    """Has one of probs and logits, and works out the other when it is asked for."""

    _is_binary = True

    def _take_odds(self, probs: Any, logits: Any, others: Iterable[str] = ()) -> None:
        """Keeps what was given as a tensor, broadcast with attributes set before."""
        one_of("probs", probs, "logits", logits)
        name = "probs" if probs is not None else "logits"
        self._odds_given = name
        names = [*others, name]
        given = [getattr(self, one) for one in others]
        made = broadcast_all(*given, probs if probs is not None else logits)
        for one, value in zip(names, made):
            setattr(self, one, value)

    @lazy_property
    def logits(self) -> torch.Tensor:
        """The logarithms of the odds (of the chances, for categories)."""
        return probs_to_logits(self.probs, is_binary=self._is_binary)

    @lazy_property
    def probs(self) -> torch.Tensor:
        """The chances."""
        return logits_to_probs(self.logits, is_binary=self._is_binary)

    @property
    def _param(self) -> torch.Tensor:
        """Whichever of probs and logits was given."""
        return self.__dict__[self._odds_given]

    @property
    def param_shape(self) -> torch.Size:
        """The shape of the parameter that was given."""
        return self._param.size()

    def _new(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        return self._param.new(*args, **kwargs)
