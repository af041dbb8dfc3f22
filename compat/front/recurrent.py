"""`torch.lstm` and its kin: layers, directions and dropout around the recorded scans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from compat.front.base import TensorBase
from compat.front.create import as_tensor, hidden
from compat.front.derive import FUNCTIONS


class Padded:
    """Sequences of one length: (T, N, I), or (N, T, I) when the batch comes first."""

    going = None

    def __init__(self, batch_first: bool) -> None:
        self.batch_first = batch_first

    def spread(self, input: Any) -> Any:
        """The elements as (T, N, *)."""
        return input.transpose(0, 1) if self.batch_first else input

    gather = spread


class Packed:
    """Sequences without padding, (total, I): all first elements, then all second ones, and so on.

    The scans run over the rectangle (T, N, I); `going` says where in it a sequence is not over.
    """

    def __init__(self, batch_sizes: Any, device: Any) -> None:
        sizes = np.asarray(batch_sizes.tolist(), np.int64)
        going = np.arange(sizes[0]) < sizes[:, None]
        rows = np.where(going, np.cumsum(going).reshape(going.shape) - 1, 0)
        self.shape = going.shape
        self.going = as_tensor(going, device=device)
        self.rows = as_tensor(rows.reshape(-1), device=device)  # of the data, for each place
        self.places = as_tensor(np.flatnonzero(going), device=device)

    def spread(self, data: Any) -> Any:
        """The elements as (T, N, *); any there are after the end of a sequence."""
        return data.index_select(0, self.rows).reshape(*self.shape, data._meta.shape[-1])

    def gather(self, steps: Any) -> Any:
        """The elements of sequences that are not over, as they came."""
        return steps.reshape(-1, steps._meta.shape[-1]).index_select(0, self.places)


class Stretched(Padded):
    """Sequences of one length, which varies from call to call, filled up to one of few lengths.

    A scan over each new length would be compiled: two of them take a second, whatever they work
    on. `going` says where the sequences are over.
    """

    def __init__(self, length: int, samples: int, batch_first: bool, device: Any) -> None:
        super().__init__(batch_first)
        self.length, self.full = length, few(length)
        going = np.arange(self.full) < length
        shown = np.broadcast_to(going[:, None], (self.full, samples)).copy()
        self.going = as_tensor(shown, device=device)

    def spread(self, input: Any) -> Any:
        steps = super().spread(input)
        rest = self.full - self.length
        if not rest:
            return steps
        zeros = steps.new_zeros((rest, *steps._meta.shape[1:]))
        return FUNCTIONS["torch"]["cat"]((steps, zeros))

    def gather(self, steps: Any) -> Any:
        return super().gather(steps.narrow(0, 0, self.length))


def few(length: int) -> int:
    """The least of 16, 24, ... 128, 144, ... that is no less: from 64 on at most an eighth more."""
    unit = max(8, (1 << (length - 1).bit_length()) // 16)
    return -(-length // unit) * unit


SHORT = 8  # steps that the host runs written out, where they are small
VARIED = 4  # longer lengths that a layer has met, from which on more are to be expected
_met: dict[Any, set[int]] = {}  # by the meta of a layer's weight and the samples


def _varies(length: int, samples: int, weight: Any) -> bool:
    """Whether a layer is given sequences of ever new lengths."""
    if length <= SHORT:
        return False
    key = weight._meta, samples
    lengths = _met.get(key)
    if lengths is None:
        if len(_met) >= 256:
            _met.clear()
        lengths = _met[key] = set()
    if len(lengths) <= VARIED:
        lengths.add(length)
    return len(lengths) > VARIED


class Call(NamedTuple):
    """The arguments of `torch.lstm` and its kin after the input."""

    layout: Padded | Packed
    hx: Any
    params: Sequence[Any]
    has_biases: bool
    num_layers: int
    dropout: float
    train: bool
    bidirectional: bool


def _call(input: Any, args: tuple[Any, ...]) -> Call:
    # Both forms take eight arguments: a padded call has its weights second, a packed one third.
    if isinstance(args[1], TensorBase) or isinstance(args[2], list | tuple):
        return Call(Packed(args[0], input._meta.device), *args[1:])
    layout, shape = Padded(args[-1]), input._meta.shape
    if len(shape) == 3:
        length, samples = shape[1::-1] if args[-1] else shape[:2]
        if _varies(length, samples, args[1][0]):
            layout = Stretched(length, samples, args[-1], input._meta.device)
    return Call(layout, *args[:-1])


Layer = Callable[[Any, list[Any], Sequence[Any], bool], tuple[Any, ...]]


def _stack(layer: Layer, call: Call, states: Sequence[Any], input: Any, per_layer: int) -> Any:
    """Runs layers and directions; gives the outputs and each state's last values, stacked."""
    torch = FUNCTIONS["torch"]
    steps = call.layout.spread(input)
    directions = 2 if call.bidirectional else 1
    last: list[list[Any]] = [[] for _ in states]
    for depth in range(call.num_layers):
        outputs = []
        for direction in range(directions):
            at = depth * directions + direction
            mine = call.params[at * per_layer : (at + 1) * per_layer]
            made = layer(steps, [state[at] for state in states], mine, bool(direction))
            outputs.append(made[0])
            for column, one in zip(last, made[1:], strict=True):
                column.append(one)
        steps = outputs[0] if directions == 1 else torch["cat"](outputs, -1)
        if call.dropout and call.train and depth < call.num_layers - 1:
            steps = _dropped(call, steps)
    return (call.layout.gather(steps), *(torch["stack"](column) for column in last))


