"""The von Mises distribution."""

from __future__ import annotations

import math
from typing import Any

import compat as torch
from compat.distributions import constraints
from compat.distributions.distribution import Distribution
from compat.distributions.utils import broadcast_all, lazy_property


def _log_bessel(x: torch.Tensor, order: int) -> torch.Tensor:
    """The logarithm of the modified Bessel function of the first kind, order 0 or 1."""
    return x + torch.log((torch.special.i1e if order else torch.special.i0e)(x))


class VonMises(Distribution):
    """Angles around loc; a large concentration makes them near normal."""

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    has_rsample = False
    _kept = {"loc": 0, "concentration": 0}

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        if self._validate_args:
            self._validate_sample(value)
        towards = self.concentration * torch.cos(value - self.loc)
        return towards - math.log(2 * math.pi) - _log_bessel(self.concentration, 0)

    @lazy_property
    def _proposal_r(self) -> torch.Tensor:
        """The shape of the wrapped Cauchy distribution that samples are first drawn from."""
        kappa = self.concentration.double()
        tau = 1 + (1 + 4 * kappa**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
        return torch.where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho**2) / (2 * rho))

    @torch.no_grad()
    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        """Samples by rejection (Best and Fisher, 1979), in double precision."""
        shape = self._extended_shape(sample_shape)
        kappa = self.concentration.double()
        r = self._proposal_r.expand(shape)
        found = torch.empty(shape, dtype=r.dtype, device=r.device)
        done = torch.zeros(shape, dtype=torch.bool, device=r.device)
        while not done.all():
            u = torch.rand((3,) + shape, dtype=r.dtype, device=r.device)
            u1, u2, u3 = u.unbind()
            z = torch.cos(math.pi * u1)
            f = (1 + r * z) / (r + z)
            c = kappa * (r - f)
            accept = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
            found = torch.where(accept, (u3 - 0.5).sign() * f.acos(), found)
            done = done | accept
        turned = (found + math.pi + self.loc.double()) % (2 * math.pi) - math.pi
        return turned.to(self.loc.dtype)

    @property
    def mean(self) -> torch.Tensor:
        return self.loc

    @property
    def mode(self) -> torch.Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> torch.Tensor:
        """The circular variance: 1 minus the length of the mean direction."""
        kappa = self.concentration
        return 1 - (_log_bessel(kappa, 1) - _log_bessel(kappa, 0)).exp()
