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
def test_a_kernel_may_look_inside_of_a_full_graph(t: Any) -> None:
    space = f"compat{uuid.uuid4().hex[:8]}"

    def turned(x: Any) -> Any:
        return t.from_numpy(np.flip(x.detach().numpy()).copy())

    turned.__annotations__ = {"x": t.Tensor, "return": t.Tensor}
    op = t.library.custom_op(f"{space}::turned", turned, mutates_args=())
    op.register_fake(lambda x: t.empty_like(x))
    op.register_autograd(lambda ctx, grad: grad.flip(0))
    whole = t.compile(lambda x: op(x * 2) + 1, fullgraph=True, backend="eager")
    assert whole(t.tensor([1.0, 2.0])).tolist() == [5.0, 3.0]
    x = t.tensor([1.0, 2.0], requires_grad=True)
    (whole(x) * t.tensor([1.0, 10.0])).sum().backward()
    assert x.grad.tolist() == [20.0, 2.0]


def test_around_a_kernel_looks_are_still_refused() -> None:
    def shown(x: Any) -> Any:
        return compat.from_numpy(x.numpy() + 1)

    op = compat.library.custom_op(f"compat{uuid.uuid4().hex[:8]}::shown", shown, mutates_args=())

    @compat.compile(fullgraph=True)
    def looks(x: Any) -> Any:
        return (op(x * 2) + 1).sum().item()

    with pytest.raises(RuntimeError, match="looked at in a function"):
        looks(compat.ones(2))

    @compat.compile(fullgraph=True)
    def own(x: Any) -> Any:
        return compat.ops.aten.nonzero(x * 2)

    with pytest.raises(RuntimeError, match="looked at in a function"):
        own(compat.ones(2))


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
