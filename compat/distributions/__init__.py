"""torch.distributions: probability distributions, transforms, constraints, divergences."""

from __future__ import annotations

from compat.distributions.bernoulli import Bernoulli as Bernoulli
from compat.distributions.beta import Beta as Beta
from compat.distributions.categorical import Categorical as Categorical
from compat.distributions.dirichlet import Dirichlet as Dirichlet
from compat.distributions.distribution import Distribution as Distribution
from compat.distributions.exp_family import ExponentialFamily as ExponentialFamily
from compat.distributions.multivariate_normal import MultivariateNormal as MultivariateNormal
from compat.distributions.normal import Normal as Normal
from compat.distributions.uniform import Uniform as Uniform
