"""`torch.lstm` and its kin: layers, directions and dropout around the recorded scans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compat.front.base import TensorBase
from compat.front.create import hidden
from compat.front.derive import FUNCTIONS


def _stack(
    layer: Callable[..., tuple[Any, ...]],
    states: Sequence[Any],
    input: Any,
    params: Sequence[Any],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
    per_layer: int,
) -> tuple[Any, ...]:
    """Runs layers and directions; gives the outputs and each state's last values, stacked."""
    torch = FUNCTIONS["torch"]
    steps = input.transpose(0, 1) if batch_first else input
    directions = 2 if bidirectional else 1
    last: list[list[Any]] = [[] for _ in states]
    for depth in range(num_layers):
        outputs = []
        for direction in range(directions):
            at = depth * directions + direction
            mine = params[at * per_layer : (at + 1) * per_layer]
            made = layer(steps, [state[at] for state in states], mine, bool(direction))
            outputs.append(made[0])
            for column, one in zip(last, made[1:], strict=True):
                column.append(one)
        steps = outputs[0] if directions == 1 else torch["cat"](outputs, -1)
        if dropout and train and depth < num_layers - 1:
            from compat_nn.functional import dropout as drop

            steps = drop(steps, dropout, True)
    outputs = steps.transpose(0, 1) if batch_first else steps
    return (outputs, *(torch["stack"](column) for column in last))


def lstm(input: Any, *args: Any) -> tuple[Any, Any, Any]:
    """A stack of LSTM layers: `lstm(input, (h, c), params, has_biases, num_layers, dropout, train,
    bidirectional, batch_first)`; gives outputs, h and c. Packed: batch sizes come second."""
    _refuse_packed(args)
    hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first = args
    h, c = hx
    projects = h.size(-1) != c.size(-1)
    per_layer = 2 + 2 * has_biases + projects

    def layer(steps: Any, states: list[Any], mine: Sequence[Any], reverse: bool) -> Any:
        if projects:
            return _projected(steps, *states, mine, has_biases, reverse)
        weights = _weights(mine, has_biases)
        return hidden("_lstm_layer")(steps, *states, *weights, reverse)

    return _stack(layer, (h, c), input, params, has_biases, num_layers, dropout, train,
                  bidirectional, batch_first, per_layer)  # type: ignore[return-value]  # fmt: skip


def _projected(
    steps: Any, h: Any, c: Any, mine: Sequence[Any], has_biases: bool, reverse: bool
) -> tuple[Any, Any, Any]:
    raise NotImplementedError("compat does not have LSTM with proj_size yet")


def _weights(mine: Sequence[Any], has_biases: bool) -> tuple[Any, ...]:
    return (mine[0], mine[1], mine[2], mine[3]) if has_biases else (mine[0], mine[1], None, None)


def _refuse_packed(args: tuple[Any, ...]) -> None:
    if args and isinstance(args[0], TensorBase) and not args[0]._meta.dtype.is_floating_point:
        raise NotImplementedError("compat does not have packed sequences yet")


def _simple(name: str, **settings: Any) -> Callable[..., tuple[Any, Any]]:
    def run(input: Any, *args: Any) -> tuple[Any, Any]:
        _refuse_packed(args)
        h, params, has_biases, num_layers, dropout, train, bidirectional, batch_first = args

        def layer(steps: Any, states: list[Any], mine: Sequence[Any], reverse: bool) -> Any:
            weights = _weights(mine, has_biases)
            return hidden(name)(steps, states[0], *weights, reverse, **settings)

        return _stack(layer, (h,), input, params, has_biases, num_layers, dropout, train,
                      bidirectional, batch_first, 2 + 2 * has_biases)  # type: ignore[return-value]  # fmt: skip

    run.__doc__ = "A stack of layers: outputs and the last h. See `lstm`."
    return run


gru = _simple("_gru_layer")
rnn_tanh = _simple("_rnn_layer", nonlinearity="tanh")
rnn_relu = _simple("_rnn_layer", nonlinearity="relu")


def lstm_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One LSTM step of (N, I): the new h and c."""
    return hidden("_lstm_cell")(input, *hx, w_ih, w_hh, b_ih, b_hh)


def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One GRU step of (N, I): the new h."""
    return hidden("_gru_cell")(input, hx, w_ih, w_hh, b_ih, b_hh)


def rnn_tanh_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of (N, I) with tanh: the new h."""
    return hidden("_rnn_cell")(input, hx, w_ih, w_hh, b_ih, b_hh)


def rnn_relu_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of (N, I) with relu: the new h."""
    return hidden("_rnn_cell")(input, hx, w_ih, w_hh, b_ih, b_hh, nonlinearity="relu")
