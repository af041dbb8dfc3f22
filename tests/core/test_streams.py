"""Samples for the same seed, against PyTorch's: same numbers, and same state afterwards."""

import itertools
import warnings

import ml_dtypes
import numpy as np
import pytest

from compat.core import streams
from compat.core.generator import Generator

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

SIZES = [*range(41), 1000, 100_000]
FLOATS = ["float32", "float64", "float16", "bfloat16"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64", "bool"]


def numpy_type(name):
    return np.dtype(getattr(ml_dtypes, name, name))


def to_numpy(tensor):
    if tensor.dtype == torch.bfloat16:
        return tensor.float().numpy().astype(ml_dtypes.bfloat16)
    return tensor.numpy()


class Pair:
    """Two generators, ours and PyTorch's, that must stay in step."""

    def __init__(self, seed):
        self.ours, self.theirs = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)

    def check(self, ours, theirs, ulps=0):
        theirs = to_numpy(theirs)
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        if ulps and ours.dtype.itemsize // (2 if ours.dtype.kind == "c" else 1) == 8:
            np.testing.assert_allclose(ours, theirs, rtol=ulps * 2.3e-16, atol=1e-300)
        else:
            np.testing.assert_array_equal(ours, theirs)
        self.check_state()

    def check_state(self):
        ours = Generator()
        ours.set_state(self.theirs.get_state().numpy())
        spare, self.ours.spare_normal = self.ours.spare_normal, ours.spare_normal
        assert (spare is None) == (ours.spare_normal is None)
        assert spare is None or spare == pytest.approx(ours.spare_normal, rel=1e-14, abs=1e-15)
        assert np.array_equal(self.ours.get_state(), ours.get_state())


@pytest.mark.parametrize("name", FLOATS)
def test_floating_samplers_in_turn(name):
    dtype, torch_dtype = numpy_type(name), getattr(torch, name)
    for size in SIZES:
        pair = Pair(size)
        g, t, n = pair.ours, pair.theirs, (size,)

        def empty(n=n):
            return torch.empty(n, dtype=torch_dtype)

        for low, high in [(0, 1), (-0.3, 1.7), (3, 11), (0.0, 0.01), (2, 2)]:
            expected = empty().uniform_(low, high, generator=t)
            pair.check(streams.uniform(g, n, dtype, low, high), expected, ulps=1)
        for mean, std in [(0, 1), (0, 0.02), (1.5, 3), (1, 0)]:
            expected = empty().normal_(mean, std, generator=t)
            ours = streams.normal(g, n, dtype, mean, std)
            if name == "float64":  # where the sum cancels, an error in the last place is seen
                np.testing.assert_allclose(ours, expected, rtol=1e-14, atol=1e-14)
                pair.check_state()
            else:
                pair.check(ours, expected)
        expected = empty().log_normal_(0.3, 0.5, generator=t)
        pair.check(streams.log_normal(g, n, dtype, 0.3, 0.5), expected, ulps=4)
        expected = empty().exponential_(0.3, generator=t)
        pair.check(streams.exponential(g, n, dtype, 0.3), expected, ulps=2)
        expected = empty().cauchy_(0, 1.5, generator=t)
        pair.check(streams.cauchy(g, n, dtype, 0, 1.5), expected, ulps=4)


@pytest.mark.parametrize("name", FLOATS + INTEGERS)
def test_discrete_samplers_in_turn(name):
    dtype, torch_dtype = numpy_type(name), getattr(torch, name)
    for size in SIZES:
        pair = Pair(size)
        g, t, n = pair.ours, pair.theirs, (size,)
        full = torch.empty(n, dtype=torch_dtype)
        pair.check(streams.random(g, n, dtype), full.random_(generator=t))
        pair.check(streams.integers(g, n, dtype, 0, 2), full.random_(2, generator=t))
        pair.check(streams.bernoulli(g, n, dtype, 0.3), full.bernoulli_(0.3, generator=t))
        if name != "bool":
            pair.check(streams.geometric(g, n, dtype, 0.3), full.geometric_(0.3, generator=t))
        if name in FLOATS:
            p = torch.rand(n).to(torch_dtype)
            expected = torch.bernoulli(p, generator=t)
            pair.check(streams.bernoulli_each(g, to_numpy(p), dtype), expected)
        if name not in ("bool", "bfloat16", "float16", "int8", "uint8", "int16") or size < 100:
            if name != "bool":
                expected = torch.randperm(size, dtype=torch_dtype, generator=t)
                pair.check(streams.permutation(g, size, dtype), expected)


@pytest.mark.parametrize("low, high", [(-7, 100), (0, 2**28), (0, 2**28 - 1), (-(2**40), 2**50),
                                       (-(2**63), 2**63 - 1), (-(2**63), None)])  # fmt: skip
def test_integer_ranges(low, high):
    pair = Pair(1)
    for size in [1, 5, 1000]:
        expected = torch.empty(size, dtype=torch.int64)
        expected.random_(low, high, generator=pair.theirs)
        pair.check(streams.integers(pair.ours, (size,), np.dtype("int64"), low, high), expected)


@pytest.mark.parametrize("name", ["complex64", "complex128"])
def test_complex_samples(name):
    pair = Pair(2)
    for size in [(), (3,), (7, 2), (5, 10)]:
        expected = torch.rand(size, dtype=getattr(torch, name), generator=pair.theirs)
        pair.check(streams.uniform(pair.ours, size, np.dtype(name)), expected)
        expected = torch.randn(size, dtype=getattr(torch, name), generator=pair.theirs)
        pair.check(streams.normal(pair.ours, size, np.dtype(name)), expected, ulps=4)


