"""Exponential families: entropy and divergence come from the log normalizer by automatic
differentiation, which gives the mean of the sufficient statistics."""

from __future__ import annotations

from typing import Any

import compat as torch
from compat.distributions.distribution import Distribution
from compat.distributions.utils import _sum_rightmost


class ExponentialFamily(Distribution):
    """Densities exp(<statistics(x), natural parameters> - log normalizer + carrier(x))."""

    @property
    def _natural_params(self) -> tuple[torch.Tensor, ...]:
        """The natural parameters."""
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> torch.Tensor:
        """The log normalizer at these natural parameters."""
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> Any:
        """The mean of the carrier term."""
        raise NotImplementedError

    def _normalizer_and_slopes(self) -> tuple[Any, torch.Tensor, Any]:
        """Natural parameters (leaves of their own), the log normalizer and its derivatives."""
        natural = [one.detach().requires_grad_() for one in self._natural_params]
        with torch.enable_grad():
            normalizer = self._log_normalizer(*natural)
            slopes = torch.autograd.grad(normalizer.sum(), natural, create_graph=True)
        return natural, normalizer, slopes

    def entropy(self) -> torch.Tensor:
        carrier = self._mean_carrier_measure
        natural, result, slopes = self._normalizer_and_slopes()
        result = result - carrier
        for parameter, slope in zip(natural, slopes):
            result = result - _sum_rightmost(parameter * slope, len(self.event_shape))
        return result
