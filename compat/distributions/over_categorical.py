"""What distributions over the choices of a categorical distribution share."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.categorical import Categorical
from compat.distributions.distribution import Distribution


class OverCategorical(Distribution):
    """Vectors with a place for each category, given by the chances or the logits of one draw."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}

    def __init__(self, probs: torch.Tensor | None, logits: torch.Tensor | None,
                 validate_args: bool | None) -> None:  # fmt: skip
        self._categorical = Categorical(probs, logits, validate_args=validate_args)
        super().__init__(
            self._categorical.batch_shape, self._categorical.param_shape[-1:],
            validate_args=validate_args,
        )  # fmt: skip

    def _check_arguments(self) -> None:
        """The categorical distribution has checked them."""

    def _new(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        return self._categorical._new(*args, **kwargs)

    @property
    def probs(self) -> torch.Tensor:
        """The chances, normalised."""
        return self._categorical.probs

    @property
    def logits(self) -> torch.Tensor:
        """The logarithms of the chances."""
        return self._categorical.logits

    @property
    def param_shape(self) -> torch.Size:
        """The shape of the parameter that was given."""
        return self._categorical.param_shape
