"""Attention with functions on the scores, against PyTorch's (forward) and plain attention."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import compat

torch = pytest.importorskip("torch")

MASKS: dict[str, Any] = {
    "causal": lambda t: lambda b, h, q, kv: q >= kv,
    "window": lambda t: lambda b, h, q, kv: (q - kv).abs() < 9,
    "documents": lambda t: lambda b, h, q, kv: t.arange(48)[q] // 13 == t.arange(48)[kv] // 13,
    "short": lambda t: lambda b, h, q, kv: (kv < 20 + 20 * b) & (q < 30),  # some rows see nothing
}


def module(t: Any) -> Any:
    return importlib.import_module(f"{t.nn.__name__}.attention.flex_attention")


def operands(t: Any, grad: bool) -> list[Any]:
    numbers = np.random.default_rng(0)
    shapes = (2, 4, 40, 16), (2, 2, 48, 16), (2, 2, 48, 16), (4, 40, 48)
    drawn = [numbers.standard_normal(shape).astype("f4") for shape in shapes]
    return [t.tensor(one, requires_grad=grad) for one in drawn]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MASKS)
def test_results_and_blocks_are_pytorchs(name: str) -> None:
    found = []
    for t in (torch, compat):
        flex = module(t)
        q, k, v, bias = operands(t, False)
        blocks = flex.create_block_mask(
            MASKS[name](t), 2, None, 40, 48, device="cpu", BLOCK_SIZE=(16, 8)
        )
        made, lse = flex.flex_attention(
            q, k, v, lambda s, b, h, x, y, bias=bias: s + bias[h, x, y], blocks, 0.3, True, True
        )
        found.append([made, lse, blocks.kv_num_blocks, blocks.kv_indices, blocks.full_kv_indices,
                      blocks.q_num_blocks, blocks.q_indices, blocks.to_dense()])  # fmt: skip
        assert tuple(blocks.shape) == (2, 1, 40, 48)
    for wanted, got in zip(*found, strict=True):
        assert str(wanted.dtype) == str(got.dtype)
        np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=1e-5, atol=1e-6)


def test_gradients_are_those_of_plain_attention() -> None:
    flex = module(compat)
    q, k, v, bias = operands(compat, True)
    blocks = flex.create_block_mask(lambda b, h, x, y: x >= y, None, None, 40, 48, BLOCK_SIZE=16)
    made = flex.flex_attention(
        q, k, v, lambda s, b, h, x, y: s + bias[h, x, y], blocks, enable_gqa=True
    )
    (made * made).sum().backward()
    ours = [one.grad.numpy() for one in (q, k, v, bias)]
    q, k, v, bias = operands(torch, True)
    hidden = torch.ones(40, 48, dtype=torch.bool).tril().logical_not()
    made = torch.nn.functional.scaled_dot_product_attention(
        q, k, v, bias.masked_fill(hidden, -torch.inf).expand(2, -1, -1, -1), enable_gqa=True
    )
    (made * made).sum().backward()
    for got, one in zip(ours, (q, k, v, bias), strict=True):
        assert one.grad is not None
        np.testing.assert_allclose(got, one.grad.numpy(), rtol=1e-4, atol=1e-5)


def test_wrong_shapes_are_refused() -> None:
    q = compat.zeros(1, 2, 4, 8)
    flex = module(compat)
    with pytest.raises(ValueError, match="same number of heads"):
        flex.flex_attention(q, q[:, :1], q[:, :1])
    blocks = flex.create_block_mask(lambda b, h, x, y: x >= y, None, None, 4, 4, BLOCK_SIZE=2)
    with pytest.raises(ValueError, match="block_mask was created for"):
        flex.flex_attention(q, q[:, :, :2], q[:, :, :2], block_mask=blocks)
    with pytest.raises(RuntimeError, match="sliced BlockMask"):
        blocks[:, :, :1].allowed()
