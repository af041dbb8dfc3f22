"""The chi-squared distribution."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.gamma import Gamma


class Chi2(Gamma):
    """The sum of df squared normal numbers; df may be any positive number."""

    arg_constraints = {"df": constraints.positive}
    _kept = Gamma._kept

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    @property
    def df(self) -> torch.Tensor:
        """The degrees of freedom."""
        return self.concentration * 2
