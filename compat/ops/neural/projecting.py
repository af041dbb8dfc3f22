"""LSTM layers that project their state: JAX differentiates the scan."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from compat.ops.declare import op
from compat.ops.neural.recurrent import _fed
from compat.ops.roles import Array, Flag


def _lstm_step(sums: Any, held: Any, c: Any) -> tuple[Any, Any]:
    i, f, g, o = jnp.split(sums + held, 4, -1)
    c = lax.logistic(f) * c + lax.logistic(i) * jnp.tanh(g)
    return lax.logistic(o) * jnp.tanh(c), c


def _over_time(step: Any, states: Any, fed: Any, going: Any, reverse: bool) -> Any:
    """Scans; where `going` (T, N) is False a state stays what it was."""

    def held(states: Any, now: Any) -> Any:
        sums, going = now
        made = step(states, sums)
        if going is not None:
            kept = zip(made, states, strict=True)
            made = tuple(jnp.where(going[:, None], new, old) for new, old in kept)
        return made, made[0]

    return lax.scan(held, states, (fed, going), reverse=reverse)


@op(homes=("hidden",), out=False, name="_projecting_lstm_layer")
def lstm_layer(
    input: Array, h: Array, c: Array, w_input: Array, w_hidden: Array,
    bias_input: Array | None, bias_hidden: Array | None, projection: Array,
    going: Array | None = None, reverse: Flag = False,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """(T, N, I) with h (N, P) and c (N, H): outputs (T, N, P), the last h and c.

    projection (P, H) makes h out of what the output gate lets through; going (T, N) says at which
    steps a sequence is not over.
    """

    def step(states: Any, sums: jax.Array) -> Any:
        h, c = states
        held = h @ w_hidden.T
        h, c = _lstm_step(sums, held if bias_hidden is None else held + bias_hidden, c)
        return h @ projection.T, c

    fed = _fed(input, w_input, bias_input)
    (h, c), outputs = _over_time(step, (h, c), fed, going, reverse)
    return outputs, h, c
