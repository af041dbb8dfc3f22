"""One layer of a recurrent network in one direction, as one scan over time.

The products with the input are one matrix product over all steps, outside the scan; inside only
what depends on the step before is left. The backward scan likewise carries only the gradients
of the states: those of the weights are one product over all steps after it, which on XLA:CPU
beats letting JAX differentiate the scan.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from compat.ops.declare import op
from compat.ops.roles import Array, Flag

_HIDDEN: dict[str, Any] = {"homes": ("hidden",), "out": False}


def _fed(input: jax.Array, weight: jax.Array, bias: jax.Array | None) -> jax.Array:
    """(T, N, I) times (G, I) as one flat product, (T, N, G)."""
    steps, batch, size = input.shape
    made = lax.dot_general(input.reshape(-1, size), weight, (((1,), (1,)), ((), ())))
    made = made if bias is None else made + bias
    return made.reshape(steps, batch, -1)


def _scan(step: Any, carry: Any, steps: Any, reverse: bool) -> Any:
    """`lax.scan`; a sequence of one step, which token-by-token programs give, needs no loop."""
    if jax.tree.leaves(steps)[0].shape[0] != 1:
        return lax.scan(step, carry, steps, reverse=reverse)
    carry, made = step(carry, jax.tree.map(lambda each: each[0], steps))
    return carry, jax.tree.map(lambda each: each[None], made)


def _back_through(weight: jax.Array, grad: jax.Array) -> jax.Array:
    return lax.dot_general(grad, weight, (((grad.ndim - 1,), (0,)), ((), ())))


def _weight_grad(grad: jax.Array, seen: jax.Array) -> jax.Array:
    """(T, N, G), (T, N, H) -> (G, H): one product over all steps."""
    left, right = grad.reshape(-1, grad.shape[-1]), seen.reshape(-1, seen.shape[-1])
    return lax.dot_general(left, right, (((0,), (0,)), ((), ())))


def _before(states: jax.Array, first: jax.Array, reverse: bool) -> jax.Array:
    """The states (T, N, H) that each step began with."""
    if reverse:
        return jnp.concatenate([states[1:], first[None]])
    return jnp.concatenate([first[None], states[:-1]])


def _by_vjp(body: Any, cotangents: Any, operands: Any) -> list[Any]:
    """JAX's own gradients of the operands that are there: for second derivatives, which also
    come to what the first backward reads of the forward scan."""
    there = [at for at, one in enumerate(operands) if one is not None]

    def of(*arrays: jax.Array) -> Any:
        full = list(operands)
        for at, array in zip(there, arrays, strict=True):
            full[at] = array
        return body(*full)

    made, pull = jax.vjp(of, *[operands[at] for at in there])
    flowing = [
        jnp.zeros_like(one) if given is None else given
        for one, given in zip(made, cotangents, strict=True)
    ]
    found = dict(zip(there, pull(tuple(flowing)), strict=True))
    return [found.get(at) for at in range(len(operands))]


def _lstm_rule(
    grad_0: Any, grad_1: Any, grad_2: Any, grad_3: Any, grad_4: Any, result_0: Any, result_3: Any,
    result_4: Any, input: Any, h: Any, c: Any, w_input: Any, w_hidden: Any, bias_input: Any,
    bias_hidden: Any, going: Any, reverse: bool,
) -> list[Any]:  # fmt: skip
    """Gradients of input, h, c, w_input, w_hidden, bias_input, bias_hidden."""
    if grad_3 is not None or grad_4 is not None:
        operands = [input, h, c, w_input, w_hidden, bias_input, bias_hidden]
        given = [grad_0, grad_1, grad_2, grad_3, grad_4]
        return _by_vjp(lambda *each: _lstm(*each, going, reverse), given, operands)
    outputs, gates, cells = result_0, result_3, result_4
    cells_before, outputs_before = _before(cells, c, reverse), _before(outputs, h, reverse)
    steps = jnp.zeros_like(outputs) if grad_0 is None else grad_0
    last_h = jnp.zeros_like(h) if grad_1 is None else grad_1
    last_c = jnp.zeros_like(c) if grad_2 is None else grad_2
    # What does not depend on the step behind is computed for all steps at once: the scan takes
    # 1.36 ms so, 1.66 with all of it inside (35 steps of 20 x 128, one core).
    i, f, g, o = jnp.split(gates, 4, -1)
    bent = jnp.tanh(cells)
    by_cell = jnp.stack([g * i * (1 - i), cells_before * f * (1 - f), i * (1 - g * g)], -2)
    by_output, to_cell = bent * o * (1 - o), o * (1 - bent * bent)
    if going is not None:  # where a sequence is over both gradients pass unchanged
        by_cell = jnp.where(going[..., None, None], by_cell, 0)
        by_output, to_cell, f = (
            jnp.where(going[..., None], one, over)
            for one, over in ((by_output, 0), (to_cell, 0), (f, 1))
        )

    def step(carry: Any, now: Any) -> Any:
        dh, dc = carry
        given, by_cell, by_output, to_cell, forget, going = now
        dh = dh + given
        dc = dc + dh * to_cell
        gate_grads = (dc[:, None] * by_cell).reshape(dc.shape[0], -1)
        d = jnp.concatenate([gate_grads, dh * by_output], -1)
        before = _back_through(w_hidden, d)
        before = before if going is None else jnp.where(going[:, None], before, dh)
        return (before, dc * forget), d

    (dh, dc), d = _scan(
        step, (last_h, last_c), (steps, by_cell, by_output, to_cell, f, going), not reverse
    )
    bias = d.sum((0, 1))
    biased = bias_input is not None
    given = [_back_through(w_input, d), dh, dc, _weight_grad(d, input),
             _weight_grad(d, outputs_before)]  # fmt: skip
    return given + ([bias, bias] if biased else [])


@op(**_HIDDEN, name="_lstm_layer", backward=_lstm_rule, residuals=2,
    extras={"samples": ({"input": 1, "h": 0, "c": 0, "going": 1}, (1, 0, 0, 1, 1))})
def lstm_layer(
    input: Array, h: Array, c: Array, w_input: Array, w_hidden: Array,
    bias_input: Array | None = None, bias_hidden: Array | None = None,
    going: Array | None = None, reverse: Flag = False,
) -> tuple[Array, ...]:  # fmt: skip
    """(T, N, I) with h and c (N, H): outputs (T, N, H), the last h and c, gates and cells.

    Where `going` (T, N) is False a sequence is over, and its state stays what it was.
    """
    return _lstm(input, h, c, w_input, w_hidden, bias_input, bias_hidden, going, reverse)


def _lstm(*operands: Any) -> tuple[Any, ...]:
    input, h, c, w_input, w_hidden, bias_input, bias_hidden, going, reverse = operands
    bias = None if bias_input is None or bias_hidden is None else bias_input + bias_hidden
    fed, turned = _fed(input, w_input, bias), w_hidden.T  # turned once, not in each step

    def step(carry: Any, now: Any) -> Any:
        h, c = old = carry
        sums, going = now
        i, f, g, o = jnp.split(sums + h @ turned, 4, -1)
        i, f, o = lax.logistic(i), lax.logistic(f), lax.logistic(o)
        g = jnp.tanh(g)
        c = f * c + i * g
        h = o * jnp.tanh(c)
        if going is not None:
            h, c = (jnp.where(going[:, None], *pair) for pair in ((h, old[0]), (c, old[1])))
        return (h, c), (h, jnp.concatenate([i, f, g, o], -1), c)

    (h, c), (outputs, gates, cells) = _scan(step, (h, c), (fed, going), reverse)
    return outputs, h, c, gates, cells


_OF_ONE_STATE = {"samples": ({"input": 1, "h": 0, "going": 1}, (1, 0, 1))}


# Layers with one state. In all of them a step is  h = (1 - z) * new + z * h  with some z, or 0, and
# a gradient of h becomes one of what is added up in the step by factors that no step behind has
# a part in. Where `going` (T, N) is False a sequence is over, and its state stays what it was.


def _simple_scan(
    cell: Any, input: Any, h: Any, w_input: Any, w_hidden: Any, bias_input: Any, bias_hidden: Any,
    going: Any, reverse: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """Outputs (T, N, H), the last h, and what each step kept (T, N, *); `cell(now, held, h)` gives
    a new h and that."""
    fed, turned = _fed(input, w_input, bias_input), w_hidden.T

    def step(h: jax.Array, now: Any) -> Any:
        sums, going = now
        held = h @ turned
        held = held if bias_hidden is None else held + bias_hidden
        new, kept = cell(sums, held, h)
        h = new if going is None else jnp.where(going[:, None], new, h)
        return h, (h, kept)

    h, (outputs, kept) = _scan(step, h, (fed, going), reverse)
    return outputs, h, kept


def _simple_back(
    grad_0: Any, grad_1: Any, by_held: list[Any], by_fed: list[Any], z: Any, outputs: Any,
    input: Any, h: Any, w_input: Any, w_hidden: Any, biased: bool, going: Any, reverse: bool,
) -> list[Any]:  # fmt: skip
    """Gradients of input, h, w_input, w_hidden and both biases.

    by_held, by_fed   for each gate the factor (T, N, H) from a step's gradient to that of its sum
                      with the state, and with the input
    z                 the factor to the gradient of the state before, past the gates
    """
    factors = jnp.stack(by_held, -2)
    if going is not None:
        factors = jnp.where(going[..., None, None], factors, 0)
        by_fed = [jnp.where(going[..., None], one, 0) for one in by_fed]
        z = jnp.where(going[..., None], z, 1)
    steps = jnp.zeros_like(outputs) if grad_0 is None else grad_0
    last = jnp.zeros_like(h) if grad_1 is None else grad_1

    def step(dh: jax.Array, now: Any) -> Any:
        given, factors, z = now
        dh = dh + given
        held = (dh[:, None] * factors).reshape(dh.shape[0], -1)
        return dh * z + _back_through(w_hidden, held), dh

    first, dh = _scan(step, last, (steps, factors, z), not reverse)
    held = (dh[..., None, :] * factors).reshape(*dh.shape[:2], -1)
    fed = jnp.concatenate([dh * one for one in by_fed], -1)
    made = [_back_through(w_input, fed), first, _weight_grad(fed, input),
            _weight_grad(held, _before(outputs, h, reverse))]  # fmt: skip
    return made + ([fed.sum((0, 1)), held.sum((0, 1))] if biased else [])


def _gru_rule(
    grad_0: Any, grad_1: Any, grad_2: Any, result_0: Any, result_2: Any, input: Any, h: Any,
    w_input: Any, w_hidden: Any, bias_input: Any, bias_hidden: Any, going: Any, reverse: bool,
) -> list[Any]:  # fmt: skip
    if grad_2 is not None:
        operands = [input, h, w_input, w_hidden, bias_input, bias_hidden]
        body = lambda *each: _gru(*each, going, reverse)  # noqa: E731
        return _by_vjp(body, [grad_0, grad_1, grad_2], operands)
    r, z, n, held = jnp.split(result_2, 4, -1)
    by_n = (1 - z) * (1 - n * n)
    by_z = (_before(result_0, h, reverse) - n) * z * (1 - z)
    by_r = by_n * held * r * (1 - r)
    return _simple_back(
        grad_0, grad_1, [by_r, by_z, by_n * r], [by_r, by_z, by_n], z, result_0, input, h,
        w_input, w_hidden, bias_input is not None, going, reverse,
    )  # fmt: skip


@op(**_HIDDEN, name="_gru_layer", backward=_gru_rule, residuals=1, extras=_OF_ONE_STATE)
def gru_layer(
    input: Array, h: Array, w_input: Array, w_hidden: Array, bias_input: Array | None = None,
    bias_hidden: Array | None = None, going: Array | None = None, reverse: Flag = False,
) -> tuple[Array, ...]:  # fmt: skip
    """(T, N, I) with h (N, H): outputs (T, N, H), the last h, and r, z, n and n's held sum."""
    return _gru(input, h, w_input, w_hidden, bias_input, bias_hidden, going, reverse)