def test_multinomial():
    pair = Pair(3)
    for name, rows, columns in itertools.product(FLOATS, [None, 1, 4], [1, 2, 17, 300]):
        shape = (columns,) if rows is None else (rows, columns)
        weights = torch.rand(shape).to(getattr(torch, name))
        for count in {1, columns // 2 or 1, columns}:
            ours = streams.multinomial(pair.ours, to_numpy(weights), count, True)
            pair.check(ours, torch.multinomial(weights, count, True, generator=pair.theirs))
            ours = streams.multinomial(pair.ours, to_numpy(weights), count)
            expected = torch.multinomial(weights, count, generator=pair.theirs)
            if name.endswith("16") and count > 1:  # PyTorch orders equal ratios by chance
                assert sorted(ours.ravel()) == sorted(expected.numpy().ravel()) or count < columns
                pair.check_state()
            else:
                pair.check(ours, expected)


@pytest.mark.parametrize("size", [(3, 4), (2, 1, 5), (2, 3, 4, 2), (1, 1, 3), (4, 1)])
def test_tensors_are_filled_in_the_order_of_their_memory(size):
    pair = Pair(4)
    for order, step in itertools.product(itertools.permutations(range(len(size))), [1, 2]):
        wide = torch.empty([step * extent for extent in size])
        tensor = wide[tuple(slice(None, None, step) for _ in size)].permute(order)
        shape, strides = tuple(tensor.shape), tensor.stride()
        plain = tensor.is_contiguous()
        for sampler, fill in [(streams.uniform, tensor.uniform_), (streams.normal, tensor.normal_)]:
            fill(generator=pair.theirs)
            extra = () if sampler is streams.uniform else (0.0, 1.0, plain)

            def draw(shape, sampler=sampler, extra=extra):
                return sampler(pair.ours, shape, np.dtype("float32"), *extra)

            pair.check(streams.in_memory_order(shape, strides, draw), tensor)


def test_dropout_keeps_what_pytorch_keeps():
    torch.manual_seed(6)
    generator = Generator().manual_seed(6)
    for shape, p in [((3, 4), 0.5), ((100,), 0.1), ((7, 50), 0.9)]:
        kept = torch.nn.functional.dropout(torch.ones(shape), p).numpy() != 0
        assert np.array_equal(streams.dropout_mask(generator, shape, p), kept)


F32, I32, U8, F16 = (np.dtype(t) for t in ("float32", "int32", "uint8", "float16"))
REFUSED = [
    (lambda g: streams.uniform(g, (3,), F32, 2, 1), lambda e: e(3).uniform_(2, 1)),
    (lambda g: streams.uniform(g, (3,), I32), lambda e: e(3, dtype=torch.int32).uniform_()),
    (lambda g: streams.uniform(g, (3,), F32, -3e38, 3e38), lambda e: e(3).uniform_(-3e38, 3e38)),
    (lambda g: streams.uniform(g, (3,), F16, 0, 1e6), lambda e: e(3).half().uniform_(0, 1e6)),
    (lambda g: streams.normal(g, (3,), F32, 0, -1), lambda e: e(3).normal_(0, -1)),
    (lambda g: streams.normal(g, (3,), I32), lambda e: e(3).int().normal_()),
    (lambda g: streams.integers(g, (3,), F32, 3, 3), lambda e: e(3).random_(3, 3)),
    (lambda g: streams.integers(g, (3,), U8, 0, 300), lambda e: e(3).byte().random_(0, 300)),
    (lambda g: streams.integers(g, (3,), U8, -1, 3), lambda e: e(3).byte().random_(-1, 3)),
    (lambda g: streams.integers(g, (3,), F16, 0, 70000), lambda e: e(3).half().random_(70000)),
    (lambda g: streams.bernoulli(g, (3,), F32, 1.5), lambda e: e(3).bernoulli_(1.5)),
    (lambda g: streams.bernoulli_each(g, np.array([2.0]), F32),
     lambda e: torch.bernoulli(torch.tensor([2.0]))),
    (lambda g: streams.bernoulli_each(g, np.array([1]), F32),
     lambda e: torch.bernoulli(torch.tensor([1]))),
    (lambda g: streams.exponential(g, (3,), F32, 0), lambda e: e(3).exponential_(0)),
    (lambda g: streams.exponential(g, (3,), I32), lambda e: e(3).int().exponential_()),
    (lambda g: streams.cauchy(g, (3,), F32, 0, 0), lambda e: e(3).cauchy_(0, 0)),
    (lambda g: streams.cauchy(g, (3,), I32), lambda e: e(3).int().cauchy_()),
    (lambda g: streams.log_normal(g, (3,), F32, 0, -1), lambda e: e(3).log_normal_(0, -1)),
    (lambda g: streams.geometric(g, (3,), F32, 1), lambda e: e(3).geometric_(1)),
    (lambda g: streams.permutation(g, -1, I32), lambda e: torch.randperm(-1)),
    (lambda g: streams.permutation(g, 3000, F16), lambda e: torch.randperm(3000, dtype=e(1).half().dtype)),  # noqa: E501
    (lambda g: streams.multinomial(g, np.ones(2), 3), lambda e: torch.multinomial(torch.ones(2), 3)),  # noqa: E501
    (lambda g: streams.multinomial(g, np.zeros(2), 1), lambda e: torch.multinomial(torch.zeros(2), 1)),  # noqa: E501
    (lambda g: streams.multinomial(g, np.array([1.0, -1]), 2, True),
     lambda e: torch.multinomial(torch.tensor([1.0, -1]), 2, True)),
]  # fmt: skip


@pytest.mark.parametrize("ours, theirs", REFUSED)
def test_wrong_parameters_are_refused_alike(ours, theirs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as expected:
            theirs(torch.empty)
        with pytest.raises(expected.type) as got:
            ours(Generator())
    assert str(got.value) == str(expected.value)
