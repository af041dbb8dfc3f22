"""Recurrent layers: RNN, LSTM and GRU over whole sequences, and their cells for one step."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Iterator
from typing import Any

import compat as torch

from .. import init
from ..parameter import Parameter
from ..utils.rnn import PackedSequence
from .module import Module

Tensor = torch.Tensor

# How many gates, so how many times hidden_size rows, the weights of a mode have.
_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _reorder(states: Tensor, order: Tensor | None, dim: int = 1) -> Tensor:
    return states if order is None else states.index_select(dim, order)


class RNNBase(Module):
    """What the recurrent layers share: weights by layer and direction, and checks of the input.

    Layer k has weight_ih_l{k} (gates·hidden, input), weight_hh_l{k} (gates·hidden, hidden),
    bias_ih_l{k}, bias_hh_l{k}, with a projection weight_hr_l{k}; the backward direction's names
    end in "_reverse".
    """

    __constants__ = [
        "mode", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout",
        "bidirectional", "proj_size",
    ]  # fmt: skip

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout) if isinstance(dropout, numbers.Number) else dropout
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_sizes(dropout)
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse") if bidirectional else ("",):
                made = self._layer_weights(layer, device, dtype)
                named = {f"{name}_l{layer}{suffix}": one for name, one in made.items()}
                self._all_weights.append(list(named))
                for name, one in named.items():
                    setattr(self, name, Parameter(one))
        self.reset_parameters()

    def _check_sizes(self, dropout: Any) -> None:
        is_number = isinstance(dropout, numbers.Number) and not isinstance(dropout, bool)
        if not is_number or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] "
                "representing the probability of an element being zeroed"
            )
        if dropout > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero "
                f"dropout expects num_layers greater than 1, but got dropout={dropout} and "
                f"num_layers={self.num_layers}",
                stacklevel=4,
            )
        for name in ("input_size", "hidden_size"):
            value = getattr(self, name)
            if not isinstance(value, int):
                raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
        for name in ("input_size", "hidden_size", "num_layers"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if self.proj_size < 0:
            raise ValueError(
                "proj_size should be a positive integer or zero to disable projections"
            )
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if self.mode not in _GATES:
            raise ValueError(f"Unrecognized RNN mode: {self.mode}")

    def _layer_weights(self, layer: int, device: Any, dtype: Any) -> dict[str, Tensor]:
        """The weights of one layer and direction, not yet filled, in PyTorch's order."""
        rows = _GATES[self.mode] * self.hidden_size
        out = self.proj_size or self.hidden_size
        width = self.input_size if layer == 0 else out * (2 if self.bidirectional else 1)
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, out)}
        if self.bias:
            shapes.update(bias_ih=(rows,), bias_hh=(rows,))
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return {
            name: torch.empty(shape, device=device, dtype=dtype) for name, shape in shapes.items()
        }

    def reset_parameters(self) -> None:
        """Draws all weights anew, evenly from ±1/√hidden_size."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The weights, one list for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Parameter]:
        own = self._parameters
        return [
            own[name] if name in own else getattr(self, name) for name in self._flat_weights_names
        ]

    def flatten_parameters(self) -> None:
        """Nothing to do: where weights lie in memory is the compiler's affair."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        # PyTorch keeps the flat list beside the names; here it is made from them.
        state = {key: one for key, one in state.items() if not key.startswith("_flat_weight")}
        super().__setstate__(state)
        self.__dict__.setdefault("proj_size", 0)

    # Checks.

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Raises when the input does not fit the layer."""
        weight = getattr(self, self._all_weights[0][0])
        if input.dtype != weight.dtype and not torch.is_autocast_enabled():
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
        expected = 3 if batch_sizes is None else 2
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if self.input_size != input.size(-1):
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. "
                f"Expected {self.input_size}, got {input.size(-1)}"
            )

    def _state_size(self, input: Tensor, batch_sizes: Tensor | None, width: int) -> Any:
        if batch_sizes is not None:
            batch = int(batch_sizes[0])
        else:
            batch = input.size(0 if self.batch_first else 1)
        return (self.num_layers * (2 if self.bidirectional else 1), batch, width)

    def get_expected_hidden_size(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        """The shape that the hidden state of this input has."""
        return self._state_size(input, batch_sizes, self.proj_size or self.hidden_size)

    def check_hidden_size(
        self, hx: Tensor, expected_hidden_size: Any, msg: str = "Expected hidden size {}, got {}"
    ) -> None:
        """Raises when a state has another shape than expected."""
        if tuple(hx.size()) != tuple(expected_hidden_size):
            raise RuntimeError(msg.format(tuple(expected_hidden_size), list(hx.size())))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raises when input or state do not fit the layer."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The state with the samples in another order."""
        return _reorder(hx, permutation)

    # The call, which the layers share; a state is a tensor, or a pair for an LSTM.

    def _states(self, hx: Any) -> tuple[Tensor, ...]:
        return (hx,)

    def _check_state_dims(self, hx: Any, batched: bool) -> None:
        if hx.dim() != (3 if batched else 2):
            kind, dims = ("batched 3-D", 3) if batched else ("unbatched 2-D", 2)
            raise RuntimeError(
                f"For {kind} input, hx should also be {dims}-D but got {hx.dim()}-D tensor"
            )

    def _zero_state(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        shape = self.get_expected_hidden_size(input, batch_sizes)
        return torch.zeros(shape, dtype=input.dtype, device=input.device)

    def _run(self, input: Tensor, hx: Any, batch_sizes: Tensor | None) -> tuple[Tensor, Any]:
        """Calls the recurrence; returns the outputs and the last state."""
        function = {"RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu, "GRU": torch.gru}[
            self.mode
        ]
        return function(*self._arguments(input, hx, batch_sizes))

    def _arguments(self, input: Tensor, hx: Any, batch_sizes: Tensor | None) -> tuple[Any, ...]:
        common = (
            hx, self._flat_weights, self.bias, self.num_layers, self.dropout, self.training,
            self.bidirectional,
        )  # fmt: skip
        if batch_sizes is None:
            return (input, *common, self.batch_first)
        return (input, batch_sizes, *common)

    def _shown_dims(self, dims: int) -> str:
        return f"{dims}D"

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            raise ValueError(
                f"{self._get_name().removesuffix('Base')}: Expected input to be 2D or 3D, "
                f"got {self._shown_dims(input.dim())} instead"
            )
        batched = input.dim() == 3
        batch_dim = 0 if self.batch_first else 1
        if hx is not None:
            self._check_state_dims(hx, batched)
        if not batched:
            input = input.unsqueeze(batch_dim)
            if hx is not None:
                hx = self._rebuild(one.unsqueeze(1) for one in self._states(hx))
        if hx is None:
            self.check_input(input, None)
            hx = self._zero_state(input, None)
        else:
            self.check_forward_args(input, hx, None)
        output, last = self._run(input, hx, None)
        if batched:
            return output, last
        last = self._rebuild(one.squeeze(1) for one in self._states(last))
        return output.squeeze(batch_dim), last

    def _rebuild(self, states: Iterator[Tensor]) -> Any:
        (only,) = states
        return only

    def _forward_packed(self, packed: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        input, batch_sizes, order, back = packed
        if hx is None:
            hx = self._zero_state(input, batch_sizes)
        else:  # the caller's state is in the caller's order, the sequences are sorted
            hx = self.permute_hidden(hx, order)
        self.check_forward_args(input, hx, batch_sizes)
        output, last = self._run(input, hx, batch_sizes)
        return PackedSequence(output, batch_sizes, order, back), self.permute_hidden(last, back)

    def extra_repr(self) -> str:
        told = f"{self.input_size}, {self.hidden_size}"
        for name, default in (
            ("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False),
            ("dropout", 0), ("bidirectional", False),
        ):  # fmt: skip
            value = getattr(self, name)
            if value is not default and value != default:
                told += f", {name}={value}"
        return told


class RNN(RNNBase):
    """hₜ = tanh(W·xₜ + b + V·hₜ₋₁ + c), in layers and both directions if wanted.

    Takes (T, N, input_size), or (N, T, input_size) with batch_first, or a PackedSequence, and a
    first state (layers · directions, N, hidden_size), zeros by default; returns the outputs
    (T, N, directions · hidden_size) and the last state. Without N for a single sequence.
    nonlinearity  "tanh" or "relu"
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity

    def _shown_dims(self, dims: int) -> str:
        return f"{dims}D tensor"


class GRU(RNNBase):
    """A gated recurrent unit (Cho et al. 2014); shapes as `RNN`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


class LSTM(RNNBase):
    """A long short-term memory (Hochreiter and Schmidhuber 1997); shapes as `RNN`.

    A state is a pair (h, c). proj_size  makes h smaller than c by a learned matrix
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        """The shape that the cell state of this input has."""
        return self._state_size(input, batch_sizes, self.hidden_size)

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raises when input or states do not fit the layer."""
        self.check_input(input, batch_sizes)
        for at, shape in enumerate(
            (
                self.get_expected_hidden_size(input, batch_sizes),
                self.get_expected_cell_size(input, batch_sizes),
            )
        ):
            self.check_hidden_size(hidden[at], shape, f"Expected hidden[{at}] size {{}}, got {{}}")

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The states with the samples in another order."""
        return _reorder(hx[0], permutation), _reorder(hx[1], permutation)

    def _states(self, hx: Any) -> tuple[Tensor, ...]:
        return tuple(hx)

    def _rebuild(self, states: Iterator[Tensor]) -> Any:
        return tuple(states)

    def _check_state_dims(self, hx: Any, batched: bool) -> None:
        hidden, cell = hx[0].dim(), hx[1].dim()
        if (hidden, cell) != ((3, 3) if batched else (2, 2)):
            kind, dims = ("batched 3-D", 3) if batched else ("unbatched 2-D", 2)
            raise RuntimeError(
                f"For {kind} input, hx and cx should also be {dims}-D "
                f"but got ({hidden}-D, {cell}-D) tensors"
            )

    def _zero_state(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        hidden = super()._zero_state(input, batch_sizes)
        if not self.proj_size:
            return hidden, hidden
        cell = self.get_expected_cell_size(input, batch_sizes)
        return hidden, torch.zeros(cell, dtype=input.dtype, device=input.device)

    def _run(self, input: Tensor, hx: Any, batch_sizes: Tensor | None) -> tuple[Tensor, Any]:
        output, hidden, cell = torch.lstm(*self._arguments(input, hx, batch_sizes))
        return output, (hidden, cell)


class RNNCellBase(Module):
    """The weights of one recurrent step."""

    __constants__ = ["input_size", "hidden_size", "bias"]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        where = {"device": device, "dtype": dtype}
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(torch.empty((rows, input_size), **where))
        self.weight_hh = Parameter(torch.empty((rows, hidden_size), **where))
        for name in ("bias_ih", "bias_hh"):
            made = Parameter(torch.empty(rows, **where)) if bias else None
            self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws all weights anew, evenly from ±1/√hidden_size."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        told = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            told += f", bias={self.bias}"
        return told

    def _check_dims(self, what: str, one: Tensor) -> None:
        if one.dim() not in (1, 2):
            raise ValueError(
                f"{self._get_name()}: Expected {what} to be 1D or 2D, got {one.dim()}D instead"
            )

    def _weights(self) -> tuple[Any, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _step(self, function: Any, input: Tensor, hx: Tensor | None) -> Tensor:
        """One step of a cell whose state is one tensor."""
        self._check_dims("input", input)
        if hx is not None:
            self._check_dims("hidden", hx)
        alone = input.dim() == 1
        if alone:
            input = input.unsqueeze(0)
        if hx is None:
            shape = (input.size(0), self.hidden_size)
            hx = torch.zeros(shape, dtype=input.dtype, device=input.device)
        elif alone:
            hx = hx.unsqueeze(0)
        result = function(input, hx, *self._weights())
        return result.squeeze(0) if alone else result


class RNNCell(RNNCellBase):
    """h' = tanh(W·x + b + V·h + c) for x (N, input_size) or (input_size,), h likewise.

    nonlinearity  "tanh" or "relu"
    """

    __constants__ = ["input_size", "hidden_size", "bias", "nonlinearity"]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        is_tanh = self.nonlinearity == "tanh"
        return self._step(torch.rnn_tanh_cell if is_tanh else torch.rnn_relu_cell, input, hx)

    def extra_repr(self) -> str:
        told = super().extra_repr()
        if self.nonlinearity != "tanh":
            told += f", nonlinearity={self.nonlinearity}"
        return told


class GRUCell(RNNCellBase):
    """One step of a GRU: x (N, input_size) and h (N, hidden_size) give h'."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(torch.gru_cell, input, hx)


class LSTMCell(RNNCellBase):
    """One step of an LSTM: x (N, input_size) and (h, c), each (N, hidden_size), give (h', c')."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        self._check_dims("input", input)
        if hx is not None:
            for at, one in enumerate(hx):
                self._check_dims(f"hx[{at}]", one)
        alone = input.dim() == 1
        if alone:
            input = input.unsqueeze(0)
        if hx is None:
            shape = (input.size(0), self.hidden_size)
            zeros = torch.zeros(shape, dtype=input.dtype, device=input.device)
            hx = (zeros, zeros)
        elif alone:
            hx = (hx[0].unsqueeze(0), hx[1].unsqueeze(0))
        hidden, cell = torch.lstm_cell(input, hx, *self._weights())
        return (hidden.squeeze(0), cell.squeeze(0)) if alone else (hidden, cell)
