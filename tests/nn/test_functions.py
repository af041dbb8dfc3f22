"""Functions of nn.functional that compose several ops, with gradients of first and second order."""

import numpy as np
import pytest

import compat
from tests.support.both import both

oracle = pytest.importorskip("torch")

RNG = np.random.default_rng(0)


def _data(*shape):
    return RNG.standard_normal(shape).astype(np.float64)


IMAGE, VOLUME = _data(2, 3, 4, 5), _data(1, 2, 3, 4, 3)
GRID, GRID3 = _data(2, 3, 2, 2) * 0.9, _data(1, 2, 2, 2, 3) * 0.9
LOGS, SCORES, ROWS = _data(6, 2, 4), _data(3, 5), _data(7, 3)
SAMPLES = RNG.random((2, 3, 2))

CASES = {
    f"grid {mode} {padding} {align}": (
        lambda F, t, x, g, mode=mode, padding=padding, align=align: F.grid_sample(
            x, g, mode, padding, align
        ),
        (IMAGE, GRID),
    )
    for mode in ("bilinear", "nearest", "bicubic")
    for padding in ("zeros", "border", "reflection")
    for align in (True, False)
}
CASES |= {
    "grid 3d": (lambda F, t, x, g: F.grid_sample(x, g, align_corners=False), (VOLUME, GRID3)),
    "affine": (lambda F, t, a: F.affine_grid(a, (2, 3, 4, 5), False), (_data(2, 2, 3),)),
    "affine 3d": (lambda F, t, a: F.affine_grid(a, (2, 3, 2, 4, 5), True), (_data(2, 3, 4),)),
    "ctc": (
        lambda F, t, x: F.ctc_loss(
            x.log_softmax(2), t.tensor([[1, 1, 2], [3, 2, 0]]), (6, 5), (3, 2), reduction="none"
        ),
        (LOGS,),
    ),
    "ctc in a row": (
        lambda F, t, x: F.ctc_loss(
            x.log_softmax(2), t.tensor([1, 1, 1, 3, 2]), t.tensor([6, 1]), t.tensor([3, 2]),
            zero_infinity=True,
        ),
        (LOGS,),
    ),
    "ctc of one": (
        lambda F, t, x: F.ctc_loss(x[:, 0].log_softmax(1), t.tensor([2, 1]), (6,), (2,), 3),
        (LOGS,),
    ),
    "unpool": (
        lambda F, t, x: F.max_unpool2d(
            *F.max_pool2d(x, 2, return_indices=True), 2, output_size=(4, 5)
        ),
        (IMAGE,),
    ),
    "fractional": (
        lambda F, t, x: F.fractional_max_pool2d(
            x, 2, (3, 2), return_indices=True, _random_samples=t.tensor(SAMPLES)
        )[0],
        (IMAGE,),
    ),
    "margin": (
        lambda F, t, x: F.multi_margin_loss(x, t.tensor([0, 4, 2]), 2, 0.7, reduction="none"),
        (SCORES,),
    ),
    "margins": (
        lambda F, t, x: F.multilabel_margin_loss(
            x, t.tensor([[0, 3, -1, 1, 1], [4, 4, 1, -1, 0], [-1, 0, 0, 0, 0]]), reduction="none"
        ),
        (SCORES,),
    ),
    "gaussian": (
        lambda F, t, x, y: F.gaussian_nll_loss(x, y, (x[:, :1] * y[:, :1]).abs(), True, 0.1),
        (SCORES, _data(3, 5)),
    ),
    "triplets": (
        lambda F, t, a, b, c: F.triplet_margin_with_distance_loss(
            a, b, c, distance_function=lambda u, v: (u - v).abs().sum(1), swap=True
        ),
        (_data(3, 5), SCORES, _data(3, 5)),
    ),
    "linear cross entropy": (
        lambda F, t, x, w: F.linear_cross_entropy(x, w, t.tensor([1, 0, 3]), label_smoothing=0.1),
        (SCORES, _data(4, 5)),
    ),
    "fold": (lambda F, t, x: F.fold(x, (4, 5), 2, stride=2, padding=1), (_data(1, 8, 9),)),
} | {
    f"bags {mode}": (
        lambda F, t, w, mode=mode: F.embedding_bag(
            t.tensor([0, 2, 2, 6, 1]), w, t.tensor([0, 3, 3]), mode=mode, padding_idx=6
        ),
        (ROWS,),
    )
    for mode in ("sum", "mean", "max")
}


