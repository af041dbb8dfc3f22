"""Attention in blocks, and causal masks that are not written out, beside PyTorch's."""

from __future__ import annotations

from typing import Any

import pytest

from compat.ops.neural import attention
from tests.support.both import both


@both
def test_causal_biases(torch: Any, note: Any) -> None:
    from importlib import import_module

    bias = import_module(f"{torch.__name__}.nn.attention.bias")
    attend = torch.nn.functional.scaled_dot_product_attention
    torch.manual_seed(0)
    query, key, value = torch.randn(1, 2, 3, 4), torch.randn(1, 2, 5, 4), torch.randn(1, 2, 5, 4)
    for make in (bias.causal_upper_left, bias.causal_lower_right):
        note(lambda make=make: (make(3, 5), make(3, 5).variant, make(4, 4)._materialize()))
        note(lambda make=make: attend(query, key, value, make(3, 5)))
        note(lambda make=make: attend(query, query, query, attn_mask=make(3, 3)))
        note(lambda make=make: make(3))
        note(lambda make=make: attend(query, key, value, make(3, 5), is_causal=True))
    note(lambda: bias.causal_lower_right(5, 3))
    note(lambda: bias.CausalBias(1, 3, 3))
    note(lambda: isinstance(bias.causal_upper_left(2, 2), torch.Tensor))


@pytest.mark.oracle
@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("rows", [384, 401])
def test_blocks(monkeypatch: pytest.MonkeyPatch, few: bool, rows: int) -> None:
    """With limits that the shapes below pass, and with PyTorch's results either way."""
    import numpy as np

    torch = pytest.importorskip("torch")

    import compat

    if few:
        monkeypatch.setattr(attention, "_MANY", 1 << 10)
        monkeypatch.setattr(attention, "_MANY_HALF", 1 << 10)
    compat.front.derive.forget_plans()
    rng = np.random.default_rng(0)
    columns = 300 + few  # the same op with other shapes: nothing is left of the other limits
    query, key, value, grad = (
        rng.standard_normal((2, n, 8)).astype("float32") for n in (rows, columns, columns, rows)
    )
    full = rng.standard_normal((rows, columns)).astype("float32")
    seen = full < 1
    seen[5] = False
    masks = ((None, True), (None, False), (full, False), (seen, False), (seen[7], False))
    for mask, causal in masks:
        found = []
        for t in (torch, compat):
            given = [t.from_numpy(each.copy()).requires_grad_() for each in (query, key, value)]
            hide = None if mask is None else t.from_numpy(mask.copy())
            if hide is not None and hide.is_floating_point():
                given.append(hide.requires_grad_())
            made = t.nn.functional.scaled_dot_product_attention(
                *given[:3], attn_mask=hide, is_causal=causal
            )
            (made * t.from_numpy(grad)).sum().backward()
            found.append([made.detach().numpy(), *(one.grad.numpy() for one in given)])
        for ours, theirs in zip(found[1], found[0], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5)