def _gru(*operands: Any) -> tuple[Any, ...]:
    def cell(sums: jax.Array, held: jax.Array, h: jax.Array) -> Any:
        r, z, n = jnp.split(sums, 3, -1)
        hr, hz, hn = jnp.split(held, 3, -1)
        r, z = lax.logistic(r + hr), lax.logistic(z + hz)
        n = jnp.tanh(n + r * hn)
        return (1 - z) * n + z * h, jnp.concatenate([r, z, n, hn], -1)

    return _simple_scan(cell, *operands)


def _rnn_rule(
    grad_0: Any, grad_1: Any, grad_2: Any, result_0: Any, result_2: Any, input: Any, h: Any,
    w_input: Any, w_hidden: Any, bias_input: Any, bias_hidden: Any, going: Any, reverse: bool,
    nonlinearity: str,
) -> list[Any]:  # fmt: skip
    if grad_2 is not None:
        operands = [input, h, w_input, w_hidden, bias_input, bias_hidden]
        body = lambda *each: _rnn(nonlinearity, *each, going, reverse)  # noqa: E731
        return _by_vjp(body, [grad_0, grad_1, grad_2], operands)
    new = result_2
    by = 1 - new * new if nonlinearity == "tanh" else (new > 0).astype(new.dtype)
    return _simple_back(
        grad_0, grad_1, [by], [by], jnp.zeros_like(new), result_0, input, h, w_input, w_hidden,
        bias_input is not None, going, reverse,
    )  # fmt: skip


