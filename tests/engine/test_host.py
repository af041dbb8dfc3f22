"""What the host computes is what XLA computes: each rule beside the compiled program."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import compat as torch
from compat.engine.host import Unsupported, plain, translated
from compat.engine.host.rules import POINTWISE, RULES

SOURCE = np.random.RandomState(0)
FLOATS = np.array([0.0, -0.0, 1.0, -1.5, 2.5, 0.5, 1e-3, np.inf, -np.inf, np.nan, 7.0, -3.0], "f")
WHOLE = np.array([0, 1, -1, 5, -7, 100, 3, -128, 127, 2, 64, -2], np.int32)


def check(function: Callable[..., Any], *arrays: Any) -> None:
    """The translation gives what the compiled function does: values, types, memory of its own."""
    given = [np.asarray(one) for one in arrays]
    with jax.enable_x64(True):
        program = jax.jit(function).trace(*given).jaxpr
        expected = jax.tree.leaves(jax.jit(function)(*given))
    before = [one.copy() for one in given]
    with np.errstate(all="ignore"):
        made = translated(pickle.loads(pickle.dumps(plain(program))))[0](*given)
    for mine, theirs in zip(made, expected, strict=True):
        assert type(mine) is np.ndarray and mine.flags.c_contiguous
        assert mine.dtype == theirs.dtype and mine.shape == theirs.shape
        np.testing.assert_allclose(mine, np.asarray(theirs), rtol=2e-5, atol=1e-6)
        assert not any(np.shares_memory(mine, one) for one in given)
    for one, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(one, copy)


UNARY = [
    lax.neg, lax.abs, lax.sign, lax.floor, lax.ceil, lax.sqrt, lax.rsqrt, lax.cbrt, lax.square,
    lax.exp, lax.exp2, lax.log, lax.expm1, lax.log1p, lax.sin, lax.cos, lax.tan, lax.asin,
    lax.acos, lax.atan, lax.sinh, lax.cosh, lax.tanh, lax.asinh, lax.acosh, lax.atanh,
    lax.logistic, lax.erf, lax.erfc, lax.erf_inv, lax.lgamma, lax.digamma, lax.is_finite,
    lambda x: lax.integer_pow(x, 3), lambda x: lax.integer_pow(x, -1),
    lambda x: lax.integer_pow(x, -2), lambda x: lax.integer_pow(x, 0), jnp.round,
    lambda x: lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO),
    lambda x: lax.stop_gradient(x) + 1, jnp.array, lambda x: lax.convert_element_type(x, bool),
]  # fmt: skip


@pytest.mark.parametrize("function", UNARY, ids=lambda f: getattr(f, "__name__", "f"))
def test_functions_of_one(function: Any) -> None:
    numbers = FLOATS[2:] if function is lax.digamma else FLOATS  # JAX's versions differ at zero
    for kind in (np.float32, np.float64):
        check(function, numbers.astype(kind))
        check(function, FLOATS.astype(kind)[2])
        check(function, np.zeros((0, 3), kind))


COMPLEX = [lax.neg, lax.abs, lax.exp, lax.log, lax.sin, lax.sqrt, lax.tanh, lax.real, lax.imag,
           lax.conj, lax.logistic, lax.square]  # fmt: skip


@pytest.mark.parametrize("function", COMPLEX, ids=lambda f: f.__name__)
def test_functions_of_a_complex_number(function: Any) -> None:
    check(function, (SOURCE.randn(7) + 1j * SOURCE.randn(7)).astype(np.complex64))


BINARY = [lax.add, lax.sub, lax.mul, lax.div, lax.rem, lax.max, lax.min, lax.eq, lax.ne, lax.lt,
          lax.le, lax.gt, lax.ge]  # fmt: skip


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.__name__)
def test_functions_of_two(function: Any) -> None:
    check(function, FLOATS, np.roll(FLOATS, 5))
    for kind in (np.int8, np.int32, np.int64, np.uint8):
        check(function, WHOLE.astype(kind), np.roll(WHOLE, 5).astype(kind))


def test_bits() -> None:
    for kind in (np.int32, np.uint8, np.int64):
        one, other = WHOLE.astype(kind), np.roll(WHOLE, 3).astype(kind)
        for function in (lax.bitwise_and, lax.bitwise_or, lax.bitwise_xor):
            check(function, one, other)
        for function in (lax.bitwise_not, lax.population_count):
            check(function, one)
        shift = np.arange(12).astype(kind) % 8
        for function in (lax.shift_left, lax.shift_right_logical, lax.shift_right_arithmetic):
            check(function, one, shift)
    check(lambda x: lax.bitcast_convert_type(x, np.int32), FLOATS)
    check(lambda x: lax.bitcast_convert_type(x, np.uint8), WHOLE)
    check(lambda x: lax.bitcast_convert_type(x, np.float32), WHOLE.view(np.uint8).reshape(12, 4))


def test_others_of_several() -> None:
    positive = np.abs(FLOATS)
    check(lax.pow, positive, np.roll(FLOATS, 4))
    check(lax.pow, positive[2:], (WHOLE % 5)[2:])
    check(lax.atan2, FLOATS, np.roll(FLOATS, 4))
    check(lax.nextafter, FLOATS, np.roll(FLOATS, 4))
    check(lambda x: lax.clamp(np.float32(-1), x, np.float32(1)), FLOATS)
    check(lambda w, x, y: jnp.where(w, x, y), FLOATS > 0, FLOATS, -FLOATS)
    check(lambda w, x: lax.select_n(w, x, x + 1, x + 2), np.arange(12, dtype=np.int32) % 3, FLOATS)
    check(lax.complex, FLOATS[:7], FLOATS[1:8])


X = SOURCE.randn(3, 4, 5).astype("f")
SHAPES: dict[str, Any] = {
    "reshape": lambda x: x.reshape(5, 12), "transpose": lambda x: x.transpose(2, 0, 1),
    "turned": lambda x: lax.reshape(x, (5, 12), (2, 0, 1)),
    "product": lambda x: jax.grad(lambda y: jnp.prod(y, (1,)).sum())(x),
    "slice": lambda x: x[1:, ::2, 1:4], "reverse": lambda x: lax.rev(x, (0, 2)),
    "squeeze": lambda x: x[:1].squeeze(0), "expand": lambda x: x[:, None] + 0,
    "broadcast": lambda x: jnp.broadcast_to(x[0, 0], (2, 3, 5)),
    "thin": lambda x: (x - x.max(-1, keepdims=True)) / x.sum(-1, keepdims=True),
    "thin_twice": lambda x: jnp.broadcast_to(x[0], (3, 4, 5)) * jnp.broadcast_to(x[1], (3, 4, 5)),
    "concatenate": lambda x: jnp.concatenate([x, x[:, :2]], 1),
    "split": lambda x: jnp.split(x, 5, 2),
    "stack": lambda x: jnp.stack([x, x + 1], 1),
    "unstack": lambda x: [*lax.unstack(x, axis=1)] if hasattr(lax, "unstack") else [*x],
    "pad": lambda x: lax.pad(x, np.float32(7), ((1, 2, 1), (-1, 0, 2), (0, -2, 0))),
    "pad_away": lambda x: lax.pad(x, np.float32(7), ((-3, 1, 0), (0, 0, 0), (-6, 2, 0))),
    "pad_cut": lambda x: lax.pad(x, np.float32(7), ((-2, -1, 2), (-3, -2, 1), (3, -2, 0))),
    "iota": lambda x: x + lax.broadcasted_iota(np.float32, x.shape, 1),
    "constant": lambda x: jnp.arange(4),
    "sum": lambda x: (x.sum(), x.sum(1), x.sum((0, 2))),
    "prod": lambda x: x.prod(1), "max": lambda x: (x.max(), x.min(0)),
    "any": lambda x: ((x > 0).any(1), (x > -9).all()),
    "argmax": lambda x: (x.argmax(1), x.argmin(0)),
    "cumsum": lambda x: (x.cumsum(1), lax.cumsum(x, 2, reverse=True)),
    "cumprod": lambda x: lax.cumprod(x, 0), "cummax": lambda x: lax.cummax(x, 1, reverse=True),
    "cummin": lambda x: lax.cummin(x, 0), "sort": lambda x: jnp.sort(x, 1),
    "argsort": lambda x: jnp.argsort(x, axis=0),
    "sort_two": lambda x: lax.sort([jnp.round(x), -x, x], dimension=1, num_keys=2),
    "dot": lambda x: x[0] @ x[1].T, "batched": lambda x: jnp.einsum("bij,bkj->bik", x, x),
    "outer": lambda x: jnp.einsum("i,j->ij", x[0, 0], x[1, :, 0]),
    "vector": lambda x: x @ x[0, 0],
    "mixed": lambda x: jnp.einsum("abc,cbd->ad", x, x.transpose(2, 1, 0)),
    "whole_dot": lambda x: (x * 9).astype(int)[0] @ (x * 9).astype(int)[1].T,
    "condition": lambda x: jax.jit(lambda y: jnp.maximum(y, 0))(x),
    "softmax": lambda x: jax.grad(lambda y: (jax.nn.log_softmax(y) ** 2).sum())(x),
    "scan": lambda x: lax.scan(lambda c, r: (c + r, c * r), x[0], x),
    "scan_back": lambda x: lax.scan(lambda c, r: (c + r, c * r), x[0], x, reverse=True),
    "same_twice": lambda x: (x, x, x + 1),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_and_reductions(name: str) -> None:
    try:
        check(SHAPES[name], X)
    except Unsupported:
        if not name.startswith("scan"):
            raise
        pytest.skip("newer versions of JAX do not show how many constants a scan has")


def test_not_a_number_in_reductions() -> None:
    x = np.stack([FLOATS, np.roll(FLOATS, 3)])
    check(lambda x: (x.max(1), x.min(1), x.argmax(1), x.argmin(1), jnp.sort(x)), x)
    check(lambda x: (x.sum(1), x.max(1, initial=0)), np.zeros((3, 0), "f"))


def test_long_sums_keep_their_digits() -> None:
    x = SOURCE.rand(40_000, 2).astype("f")
    with jax.enable_x64(True):
        made = translated(plain(jax.jit(lambda x: (x.sum(0), x.cumsum(0))).trace(x).jaxpr))[0](x)
    np.testing.assert_allclose(made[0], x.astype("d").sum(0), rtol=1e-6)
    np.testing.assert_allclose(made[1], x.astype("d").cumsum(0), rtol=1e-6)


@pytest.mark.parametrize("mode", ["clip", "fill", "promise_in_bounds"])
def test_indices_in_and_out_of_range(mode: Any) -> None:
    index = np.array([[0, 2], [1, 1]]) if mode == "promise_in_bounds" else (
        np.array([[0, 5], [-9, 1]])
    )
    new = SOURCE.randn(2, 2, 4, 5).astype("f")
    check(lambda x, i: x.at[i].get(mode=mode, wrap_negative_indices=False), X, index)
    check(lambda x, i: x.at[:, i].get(mode=mode, wrap_negative_indices=False), X, index)
    check(lambda x, i: x.at[i, i].get(mode=mode), X, index)
    check(lambda x, i: x.at[0, 0, 0].get(mode=mode) + i[0, 0], X, index)
    for put in ("set", "add", "mul", "min", "max"):
        if put == "set":  # which of several writes to one place stays is open
            unique = np.array([[0, 2], [1, -7 if mode == "fill" else 1]])[:1]
            check(lambda x, i, n: x.at[i].set(n[:1], mode=mode), X, unique, new)
            continue
        check(lambda x, i, n, put=put: getattr(x.at[i], put)(n, mode=mode), X, index, new)
        check(lambda x, i, n, put=put: getattr(x.at[:, i, 2], put)(n[0, 0, 0, 0], mode=mode),
              X, index, new)  # fmt: skip
    check(lambda x, i: jnp.take_along_axis(x[:, :2, 0], i, 0, mode=mode), X, index)
    check(lambda x, i: x.at[0, 0, 0].add(2.0, mode=mode)[i[0, 0] * 0], X, index)


def test_moving_windows_stay_inside() -> None:
    for start in (-3, 0, 1, 9):
        at = np.int64(start)
        check(lambda x, a: lax.dynamic_slice(x, (a, a, 0), (2, 2, 5)), X, at)
        check(lambda x, a: lax.dynamic_update_slice(x, x[:2, :2] * 0, (a, a, 0)), X, at)


def test_what_has_no_translation_says_so() -> None:
    half = jax.ShapeDtypeStruct((3,), jnp.bfloat16)
    with pytest.raises(Unsupported, match="bfloat16"):
        translated(plain(jax.jit(lambda x: x + 1).trace(half).jaxpr))
    with pytest.raises(Unsupported, match="cholesky"):
        translated(plain(jax.jit(jnp.linalg.cholesky).trace(np.eye(3, dtype="f")).jaxpr))


def test_every_rule_is_one_of_jax() -> None:
    """A rule under a name that JAX does not use would never be met."""
    import jax._src.lax.lax as primitives
    from jax.extend.core import Primitive

    known = {one.name for one in vars(primitives).values() if isinstance(one, Primitive)}
    for module in ("slicing", "ann", "special", "control_flow.loops"):
        found = __import__(f"jax._src.lax.{module}", fromlist=["x"])
        known |= {one.name for one in vars(found).values() if isinstance(one, Primitive)}
    from jax._src import ad_util

    known |= {one.name for one in vars(ad_util).values() if isinstance(one, Primitive)}
    assert {*POINTWISE, *RULES} <= known | {"cumsum", "cumprod", "cummax", "cummin"}


def test_a_section_of_small_entries_compiles_nothing() -> None:
    before = torch.stats()
    for n in range(3, 23):
        x = torch.arange(float(n), requires_grad=True)
        y = (torch.tanh(x.view(1, n) @ torch.ones(n, 2)) * x[:2]).softmax(1)
        y.pow(2).sum().backward()
        assert x.grad is not None and bool(torch.isfinite(x.grad).all())
    after = torch.stats()
    assert after["compiles"] == before["compiles"]
    assert after["on_host"] > before.get("on_host", 0)


def test_a_section_run_often_gives_the_same() -> None:
    """After some runs it is one function, in which what has no translation is launched."""
    x = torch.eye(3) * 2 + torch.ones(3, 3)
    seen = []
    for k in range(45):
        low = torch.linalg.cholesky(x * (1 + k % 2))
        first, rest = low[0], (low @ low.T - x).abs().sum()
        seen.append((first.sum() + rest).item())
    assert seen[2:] == pytest.approx((seen[:2] * 22)[: len(seen) - 2], rel=1e-6)
    assert not isinstance(low._storage.value.array, np.ndarray)  # it stays on the device


def test_an_op_that_leaves_the_host_keeps_its_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is compiled when the section, run often already, becomes one function again."""
    from compat.engine import single

    x = torch.linspace(0, 1, 30_000, dtype=torch.float64)
    monkeypatch.setattr(single, "COMPILE", 1e9)
    for turn in range(single.JOINED + 8):
        if turn == single.JOINED + 4:
            monkeypatch.setattr(single, "COMPILE", 0.0)
        small = (x[:3] + 1) * 2 - 1
        last = (x.erfinv().tanh()[:9].sum() + small.sum()).item()
    assert last == pytest.approx((x[:9].erfinv().tanh().sum() + 3 + 2 * x[:3].sum()).item())


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_arrays_of_one_element(shape: tuple[int, ...]) -> None:
    """They are carried as scalars, without a shape, until somebody needs it."""
    for number in (2.5, -1.5, np.inf, np.nan):
        x, y = np.full(shape, number, "f"), np.full(shape, 1.5, "f")
        for function in UNARY:
            check(function, x)
        for function in BINARY:
            check(function, x, y)
        check(lambda x, y: jnp.where(x > y, x, y + 1).reshape(1, 1, 1) @ jnp.ones((1, 1, 3)), x, y)
        check(lambda x, y: (x.sum(), y.reshape(1), jnp.broadcast_to(x, (2, 1, 1)) * y), x, y)
        check(lambda x, y: lax.concatenate([x.reshape(1), (y * 2).reshape(1)], 0), x, y)
        check(lambda x, y: lax.clamp(y - 1, x, y), x, y)
    for function in BINARY:
        check(function, np.full(shape, -7, np.int32), np.full(shape, 2, np.int32))


