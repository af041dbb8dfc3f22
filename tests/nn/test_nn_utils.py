"""Clipping, parameters as a vector, padding and packing of sequences, against PyTorch."""

import pytest

from tests.support.both import both


def parameters(torch):
    made = [torch.nn.Parameter(torch.ones(2, 2)), torch.nn.Parameter(torch.ones(3))]
    made[0].grad = torch.tensor([[1.0, -2.0], [3.0, 4.0]])
    made[1].grad = torch.tensor([-5.0, 0.5, 0.0])
    return [*made, torch.nn.Parameter(torch.ones(1))]


@both
def test_clipping(torch, note):
    utils = torch.nn.utils
    for args in ((1.0,), (100.0,), (1.0, 1), (1.0, float("inf")), (0.5, 3.0)):
        made = parameters(torch)
        note(lambda: utils.clip_grad_norm_(made, *args))
        note(lambda: [one.grad for one in made])
        note(lambda: utils.clip_grad_norm_(made[0], *args))
    made = parameters(torch)
    note(lambda: utils.clip_grad_value_(made, 1.5))
    note(lambda: [one.grad for one in made])
    note(lambda: utils.get_total_norm([one.grad for one in made[:2]]))
    note(lambda: utils.get_total_norm([]))
    note(lambda: utils.clip_grad_norm_([], 1.0))
    note(lambda: utils.clip_grad_norm_(iter(made), 1.0))
    note(lambda: utils.clip_grad_norm(made, 1.0))
    note(lambda: utils.clip_grads_with_norm_(made, 1.0, torch.tensor(4.0)))
    note(lambda: [one.grad for one in made])
    made[0].grad.fill_(float("inf"))
    note(lambda: utils.clip_grad_norm_(made, 1.0, error_if_nonfinite=True))


@both
def test_parameters_as_a_vector(torch, note):
    made = parameters(torch)
    note(lambda: torch.nn.utils.parameters_to_vector(made))
    note(lambda: torch.nn.utils.vector_to_parameters(torch.arange(8.0), made))
    note(lambda: made)
    note(lambda: torch.nn.utils.vector_to_parameters(5, made))


def sequences(torch, lengths=(2, 4, 1)):
    return [torch.arange(float(2 * n)).reshape(n, 2) + 10 * n for n in lengths]


@both
def test_padding(torch, note):
    rnn = torch.nn.utils.rnn
    given = sequences(torch)
    for options in (
        {}, {"batch_first": True}, {"padding_value": -1.0}, {"padding_side": "left"},
        {"padding_side": "middle"},
    ):  # fmt: skip
        note(lambda: rnn.pad_sequence(given, **options))
    note(lambda: rnn.pad_sequence([]))
    note(lambda: rnn.pad_sequence(5))
    note(lambda: rnn.unpad_sequence(rnn.pad_sequence(given), torch.tensor([2, 4, 1])))


@pytest.mark.parametrize("batch_first", [True, False])
@both
def test_packing(torch, note, batch_first):
    rnn = torch.nn.utils.rnn
    padded = rnn.pad_sequence(sequences(torch), batch_first=batch_first).requires_grad_()
    options = {"batch_first": batch_first, "enforce_sorted": False}
    packed = rnn.pack_padded_sequence(padded, torch.tensor([2, 4, 1]), **options)
    note(lambda: [None if one is None else one.detach() for one in packed])
    for more in ({}, {"total_length": 6}, {"padding_value": 7.0}, {"total_length": 2}):
        note(
            lambda: [
                one.detach()
                for one in rnn.pad_packed_sequence(packed, batch_first=batch_first, **more)
            ]
        )
    note(lambda: [one.detach() for one in rnn.unpack_sequence(packed)])
    unpadded, _ = rnn.pad_packed_sequence(packed, batch_first=batch_first)
    (unpadded * 2).sum().backward()
    note(lambda: padded.grad)
    note(lambda: rnn.pack_padded_sequence(padded, [2, 4, 1], batch_first=batch_first))
    note(lambda: rnn.pack_padded_sequence(padded, [2, 4], **options).data.detach())
    note(lambda: rnn.pack_padded_sequence(padded, [0, 4, 1], **options))
    note(lambda: packed.double().data.dtype)
    note(lambda: (packed.to("cpu") is packed, packed.is_cuda))


@both
def test_packed_sequences_through_layers(torch, note):
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_sequence(sequences(torch), enforce_sorted=False)
    for name in ("RNN", "GRU", "LSTM"):
        torch.manual_seed(2)
        layer = getattr(torch.nn, name)(2, 3, bidirectional=True)
        output, last = layer(packed)
        note(lambda: rnn.pad_packed_sequence(output))
        note(lambda: last)
    note(lambda: torch.nn.GRU(2, 3)(packed, torch.ones(3, 3, 3)))