def _outcome(torch, function, arrays):
    inputs = [torch.tensor(one).requires_grad_() for one in arrays]
    made = function(torch.nn.functional, torch, *inputs)
    weights = torch.linspace(0.3, 1.7, made.numel(), dtype=torch.float64).reshape(made.shape)
    first = torch.autograd.grad((made * weights).sum(), inputs, create_graph=True)
    total = sum((one * one).sum() for one in first)
    second = [None] * len(inputs)
    if total.requires_grad:
        try:
            second = torch.autograd.grad(total, inputs, allow_unused=True)
        except (RuntimeError, NotImplementedError):  # PyTorch has none of some
            assert torch is oracle
    return [made.detach(), *[one.detach() for one in first]], second


@pytest.mark.oracle
@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name):
    function, arrays = CASES[name]
    ours, our_second = _outcome(compat, function, arrays)
    theirs, their_second = _outcome(oracle, function, arrays)
    for mine, yours in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), yours.numpy(), rtol=1e-8, atol=1e-9)
    for mine, yours in zip(our_second, their_second, strict=True):
        if yours is not None and mine is not None:
            wanted = yours.numpy(force=True)
            np.testing.assert_allclose(mine.numpy(), wanted, rtol=1e-6, atol=1e-8)


@both
def test_errors_and_warnings(torch, note):
    F, ones = torch.nn.functional, torch.ones
    x, ids = ones(2, 3, 8, 8), torch.tensor([0, 1])
    table, logs = ones(5, 3), ones(6, 2, 4)
    for step in (
        lambda: F.fractional_max_pool2d(x, 2),
        lambda: F.max_unpool2d(x, x.long(), 2, output_size=(3, 3)),
        lambda: F.grid_sample(x, ones(2, 1, 1, 2), mode="foo"),
        lambda: F.grid_sample(x, ones(2, 1, 1, 2)).shape,
        lambda: F.affine_grid(ones(2, 2, 4), (2, 3, 4, 4)),
        lambda: F.affine_grid(ones(2, 2, 3), (2, 3, 4, -4), True),
        lambda: F.embedding_bag(ids, table),
        lambda: F.embedding_bag(ids, table, ids, mode="foo"),
        lambda: F.embedding_bag(ids, table, ids, per_sample_weights=ones(2)),
        lambda: F.ctc_loss(logs, torch.tensor([[1, 2], [2, 3]]), (7, 6), (2, 2)),
        lambda: F.ctc_loss(logs, torch.tensor([[1, 2], [2, 3]]), (6, 6), (3, 2)),
        lambda: F.ctc_loss(logs, torch.tensor([1, 2, 3]), (6, 6), (2, 2)),
        lambda: F.gaussian_nll_loss(ones(3), ones(3), -ones(3)),
        lambda: F.gaussian_nll_loss(ones(3), ones(3), ones(2)),
        lambda: F.multi_margin_loss(ones(3, 2), ids),
        lambda: F.multilabel_margin_loss(ones(3, 2), ids),
        lambda: F.upsample_nearest(x, scale_factor=2).shape,
        lambda: F.dropout2d(ones(2, 3, 4), 0.0).shape,
        lambda: F.pixel_shuffle(x, 0),
        lambda: F.adaptive_avg_pool2d(x, (1,)),
        lambda: F.fold(ones(2, 11, 6), (3, 4), 2),
    ):
        note(step)


@both
def test_attention_as_a_function(torch, note):
    F = torch.nn.functional
    torch.manual_seed(0)
    layer = torch.nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True)
    query, memory = torch.randn(3, 2, 4), torch.randn(5, 2, 4)
    hide = torch.tensor([[False, False, True, False, False], [True, False, False, False, False]])
    mask = torch.zeros(3, 5).masked_fill(torch.ones(3, 5).triu(3) > 0, -10.0)
    for weights in (True, False):
        for given in ({}, {"key_padding_mask": hide}, {"attn_mask": mask},
                      {"key_padding_mask": hide.float(), "attn_mask": mask}):  # fmt: skip
            note(lambda: [
                one if one is None else one.detach()
                for one in layer(query, memory, memory, need_weights=weights, **given)
            ])  # fmt: skip
    note(lambda: layer(query, memory, memory, average_attn_weights=False)[1].shape)
    note(lambda: layer(query[:, 0], memory[:, 0], memory[:, 0])[1].shape)
    note(lambda: layer(query, memory, memory, is_causal=True))
    note(lambda: layer(query, memory[0], memory))
    note(lambda: layer(query, memory, memory, attn_mask=mask[:2]))
    note(lambda: F.scaled_dot_product_attention(query, query, query, is_causal=True))
