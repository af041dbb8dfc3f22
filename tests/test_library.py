"""Operators of one's own, as PyTorch makes them."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pytest

import compat

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("t", [torch, compat], ids=["torch", "compat"])
def test_an_operator_with_a_gradient(t: Any) -> None:
    space = f"compat{uuid.uuid4().hex[:8]}"
    kept = {"x": t.Tensor, "by": float, "return": t.Tensor}

    def scale(x: Any, by: Any) -> Any:
        return x * by

    scale.__annotations__ = kept
    op = t.library.custom_op(f"{space}::scale", scale, mutates_args=())
    x = t.tensor([1.0, 2.0], requires_grad=True)
    made = op(x, 3.0)
    with pytest.raises(RuntimeError, match="no autograd formula was registered"):
        made.sum().backward()

    def setup(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.by = inputs[1]

    op.register_autograd(lambda ctx, grad: (grad * ctx.by, None), setup_context=setup)
    op.register_fake(lambda x, by: t.empty_like(x))
    getattr(t.ops, space).scale(x, 3.0).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3.0, 3.0])
    assert op(t.zeros(4, device="meta"), 1.0).shape == (4,)


@pytest.mark.parametrize("t", [torch, compat], ids=["torch", "compat"])
def test_a_namespace(t: Any) -> None:
    space = f"compat{uuid.uuid4().hex[:8]}"
    lib = t.library.Library(space, "DEF")
    lib.define("twice(Tensor x) -> Tensor")
    lib.impl("twice", lambda x: x + x, "CPU")
    assert getattr(t.ops, space).twice(t.ones(2)).tolist() == [2.0, 2.0]
    assert getattr(t.ops, space).twice.default(t.ones(2)).tolist() == [2.0, 2.0]
    with pytest.raises(AttributeError):
        getattr(t.ops, space).thrice  # noqa: B018
    assert t.ops.aten.relu(t.tensor([-1.0, 1.0])).tolist() == [0.0, 1.0]


def test_ranges_of_the_profiler() -> None:
    import compat

    with compat.profiler.profile() as found:
        handle = compat.ops.profiler._record_function_enter("mine")
        compat.ones(2).add(1).sum().item()
        compat.ops.profiler._record_function_exit(handle)
    assert "mine" in [one.key for one in found.key_averages()]
