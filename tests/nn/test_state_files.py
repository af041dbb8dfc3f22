"""The state of every layer of PyTorch's module database, through files, both ways."""

import io

import numpy as np
import pytest

import compat

oracle = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]


def _entries():
    from torch.testing._internal.common_modules import module_db

    return {one.name.removeprefix("nn."): one for one in module_db}


ENTRIES = _entries()


def _through_a_file(writer, reader, what, **settings):
    file = io.BytesIO()
    writer.save(what, file)
    file.seek(0)
    return reader.load(file, **settings)


def _arrays(state):
    return {key: one.numpy() for key, one in state.items() if hasattr(one, "numpy")}


def _same(ours, theirs):
    mine, yours = _arrays(ours), _arrays(theirs)
    assert list(ours) == list(theirs)
    for key, array in yours.items():
        assert mine[key].dtype == array.dtype
        np.testing.assert_array_equal(mine[key], array, err_msg=key)


def _example(entry):
    """A module of the entry's class with other numbers than a fresh one has."""
    sample = next(
        iter(entry.module_inputs_func(
            entry, device="cpu", dtype=oracle.float32, requires_grad=False, training=True
        ))
    )  # fmt: skip
    given = sample.constructor_input
    made = entry.module_cls(*given.args, **given.kwargs)
    if "Lazy" in entry.name:
        made(*sample.forward_input.args, **sample.forward_input.kwargs)
    for one in made.state_dict().values():
        if one.is_floating_point():
            one.uniform_(-1, 1)
    return made


@pytest.mark.parametrize("name", ENTRIES)
def test_state_through_files(name):
    oracle.manual_seed(0)
    theirs = _example(ENTRIES[name])
    ours = _through_a_file(oracle, compat, theirs, weights_only=False)  # the module itself
    assert type(ours).__name__ == type(theirs).__name__
    assert type(ours).__module__.startswith("compat_nn")
    _same(ours.state_dict(), theirs.state_dict())
    with compat.no_grad(), oracle.no_grad():
        for one in ours.state_dict().values():
            if one.is_floating_point():
                one.mul_(2)
        theirs.load_state_dict(_through_a_file(compat, oracle, ours.state_dict()))
        _same(ours.state_dict(), theirs.state_dict())
        for one in theirs.state_dict().values():
            if one.is_floating_point():
                one.mul_(2)
        ours.load_state_dict(_through_a_file(oracle, compat, theirs.state_dict()))
    _same(ours.state_dict(), theirs.state_dict())
