"""Dirichlet samples: how each part moves with its concentration when its quantile stays.

Each part x is a beta sample. Its distribution function F gives dx/da = -(dF/da) / density(x),
and dF/da is the integral of density(t) (log t - mean log t) from 0 to x, or, as that integral
over everything is 0, that from x to 1 with the other sign: the tail that x lies in. With t = x s,
s = exp(-u / a) (and its mirror image) what is left is smooth in u and dies off as exp(-u), or as a
wide bell when a and b are large; u = exp(v - exp(-v)) takes both to 14 digits with 64 nodes.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from compat.ops.declare import op, pointwise
from compat.ops.pointwise.gamma import polygamma_of
from compat.ops.roles import Array, Floating, FloatingOperand

_V = np.linspace(-4.0, 10.0, 64)
_NODES = np.exp(_V - np.exp(-_V))
_WEIGHTS = _NODES * (1 + np.exp(-_V)) * (_V[1] - _V[0])


def beta_slope(x: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
    """The derivative by a of the quantile at which a sample x of Beta(a, b) lies."""
    kind = x.dtype
    x, a, b = (one.astype("float64")[..., None] for one in jnp.broadcast_arrays(x, a, b))
    mean_log = polygamma_of(0, a) - polygamma_of(0, a + b)
    low = x <= a / (a + b)
    near, power, other = jnp.where(low, x, 1 - x), jnp.where(low, a, b), jnp.where(low, b, a)
    s = jnp.exp(-_NODES / power)
    log_t = jnp.where(low, jnp.log(x) - _NODES / power, jnp.log1p(-near * s))
    tilt = jnp.exp((other - 1) * (jnp.log1p(-near * s) - jnp.log1p(-near)) - _NODES)
    tail = near / power * (tilt * (log_t - mean_log) * _WEIGHTS).sum(-1, keepdims=True)
    return jnp.where(low, -tail, tail)[..., 0].astype(kind)


@pointwise(homes=("torch",), name="_dirichlet_grad", inplace=False, out=False, math=True)
def dirichlet_grad(x: FloatingOperand, alpha: FloatingOperand, total: FloatingOperand) -> Floating:
    """The derivative of a part x of a Dirichlet sample by its concentration alpha, divided by
    1 - x: all the parts j move by it times ((1 where j is this part, else 0) - x_j)."""
    return beta_slope(x, alpha, total - alpha) / (1 - x)


def _moved(grad: Array, input: Array, result: Array) -> Array:
    total = input.sum(-1, keepdims=True)
    slope = beta_slope(result, input, total - input) / (1 - result)
    return slope * (grad - (result * grad).sum(-1, keepdims=True))


@op(homes=("hidden",), name="__sample_dirichlet", out=False, backward=_moved,
    extras={"node": "_DirichletBackward"})  # fmt: skip
def sample_dirichlet(input: Array, drawn: Array) -> Array:
    """What was drawn with these concentrations; the gradient follows how quantiles move."""
    return drawn