@pytest.mark.parametrize("mode", ["clip", "fill"])
@pytest.mark.parametrize("at", [1, 7, -9])
def test_one_window_and_rows(mode: Any, at: int) -> None:
    one, rows = np.array(at), np.array([at, 0, 2, 0])
    for index in (one, one[None], one[None, None], rows):
        for cut in (lambda i: i, lambda i: (slice(None), i), lambda i: (..., i)):
            check(lambda x, i, cut=cut: x.at[cut(i)].get(mode=mode), X, index)
            for put in ("add", "max"):
                check(
                    lambda x, i, cut=cut, put=put: getattr(x.at[cut(i)], put)(2.5, mode=mode),
                    X, index,
                )  # fmt: skip
    check(lambda x, i: x.at[i].set(2.5, mode=mode), X, one)
    check(lambda x, i: x.reshape(()).at[()].add(i), X[:1, :1, :1], one)


def test_views_and_products_that_cost_nothing() -> None:
    empty = np.zeros((3, 0, 5), "f")
    check(lambda x: lax.concatenate([empty, x, empty], 1), X)
    check(lambda x: lax.concatenate([empty, empty], 1), X)
    check(lambda x: (x[0].T @ x[1]).T, X)
    check(lambda x: ((x[0] @ x[1].T).T, x[0] @ x[1].T), X)
    check(lambda x: (x @ x[0, 0]).T, X)  # two dimensions, but of one operand
    check(lambda x: x[:1].sum(0) + x[:1].max(0), X)
    check(lambda x: x.transpose(1, 0, 2), X[:, :1])


def test_nothing_is_computed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setitem(POINTWISE, "exp", lambda x: calls.append(0) or np.exp(x))
    check(lambda x: (jnp.exp(x) + jnp.exp(x), jnp.exp(x).sum()), X)
    assert len(calls) == 1