@op(**_HIDDEN, name="_rnn_layer", backward=_rnn_rule, residuals=1, extras=_OF_ONE_STATE)
def rnn_layer(
    input: Array, h: Array, w_input: Array, w_hidden: Array, bias_input: Array | None = None,
    bias_hidden: Array | None = None, going: Array | None = None, reverse: Flag = False,
    nonlinearity: str = "tanh",
) -> tuple[Array, ...]:  # fmt: skip
    """(T, N, I) with h (N, H): outputs (T, N, H), the last h, and the states before `going`."""
    operands = (input, h, w_input, w_hidden, bias_input, bias_hidden, going, reverse)
    return _rnn(nonlinearity, *operands)


def _rnn(nonlinearity: str, *operands: Any) -> tuple[Any, ...]:
    bend = jnp.tanh if nonlinearity == "tanh" else jax.nn.relu

    def cell(sums: jax.Array, held: jax.Array, h: jax.Array) -> Any:
        new = bend(sums + held)
        return new, new

    return _simple_scan(cell, *operands)


# Single steps.

_OF_ONE_STEP = {"samples": ({"input": 0, "h": 0}, (0,))}


def _cell_sums(input: Any, h: Any, w_input: Any, w_hidden: Any, b_input: Any, b_hidden: Any) -> Any:
    fed = lax.dot_general(input, w_input, (((1,), (1,)), ((), ())))
    held = lax.dot_general(h, w_hidden, (((1,), (1,)), ((), ())))
    fed = fed if b_input is None else fed + b_input
    return fed, held if b_hidden is None else held + b_hidden


