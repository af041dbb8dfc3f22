"""Sequences of different lengths in one tensor: padded, or packed without the padding."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Sequence
from typing import Any

import compat as torch

Tensor = torch.Tensor

_Fields = namedtuple(
    "PackedSequence", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"]
)


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another one."""
    if permutation is None:
        return None
    inverse = torch.empty_like(permutation)
    places = torch.arange(permutation.numel(), device=permutation.device)
    return inverse.scatter_(0, permutation, places)


class PackedSequence(_Fields):
    """Sequences, longest first, as all first elements, then all second ones, and so on.

    data              (total, *), the elements
    batch_sizes       how many sequences reach each step, on the CPU
    sorted_indices    which sequence of the caller each one is; None if they were sorted
    unsorted_indices  the inverse of that
    """

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None:  # PackedSequence((data, batch_sizes))
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. "
                "Instances of PackedSequence should never be created manually. "
                "They should be instantiated by functions like pack_sequence "
                "and pack_padded_sequences in nn.utils.rnn. "
                "https://pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence"
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """As `Tensor.to`, of the data; returns itself when nothing changes."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        kwargs = {k: v for k, v in kwargs.items() if k not in ("device", "dtype")}
        orders = [
            None if one is None else one.to(data.device, **kwargs)
            for one in (self.sorted_indices, self.unsorted_indices)
        ]
        return type(self)(data, self.batch_sizes, *orders)

    def pin_memory(self) -> PackedSequence:
        """The same with its tensors in pinned memory."""
        orders = [
            None if one is None else one.pin_memory()
            for one in (self.sorted_indices, self.unsorted_indices)
        ]
        return type(self)(self.data.pin_memory(), self.batch_sizes, *orders)

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same on a GPU."""
        return self if self.is_cuda else self.to(*args, **{"device": "cuda", **kwargs})

    def cpu(self) -> PackedSequence:
        """The same on the CPU."""
        return self.to(device="cpu")

    def double(self) -> PackedSequence:
        """The same as float64."""
        return self.to(dtype=torch.double)

    def float(self) -> PackedSequence:
        """The same as float32."""
        return self.to(dtype=torch.float)

    def half(self) -> PackedSequence:
        """The same as float16."""
        return self.to(dtype=torch.half)

    def long(self) -> PackedSequence:
        """The same as int64."""
        return self.to(dtype=torch.long)

    def int(self) -> PackedSequence:
        """The same as int32."""
        return self.to(dtype=torch.int)

    def short(self) -> PackedSequence:
        """The same as int16."""
        return self.to(dtype=torch.short)

    def char(self) -> PackedSequence:
        """The same as int8."""
        return self.to(dtype=torch.int8)

    def byte(self) -> PackedSequence:
        """The same as uint8."""
        return self.to(dtype=torch.uint8)

    @property
    def is_cuda(self) -> bool:
        """Whether the data are on a GPU."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """Whether the data are in pinned memory."""
        return self.data.is_pinned()


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _places(batch_sizes: Sequence[Any], width: Any) -> Tensor:
    """Where the packed elements are in a (steps, width) table, counted row by row."""
    return torch.cat(
        [torch.arange(step * width, step * width + size) for step, size in enumerate(batch_sizes)]
    )


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Packs sequences (T, N, *), or (N, T, *) with batch_first, of the given lengths.

    enforce_sorted  the lengths must not increase; without it they may come in any order
    """
    if isinstance(lengths, torch.Tensor):
        if lengths.device.type != "cpu":
            raise RuntimeError(
                "'lengths' argument should be a 1D CPU int64 tensor, but got "
                f"{lengths.dim()}D {lengths.device} {_name(lengths.dtype)} tensor"
            )
        lengths = lengths.tolist()
    lengths = [int(length) for length in lengths]
    order = None
    if not enforce_sorted:
        longest = sorted(range(len(lengths)), key=lambda at: -lengths[at])
        lengths = [lengths[at] for at in longest]
        order = torch.tensor(longest, dtype=torch.int64, device=input.device)
        input = input.index_select(0 if batch_first else 1, order)
    if batch_first:
        input = input.transpose(0, 1)
    steps, batch = input.shape[:2]
    _check_lengths(lengths, batch, steps)
    sizes = [sum(length > step for length in lengths) for step in range(lengths[0])]
    places = _places(sizes, batch).to(input.device)
    data = input.reshape(steps * batch, *input.shape[2:]).index_select(0, places)
    return PackedSequence(data, torch.tensor(sizes, dtype=torch.int64, device="cpu"), order)


def _check_lengths(lengths: list[int], batch: int, steps: int) -> None:
    if len(lengths) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} "
            f"(batch_size={batch})"
        )
    if not lengths or lengths[-1] <= 0 or min(lengths) <= 0:
        raise RuntimeError("Length of all samples has to be greater than 0, "
                           "but found an element in 'lengths' that is <= 0")  # fmt: skip
    if any(first < second for first, second in zip(lengths, lengths[1:], strict=False)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. "
            "You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    if lengths[0] > steps:
        raise RuntimeError(
            f"Expected a sequence of at least {lengths[0]} steps, but the input has {steps}"
        )


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Undoes the packing: returns the padded tensor (T, N, *) and the lengths."""
    data, batch_sizes, _, back = sequence
    sizes = batch_sizes.tolist()
    steps, batch = len(sizes), sizes[0]
    if total_length is not None:
        if total_length < steps:
            raise ValueError(
                "Expected total_length to be at least the length "
                "of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {steps}"
            )
        steps = total_length
    places = _places(sizes, batch).to(data.device)
    empty = data.new_full((steps * batch, *data.shape[1:]), padding_value)
    padded = empty.index_copy(0, places, data).reshape(steps, batch, *data.shape[1:])
    lengths = torch.tensor(
        [sum(size > at for size in sizes) for at in range(batch)], dtype=torch.int64
    )
    if batch_first:
        padded = padded.transpose(0, 1)
    if back is not None:
        padded = padded.index_select(0 if batch_first else 1, back)
        lengths = lengths[back.cpu()]
    return padded, lengths


def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Stacks sequences (Lᵢ, *) to (T, N, *), or (N, T, *), the short ones padded to the longest.

    >>> pad_sequence([torch.ones(2), torch.ones(1)], batch_first=True)
    tensor([[1., 1.],
            [1., 0.]])
    """
    if isinstance(sequences, torch.Tensor):
        sequences = sequences.unbind(0)
    elif not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    sequences = tuple(sequences)
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    rest = sequences[0].shape[1:]
    longest = max(one.size(0) for one in sequences)
    shape = (len(sequences), longest) if batch_first else (longest, len(sequences))
    padded = sequences[0].new_full((*shape, *rest), padding_value)
    for at, one in enumerate(sequences):
        length = one.size(0)
        where = slice(longest - length, longest) if padding_side == "left" else slice(0, length)
        padded[(at, where) if batch_first else (where, at)] = one
    return padded


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The sequences that `pad_sequence` has stacked."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    sizes = lengths.tolist()
    return [one[:size] for one, size in zip(padded_sequences, sizes, strict=False)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Packs a list of sequences (Lᵢ, *)."""
    lengths = torch.as_tensor([one.size(0) for one in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that `pack_sequence` has packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
