"""Every documented sampler beside PyTorch: from one seed the same numbers, and the same state.

After each draw three more numbers are drawn, which agree only when as much of the stream was used.
Numbers are equal to the bit, or (`ROUNDED`) to the last digits where logarithms, tangents and
matrices enter, whose libraries differ. `CANNOT` names what does not agree, and why.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import compat as ours
from compat.front import sampling

theirs = pytest.importorskip("torch")

SHAPES = [(), (0,), (3,), (15,), (16,), (5, 7), (4, 3, 8)]  # 16 elements are drawn in another way
HALF = ["float16", "bfloat16"]
FLOATS = ["float32", "float64", *HALF]
COMPLEX = ["complex64", "complex128"]
WHOLE = ["int64", "int32", "int16", "int8", "uint8", "bool"]
ROUNDED = {
    "exponential_", "cauchy_", "log_normal_", "_standard_gamma", "_sample_dirichlet",
    "gumbel_softmax", "rrelu", "alpha_dropout", "feature_alpha_dropout", "randn", "randn_like",
    "normal_", "normal of size", "orthogonal_", "trunc_normal_", "kaiming_uniform_", "sparse_",
    "xavier_normal_", "kaiming_normal_", "modules",
}  # fmt: skip
CANNOT = {
    "multinomial of a thousand float16 weights without replacement": "equal keys come in the "
    "order in which PyTorch's partial sort leaves them",
    "dropout by its default": "its mask is drawn inside the program from a key of the stream: "
    "`COMPAT_DROPOUT=stream` follows PyTorch's masks",
    "geometric_ of an empty bool tensor": "PyTorch refuses the type only if there are elements",
}

Sampler = Callable[[Any, tuple[int, ...], Any], Any]


def _in_place(name: str, *settings: Any) -> Sampler:
    return lambda torch, shape, kind: getattr(torch.zeros(shape, dtype=kind), name)(*settings)


def _full(name: str, *values: float) -> Sampler:
    return lambda torch, shape, kind: getattr(torch, name)(
        *[torch.full(shape, value, dtype=kind) for value in values]
    )


def _weights(torch: Any, shape: tuple[int, ...], kind: Any) -> Any:
    return torch.arange(1.0, 1 + int(np.prod(shape))).reshape(shape).to(kind)


SAMPLERS: dict[str, tuple[Sampler, list[str]]] = {
    "rand": (lambda t, n, k: t.rand(n, dtype=k), FLOATS + COMPLEX),
    "randn": (lambda t, n, k: t.randn(n, dtype=k), FLOATS + COMPLEX),
    "rand_like": (lambda t, n, k: t.rand_like(t.empty(n, dtype=k)), FLOATS + COMPLEX),
    "randn_like": (lambda t, n, k: t.randn_like(t.empty(n, dtype=k)), FLOATS + COMPLEX),
    "randint": (lambda t, n, k: t.randint(0, 2, n, dtype=k), FLOATS + WHOLE),
    "randint of wide ranges": (lambda t, n, k: t.randint(-(2**62), 2**62, n), ["int64"]),
    "randint_like": (lambda t, n, k: t.randint_like(t.empty(n, dtype=k), 0, 9), FLOATS),
    "normal of size": (lambda t, n, k: t.normal(1.0, 2.0, n, dtype=k), FLOATS + COMPLEX),
    "normal of tensors": (_full("normal", 1.0, 2.0), FLOATS),
    "normal of means": (lambda t, n, k: t.normal(t.ones(n, dtype=k), 2.0), FLOATS),
    "normal of deviations": (lambda t, n, k: t.normal(1.0, t.ones(n, dtype=k)), FLOATS),
    "bernoulli": (_full("bernoulli", 0.4), FLOATS),
    "bernoulli of p": (lambda t, n, k: t.bernoulli(t.zeros(n, dtype=k), 0.4), FLOATS),
    "poisson": (_full("poisson", 3.5), FLOATS),
    "poisson of high rates": (_full("poisson", 40.0), FLOATS),
    "binomial": (_full("binomial", 20.0, 0.3), FLOATS),
    "binomial of many trials": (_full("binomial", 200.0, 0.4), FLOATS),
    "_standard_gamma": (_full("_standard_gamma", 0.7), FLOATS),
    "_standard_gamma of high shapes": (_full("_standard_gamma", 3.0), FLOATS),
    "_sample_dirichlet": (
        lambda t, n, k: t._sample_dirichlet(t.full((*n, 3), 0.8, dtype=k)), FLOATS,
    ),
    "multinomial": (lambda t, n, k: t.multinomial(_weights(t, (4, 9), k), 3), FLOATS),
    "multinomial of one": (lambda t, n, k: t.multinomial(_weights(t, (4, 9), k), 1), FLOATS),
    "multinomial with replacement": (
        lambda t, n, k: t.multinomial(_weights(t, (4, 9), k), 20, True), FLOATS,
    ),
    "uniform_": (_in_place("uniform_", -1, 2), FLOATS),
    "normal_": (_in_place("normal_", 1.5, 0.5), FLOATS + COMPLEX),
    "exponential_": (_in_place("exponential_", 1.5), FLOATS),
    "cauchy_": (_in_place("cauchy_", 1, 2), FLOATS),
    "log_normal_": (_in_place("log_normal_", 0.3, 0.7), FLOATS),
    "geometric_": (_in_place("geometric_", 0.3), FLOATS + WHOLE[:-1]),
    "random_": (_in_place("random_"), FLOATS + WHOLE),
    "random_ to": (_in_place("random_", 2), FLOATS + WHOLE),
    "random_ from": (_in_place("random_", 0, 2), FLOATS + WHOLE),
    "bernoulli_": (_in_place("bernoulli_", 0.3), FLOATS + WHOLE),
    "bernoulli_ of tensors": (
        lambda t, n, k: t.zeros(n, dtype=k).bernoulli_(t.full(n, 0.4)), FLOATS,
    ),
}  # fmt: skip


def _drawn(torch: Any, sample: Callable[[Any], Any]) -> Any:
    """What a sampler gives, as (type, array) pairs, and what the stream gives next."""
    torch.manual_seed(11)
    try:
        made = sample(torch)
    except Exception as error:
        return type(error).__name__, str(error)
    made = made if isinstance(made, list | tuple) else [made]
    arrays = []
    for one in made:
        wide = one.detach().float() if str(one.dtype) == "torch.bfloat16" else one.detach()
        arrays.append((str(one.dtype), wide.numpy().copy()))
    return arrays, torch.rand(3).tolist()


def _check(sample: Callable[[Any], Any], rounded: bool, what: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mine, expected = _drawn(ours, sample), _drawn(theirs, sample)
    assert mine[1] == expected[1], what
    if isinstance(expected[0], str):
        assert mine[0] == expected[0], what
        return
    for (kind, array), (wanted_kind, wanted) in zip(mine[0], expected[0], strict=True):
        assert kind == wanted_kind and array.shape == wanted.shape, what
        if rounded:
            np.testing.assert_allclose(array, wanted, 1e-4, 1e-6, err_msg=what)
        else:
            np.testing.assert_array_equal(array, wanted, what)


def _kinds(names: list[str]) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    for name in names:
        yield name, lambda torch, name=name: getattr(torch, name)


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampler(name: str) -> None:
    if not hasattr(ours, name.split(" ")[0]) and name.startswith("_"):
        pytest.skip(f"compat does not have torch.{name} yet")
    sampler, kinds = SAMPLERS[name]
    rounded = name in ROUNDED or name.split(" ")[0] in ROUNDED
    for kind, found in _kinds(kinds):
        for shape in SHAPES if "multinomial" not in name else SHAPES[:1]:
            _check(lambda t: sampler(t, shape, found(t)), rounded, f"{name} {kind} {shape}")


@pytest.mark.parametrize("count", [0, 1, 2, 17, 1000])
def test_permutations(count: int) -> None:
    for kind, found in _kinds(["int64", "int32", "int16", "float32", "float64", "bfloat16"]):
        _check(lambda t: t.randperm(count, dtype=found(t)), False, kind)


def test_generators_of_their_own() -> None:
    def draws(torch: Any) -> list[Any]:
        stream = torch.Generator().manual_seed(3)
        return [
            torch.rand(5, generator=stream), torch.randn(20, generator=stream),
            torch.randperm(20, generator=stream), torch.randint(9, (4,), generator=stream),
            torch.multinomial(torch.ones(5), 3, generator=stream),
            torch.bernoulli(torch.full((9,), 0.5), generator=stream),
            torch.empty(7).exponential_(generator=stream),
        ]  # fmt: skip

    _check(draws, True, "a generator")


def test_other_layouts() -> None:
    fillers = ("normal_", "uniform_", "exponential_", "random_")
    for name in fillers:
        _check(lambda t: getattr(t.zeros(5, 8).t(), name)(), True, name)
        _check(lambda t: getattr(t.zeros(40)[::2], name)(), True, name)
    for name in ("rand_like", "randn_like"):
        _check(lambda t: getattr(t, name)(t.zeros(5, 8).t()), True, name)
    _check(lambda t: t.randint_like(t.zeros(5, 8).t(), 9), False, "randint_like")


@pytest.fixture
def following() -> Iterator[None]:
    sampling.follow_stream(True)
    yield
    sampling.follow_stream(False)


DROPOUTS: dict[str, tuple[Callable[[Any], Any], int]] = {
    "dropout": (lambda t: t.nn.functional.dropout, 1),
    "alpha_dropout": (lambda t: t.nn.functional.alpha_dropout, 1),
    "feature_alpha_dropout": (lambda t: t.nn.functional.feature_alpha_dropout, 2),
    "dropout1d": (lambda t: t.nn.functional.dropout1d, 2),
    "dropout2d": (lambda t: t.nn.functional.dropout2d, 3),
    "dropout3d": (lambda t: t.nn.functional.dropout3d, 4),
    "torch.dropout": (lambda t: t.dropout, 1),
    "torch.feature_dropout": (lambda t: t.feature_dropout, 2),
    "torch.native_dropout": (lambda t: t.native_dropout, 1),
}


@pytest.mark.usefixtures("following")
@pytest.mark.parametrize("name", DROPOUTS)
def test_dropouts_that_follow_the_stream(name: str) -> None:
    function, least = DROPOUTS[name]
    for shape in ((17,), (5, 7), (2, 3, 4), (2, 3, 4, 5), (2, 3, 4, 5, 2)):
        if not least <= len(shape) <= (5 if least != 2 or "." in name else 3):
            continue
        for kind, found in _kinds(FLOATS):
            for p in (0.2, 1.0):
                what = f"{name} {kind} {shape} {p}"
                if kind in HALF and "alpha" in name:
                    continue  # rounded in another order
                ones = lambda t: t.ones(shape, dtype=found(t))  # noqa: B023, E731
                _check(lambda t: function(t)(ones(t), p, True), name in ROUNDED, what)


@pytest.mark.usefixtures("following")
def test_other_functions_that_draw() -> None:
    for shape in ((3,), (5, 8), (2, 3, 4)):
        _check(lambda t: t.nn.functional.gumbel_softmax(t.ones(shape)), True, "gumbel_softmax")
        given = lambda t: _weights(t, shape, t.float32) - 5  # noqa: B023, E731
        _check(lambda t: t.nn.functional.rrelu(given(t), 0.1, 0.3, True), True, "rrelu")
    _check(
        lambda t: t.nn.functional.fractional_max_pool2d(
            t.arange(64.0).reshape(1, 1, 8, 8), 2, output_size=3
        ), False, "fractional_max_pool2d",
    )  # fmt: skip
    _check(
        lambda t: t.nn.functional.scaled_dot_product_attention(
            *[_weights(t, (2, 3, 4), t.float32) / 24] * 3, dropout_p=0.5
        ), True, "scaled_dot_product_attention",
    )  # fmt: skip


INITIALISERS: dict[str, tuple[Any, ...]] = {
    "uniform_": (-1, 2), "normal_": (1, 2), "trunc_normal_": (), "xavier_uniform_": (),
    "xavier_normal_": (), "kaiming_uniform_": (), "kaiming_normal_": (), "orthogonal_": (),
    "sparse_": (0.3,),
}  # fmt: skip


@pytest.mark.parametrize("name", INITIALISERS)
def test_initialisers(name: str) -> None:
    for shape in ((3, 4), (16, 20), (8, 4, 3, 3)):
        if name == "sparse_" and len(shape) > 2:
            continue
        for kind, found in _kinds(["float32", "float64"]):
            empty = lambda t: t.empty(shape, dtype=found(t))  # noqa: B023, E731
            settings = INITIALISERS[name]
            _check(lambda t: getattr(t.nn.init, name)(empty(t), *settings), True, f"{name} {kind}")


MODULES = [
    "Linear(5, 7)", "Conv2d(3, 4, 3)", "ConvTranspose1d(2, 3, 4)", "LSTM(5, 6)", "GRUCell(3, 4)",
    "Embedding(7, 5)", "EmbeddingBag(7, 5)", "Bilinear(3, 4, 5)", "MultiheadAttention(8, 2)",
    "Transformer(8, 2, 1, 1, 16)",
]  # fmt: skip


@pytest.mark.parametrize("written", MODULES)
def test_modules_as_made(written: str) -> None:
    def parameters(torch: Any) -> list[Any]:
        return list(eval(f"torch.nn.{written}", {"torch": torch}).parameters())

    _check(parameters, True, written)