@op(**_HIDDEN, name="_lstm_cell",
    extras={"samples": ({"input": 0, "h": 0, "c": 0}, (0, 0))})
def lstm_cell(
    input: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None,
    b_hh: Array | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """One LSTM step of (N, I): the new h and c."""
    fed, held = _cell_sums(input, h, w_ih, w_hh, b_ih, b_hh)
    i, f, g, o = jnp.split(fed + held, 4, -1)
    c = lax.logistic(f) * c + lax.logistic(i) * jnp.tanh(g)
    return lax.logistic(o) * jnp.tanh(c), c


@op(**_HIDDEN, name="_gru_cell", extras=_OF_ONE_STEP)
def gru_cell(
    input: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None,
    b_hh: Array | None = None,
) -> Array:  # fmt: skip
    """One GRU step of (N, I): the new h."""
    fed, held = _cell_sums(input, h, w_ih, w_hh, b_ih, b_hh)
    r, z, n = jnp.split(fed, 3, -1)
    hr, hz, hn = jnp.split(held, 3, -1)
    r, z = lax.logistic(r + hr), lax.logistic(z + hz)
    n = jnp.tanh(n + r * hn)
    return (1 - z) * n + z * h


@op(**_HIDDEN, name="_rnn_cell", extras=_OF_ONE_STEP)
def rnn_cell(
    input: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None,
    b_hh: Array | None = None, nonlinearity: str = "tanh",
) -> Array:  # fmt: skip
    """One step of (N, I): the new h."""
    fed, held = _cell_sums(input, h, w_ih, w_hh, b_ih, b_hh)
    return jnp.tanh(fed + held) if nonlinearity == "tanh" else jax.nn.relu(fed + held)