def _dropped(call: Call, steps: Any) -> Any:
    """With dropout: of the elements that are the user's, so that the draws agree."""
    from compat_nn.functional import dropout

    if type(call.layout) is Padded:
        return dropout(steps, call.dropout, True)
    return call.layout.spread(dropout(call.layout.gather(steps), call.dropout, True))


def lstm(input: Any, *args: Any) -> tuple[Any, Any, Any]:
    """A stack of LSTM layers: `lstm(input, (h, c), params, has_biases, num_layers, dropout, train,
    bidirectional, batch_first)`; gives outputs, h and c.

    Packed: `lstm(data, batch_sizes, (h, c), params, ..., bidirectional)`.
    """
    call = _call(input, args)
    h, c = call.hx
    projects = h.size(-1) != c.size(-1)
    going = call.layout.going

    def layer(steps: Any, states: list[Any], mine: Sequence[Any], reverse: bool) -> Any:
        weights = _weights(mine, call.has_biases)
        if not projects:
            return hidden("_lstm_layer")(steps, *states, *weights, going, reverse)
        return hidden("_projecting_lstm_layer")(steps, *states, *weights, mine[-1], going, reverse)

    return _stack(layer, call, (h, c), input, 2 + 2 * call.has_biases + projects)


def _weights(mine: Sequence[Any], has_biases: bool) -> tuple[Any, ...]:
    return (mine[0], mine[1], mine[2], mine[3]) if has_biases else (mine[0], mine[1], None, None)


def _simple(mode: str) -> Callable[..., tuple[Any, Any]]:
    def run(input: Any, *args: Any) -> tuple[Any, Any]:
        call = _call(input, args)
        going = call.layout.going

        def layer(steps: Any, states: list[Any], mine: Sequence[Any], reverse: bool) -> Any:
            weights = _weights(mine, call.has_biases)
            if mode == "gru":
                return hidden("_gru_layer")(steps, states[0], *weights, going, reverse)
            return hidden("_rnn_layer")(steps, states[0], *weights, going, reverse, mode)

        return _stack(layer, call, (call.hx,), input, 2 + 2 * call.has_biases)

    run.__doc__ = "A stack of layers: outputs and the last h. See `lstm`."
    return run


gru = _simple("gru")
rnn_tanh = _simple("tanh")
rnn_relu = _simple("relu")


def lstm_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One LSTM step of (N, I): the new h and c."""
    return hidden("_lstm_cell")(input, *hx, w_ih, w_hh, b_ih, b_hh)


def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One GRU step of (N, I): the new h."""
    return hidden("_gru_cell")(input, hx, w_ih, w_hh, b_ih, b_hh)


def rnn_tanh_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """One step of (N, I) with tanh: the new h."""
    return hidden("_rnn_cell")(input, hx, w_ih, w_hh, b_ih, b_hh)


def rnn_relu_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """One step of (N, I) with relu: the new h."""
    return hidden("_rnn_cell")(input, hx, w_ih, w_hh, b_ih, b_hh, nonlinearity="relu")
