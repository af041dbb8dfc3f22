"""Convolutions against PyTorch: every form, their gradients, their errors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from compat.ops.neural import convolution as ours
from tests.ops.neural.agree import assert_agree, assert_same_error, close, draw

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

# input, weight, settings. The comment says which form runs on CPU.
PLAIN = [
    ((2, 3, 9), (4, 3, 3), {}),
    ((3, 9), (4, 3, 3), {"padding": 1}),  # unbatched
    ((2, 1, 9, 8), (4, 1, 5, 5), {"padding": 2}),  # taps
    ((2, 1, 9, 8), (33, 1, 3, 3), {"stride": 2}),  # plain forward, taps for the input gradient
    ((2, 33, 9, 8), (34, 33, 3, 3), {"padding": (1, 0), "stride": (2, 1)}),  # plain
    ((2, 6, 9, 8), (8, 3, 3, 2), {"groups": 2, "dilation": (2, 1), "padding": 1}),  # split
    ((2, 4, 9, 8), (8, 1, 3, 3), {"groups": 4, "stride": 2, "padding": 1}),  # depthwise
    ((2, 5, 9, 8), (7, 5, 1, 1), {"stride": 2}),  # pointwise
    ((2, 5, 9, 8), (7, 5, 1, 1), {"padding": 1}),
    ((2, 3, 9, 8), (4, 3, 2, 4), {"padding": "same", "dilation": 2}),
    ((2, 3, 9, 8), (4, 3, 2, 4), {"padding": "valid", "stride": 3}),
    ((2, 3, 5, 6, 7), (4, 3, 3, 2, 3), {"padding": (1, 0, 2), "stride": (1, 2, 2)}),
    ((2, 130, 4, 4), (130, 2, 3, 3), {"groups": 65}),  # too many groups to split
    ((0, 3, 9, 8), (4, 3, 3, 3), {}),
]
TRANSPOSED = [
    ((2, 3, 9), (3, 4, 3), {"stride": 2, "output_padding": 1}),
    ((3, 9, 4), (3, 4, 3, 3), {"padding": 1}),  # unbatched
    ((2, 3, 5, 4), (3, 40, 4, 4), {"stride": 2, "padding": 1}),  # plain
    ((2, 6, 5, 4), (6, 2, 3, 3), {"stride": 2, "padding": 1, "groups": 2, "output_padding": 1}),
    ((2, 4, 5, 4), (4, 2, 3, 3), {"groups": 4, "dilation": 2}),
    ((2, 4, 5, 4), (4, 1, 3, 3), {"groups": 4, "stride": 2}),  # depthwise
    ((2, 3, 3, 4, 5), (3, 2, 2, 3, 3), {"stride": (1, 2, 3), "padding": (0, 1, 1)}),
]


def both(name: str, rank: int):
    return getattr(ours, f"{name}{rank}d"), getattr(torch, f"{name}{rank}d")


@pytest.mark.parametrize("x, w, settings", PLAIN)
def test_conv(x, w, settings):
    mine, true = both("conv", len(w) - 2)
    assert_agree(
        lambda *a: mine(*a, **settings), lambda *a: true(*a, **settings), draw(*x), draw(*w),
        draw(w[0]),
    )  # fmt: skip


@pytest.mark.parametrize("x, w, settings", TRANSPOSED)
def test_conv_transpose(x, w, settings):
    mine, true = both("conv_transpose", len(w) - 2)
    assert_agree(
        lambda *a: mine(*a, **settings), lambda *a: true(*a, **settings), draw(*x), draw(*w),
        draw(w[1] * settings.get("groups", 1)),
    )  # fmt: skip


@pytest.mark.parametrize("x, w, settings", [PLAIN[3], PLAIN[5], PLAIN[6]])
def test_gradients_of_gradients(x, w, settings):
    def inner(conv, grad):
        return lambda a, b: grad(lambda q: (conv(q[0], q[1], **settings) ** 3).sum(), (a, b))

    def theirs(a, b):
        y = (torch.conv2d(a, b, **settings) ** 3).sum()
        return torch.autograd.grad(y, (a, b), create_graph=True)

    mine = inner(ours.conv2d, lambda f, q: jax.grad(f)(q))
    assert_agree(mine, theirs, draw(*x), draw(*w) / 4, tolerance=1e-4)


@pytest.mark.parametrize("dtype", ["int64", "int32", "complex64", "float16", "bfloat16"])
def test_types(dtype):
    x, w = (10 * draw(2, 4, 6, 6)).round(), (10 * draw(4, 2, 3, 3)).round()
    with jax.enable_x64():
        mine = ours.conv2d(jnp.asarray(x).astype(dtype), jnp.asarray(w).astype(dtype), groups=2)
        kind = getattr(torch, dtype)
        true = torch.conv2d(torch.tensor(x).to(kind), torch.tensor(w).to(kind), groups=2)
        assert str(mine.dtype) == dtype
        wide = "complex64" if dtype.startswith("complex") else "float32"
        tolerance = {"float16": 1e-3, "bfloat16": 1e-2}.get(dtype, 0)
        close(mine.astype(wide), true.to(getattr(torch, wide)).numpy(), tolerance)


@pytest.mark.parametrize(
    "call",
    [
        "conv2d(R(3, 4), R(4, 3, 3, 3))",
        "conv2d(R(3, 5, 6, 7), R(4, 3, 3, 3))",
        "conv2d(R(2, 8, 8), R(4, 3, 3, 3))",
        "conv2d(R(1, 3, 2, 2), R(4, 3, 3, 3))",
        "conv2d(R(1, 3, 4, 4), R(4, 3, 3, 3), dilation=2)",
        "conv2d(R(1, 3, 4, 4), R(4, 3, 3, 3), padding=-1)",
        "conv2d(R(1, 3, 4, 4), R(4, 3, 3, 3), stride=0)",
        "conv2d(R(1, 3, 4, 4), R(4, 3, 3, 3), dilation=0)",
        "conv2d(R(1, 3, 4, 4), R(4, 3, 3, 3), groups=0)",
        "conv2d(R(1, 3, 4, 4), R(4, 3, 3, 3), padding='same', stride=2)",
        "conv2d(R(1, 3, 4, 4), R(4, 3, 3, 3), padding='foo')",
        "conv2d(R(1, 3, 4, 4), R(4, 3, 3, 3), R(3))",
        "conv2d(R(1, 4, 4, 4), R(1, 2, 3, 3), groups=2)",
        "conv2d(R(1, 4, 4, 4), R(3, 2, 3, 3), groups=2)",
        "conv2d(R(1, 3, 4, 4), R(4, 3, 3, 3), stride=(1, 1, 1))",
        "conv2d(R(1, 3, 4, 4), R(4, 3, 3, 3), padding=(1, 1, 1))",
        "conv1d(R(3, 4, 5, 5), R(4, 3, 3))",
        "conv_transpose2d(R(1, 3, 4, 4), R(4, 3, 3, 3))",
        "conv_transpose2d(R(1, 3, 4, 4), R(3, 4, 3, 3), output_padding=1)",
        "conv_transpose1d(R(1, 3, 4), R(3, 4, 3), output_padding=1)",
        "conv_transpose2d(R(1, 3, 4, 4), R(3, 4, 3, 3), output_padding=-1)",
        "conv_transpose2d(R(1, 3, 1, 1), R(3, 4, 3, 3), padding=(1, 2))",
        "conv_transpose1d(R(1, 3, 1), R(3, 4, 3), padding=2)",
        "conv_transpose2d(R(1, 4, 4, 4), R(4, 3, 3, 3), R(3), groups=2)",
    ],
)
def test_errors(call):
    code = compile(call, "call", "eval")
    names = [n for n in vars(ours) if n.startswith("conv") and n[-1] == "d"]
    assert_same_error(
        lambda: eval(code, {n: getattr(ours, n) for n in names} | {"R": draw}),
        lambda: eval(code, {n: getattr(torch, n) for n in names} | {"R": torch.randn}),
    )
