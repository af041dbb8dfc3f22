"""The text of tensors, against PyTorch's."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat.core import dtype as types
from compat.core.device import device
from compat.front import printing

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

OPTIONS = [
    {"profile": "default"}, {"profile": "short"}, {"profile": "full"}, {"sci_mode": True},
    {"sci_mode": False}, {"precision": 2}, {"linewidth": 30}, {"threshold": 5, "edgeitems": 1},
    {"threshold": 3, "edgeitems": 2, "linewidth": 40, "precision": 1},
]  # fmt: skip


@pytest.fixture(autouse=True)
def usual_options():
    yield
    for library in (torch, printing):
        library.set_printoptions(profile="default")


def ours(tensor, **facts):
    """Our text for PyTorch's tensor."""
    values = tensor.detach()
    dtype = types.DTYPES[str(tensor.dtype).removeprefix("torch.")]
    if tensor.dtype == torch.bfloat16:
        values = values.float().numpy().astype(ml_dtypes.bfloat16)
    elif tensor.device.type != "meta":
        values = values.resolve_conj().numpy()
    return printing.tensor_str(lambda block: values[block], tensor.shape, dtype, **facts)


def set_both(options):
    for library in (torch, printing):
        library.set_printoptions(profile="default")
        library.set_printoptions(**options)


NUMBERS = st.one_of(
    st.floats(width=32),
    st.integers(-2000, 2000).map(float),
    st.sampled_from([0.0, -0.0, 1e8, 1e-4, 1000.0, 99999999.0, 1e10, float("nan"), float("inf")]),
    st.floats(-10, 10, width=32),
)
FLOATING = ["float32", "float64", "float16", "bfloat16", "complex64", "complex128"]
WHOLE = ["int64", "int32", "uint8", "bool", "int16", "uint16"]


@st.composite
def tensors(draw):
    shape = draw(st.lists(st.integers(0, 7), max_size=4))
    count = int(np.prod(shape))
    name = draw(st.sampled_from(FLOATING + WHOLE))
    if name in FLOATING:
        pool = draw(st.lists(NUMBERS, min_size=1, max_size=6))
    else:
        pool = draw(st.lists(st.integers(0, 120), min_size=1, max_size=6))
    order = np.random.RandomState(draw(st.integers(0, 99))).randint(len(pool), size=(count, 2))
    picked = [pool[i] if "complex" not in name else complex(pool[i], pool[j]) for i, j in order]
    return torch.tensor(picked, dtype=getattr(torch, name)).reshape(shape)


@settings(max_examples=400, deadline=None)
@given(tensors(), st.sampled_from(OPTIONS))
def test_elements(tensor, options):
    set_both(options)
    assert ours(tensor) == repr(tensor)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", ["float32", "int64", "complex64", "bool"])
@pytest.mark.parametrize("shape", [(1001,), (1000,), (30, 60), (3, 500), (500, 3), (2, 2, 400),
                                   (7, 8, 9, 10), (40,), (0, 3), (2000, 1)])  # fmt: skip
def test_long_tensors(shape, name, options):
    set_both(options)
    tensor = (torch.rand(shape) * 100).to(getattr(torch, name))
    assert ours(tensor) == repr(tensor)


def test_only_the_edges_of_a_summary_are_taken():
    taken = []

    def take(block):
        taken.append(np.zeros((1000, 1000), np.float32)[block])
        return taken[-1]

    printing.tensor_str(take, (1000, 1000), types.float32)
    assert sum(part.size for part in taken) == 36


@pytest.mark.parametrize("shape", [(), (1,), (6,), (7,), (20,), (8, 1), (3, 0)])
@pytest.mark.parametrize("name", ["float32", "float64", "complex128"])
def test_what_follows_the_elements(shape, name):
    for linewidth in [80, *range(10, 110)]:
        set_both({"linewidth": linewidth})
        leaf = torch.ones(shape, dtype=getattr(torch, name), requires_grad=True)
        assert ours(leaf, requires_grad=True) == repr(leaf)
        assert ours(leaf, requires_grad=True, grad_fn="MulBackward0") == repr(leaf * 1)
        meta = torch.empty(shape, dtype=getattr(torch, name), device="meta")
        assert ours(meta, device=device("meta")) == repr(meta)


def test_the_default_type_is_not_named():
    some = [torch.tensor([1.5]), torch.tensor([1.5]).double(), torch.tensor([1j]),
            torch.tensor([1j], dtype=torch.complex128), torch.empty(0), torch.empty(0, 2),
            torch.empty(0, dtype=torch.int64), torch.ones(2).long(), torch.ones(2).bool(),
            torch.empty(2, dtype=torch.int32, device="meta")]  # fmt: skip
    for tensor in some:
        place = device(tensor.device.type)
        assert ours(tensor, device=place) == repr(tensor)
        torch.set_default_dtype(torch.float64)
        types.set_default_dtype(types.float64)
        try:
            assert ours(tensor, device=place) == repr(tensor)
        finally:
            torch.set_default_dtype(torch.float32)
            types.set_default_dtype(types.float32)


def test_other_devices_and_classes_are_named():
    class Sub(torch.Tensor):
        pass

    tensor = torch.ones(12)
    assert ours(tensor, class_name="Sub") == repr(tensor.as_subclass(Sub))
    assert ours(tensor[:2], device=device("cuda", 1)) == "tensor([1., 1.], device='cuda:1')"


@pytest.mark.parametrize("value, spec", [(3.14159, ".2f"), (3, "5d"), (True, ""), (1 + 2j, "")])
def test_a_tensor_without_dimensions_is_formatted_as_a_number(value, spec):
    tensor = torch.tensor(value)
    assert printing.formatted(tensor, spec) == format(tensor, spec)


def test_options_hold_for_a_while():
    before = printing.get_printoptions()
    with printing.printoptions(precision=2):
        assert printing.get_printoptions()["precision"] == 2
    assert printing.get_printoptions() == before
