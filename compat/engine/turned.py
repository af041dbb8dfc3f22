"""Products of matrices as XLA is fastest with them on a CPU.

A product over the rows of both matrices, as all gradients of weights are, goes to Eigen as it
stands, which takes up to twice the time when the result is high and narrow (1024 x 512 by
1024 x 128: 1.56 ms for 1.04; of 32 pairs of 128 x 128 and 128 x 32: 0.70 ms for 0.43). Then the
transpose of the result is computed, behind a barrier that keeps XLA from turning it back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import lax
from jax.extend.core import Literal

HIGH = 1.5  # how much higher than wide a result must be
# Rows of the operands from which on turning pays for results of up to so many elements: the larger
# they are the less they are still in a cache when they are turned back.
ROWS = ((1 << 14, 100), (1 << 18, 240), (1 << 62, 1024))


def turned(jaxpr: Any) -> Callable[..., Any] | None:
    """The function of a closed jaxpr with its products turned; None if there is nothing to turn."""
    equations = jaxpr.jaxpr.eqns
    turns = [_is_high(equation) for equation in equations]
    if not any(turns):
        return None

    def function(*given: Any) -> Any:
        known = dict(zip(jaxpr.jaxpr.constvars, jaxpr.consts, strict=True))
        known.update(zip(jaxpr.jaxpr.invars, given, strict=True))

        def read(atom: Any) -> Any:
            return atom.val if isinstance(atom, Literal) else known[atom]

        for equation, turns_here in zip(equations, turns, strict=True):
            operands = [read(atom) for atom in equation.invars]
            if turns_here:
                made = [_turned(equation, *operands)]
            else:
                params = equation.primitive.get_bind_params(equation.params)
                made = equation.primitive.bind(*operands, **params)
                made = made if equation.primitive.multiple_results else [made]
            known.update(zip(equation.outvars, made, strict=True))
        return tuple([read(atom) for atom in jaxpr.jaxpr.outvars])

    return function


def _is_high(equation: Any) -> bool:
    """Whether it is a product over rows whose result is high and narrow."""
    if equation.primitive.name != "dot_general":
        return False
    (left, right), (batch, _) = equation.params["dimension_numbers"]
    lead = len(batch)
    one, other = [atom.aval.shape for atom in equation.invars]
    by_rows = tuple(left) == tuple(right) == (lead,) and tuple(batch) == tuple(range(lead))
    if not by_rows or len(one) != lead + 2 or len(other) != lead + 2:
        return False
    rows, height, width = one[lead], one[-1], other[-1]
    enough = next(rows for most, rows in ROWS if height * width <= most)
    return height >= HIGH * width and rows >= enough


def _turned(equation: Any, left: jax.Array, right: jax.Array) -> jax.Array:
    numbers = equation.params["dimension_numbers"]
    kind = equation.params["preferred_element_type"]
    made = lax.dot_general(
        right, left, (numbers[0][::-1], numbers[1][::-1]), equation.params["precision"], kind
    )
    swapped = [*range(made.ndim - 2), made.ndim - 1, made.ndim - 2]
    return lax.transpose(lax.optimization_barrier(made), swapped)
