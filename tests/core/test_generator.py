"""The generator's stream and saved state, against PyTorch's."""

import copy
import pickle

import numpy as np
import pytest

from compat.core.generator import Generator, manual_seed

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


def same_state(ours, theirs):
    return np.array_equal(ours.get_state(), theirs.get_state().numpy())


@pytest.mark.parametrize("seed", [0, 1, -1, 2**32 + 5, 2**63, 2**64 - 1, -(2**63)])
def test_a_seed_gives_pytorchs_state(seed):
    ours, theirs = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    assert same_state(ours, theirs)
    assert ours.initial_seed() == theirs.initial_seed()


def test_a_new_generator_is_pytorchs():
    assert same_state(Generator(), torch.Generator())


@pytest.mark.parametrize("seed", [1.0, True, "a", 2**64, -(2**63) - 1])
def test_wrong_seeds_are_refused_alike(seed):
    with pytest.raises((RuntimeError, ValueError)) as theirs:
        torch.Generator().manual_seed(seed)
    with pytest.raises(theirs.type) as ours:
        Generator().manual_seed(seed)
    assert str(ours.value) == str(theirs.value)


def test_states_are_exchanged_in_both_directions_at_every_position():
    ours, theirs = Generator().manual_seed(3), torch.Generator().manual_seed(3)
    for count in [0, 1, 2, 3, 5, 15, 600, 623, 624, 625, 1, 1249]:
        words = torch.empty(count, dtype=torch.int32).random_(generator=theirs).numpy()
        assert np.array_equal(ours.words(count) & 0x7FFFFFFF, words)
        assert same_state(ours, theirs)
        torch.randn(1, generator=theirs)  # leaves a sample in reserve
        ours.set_state(theirs.get_state().numpy())
        assert same_state(ours, theirs)
        theirs.set_state(torch.from_numpy(ours.get_state()))
        assert ours.spare_normal == pytest.approx(torch.randn(1, generator=theirs).item())
        ours.spare_normal = None


@pytest.mark.parametrize(
    "state", [np.zeros(3, np.uint8), np.zeros(5056, np.uint8), np.zeros(5056, np.float32)]
)
def test_wrong_states_are_refused_alike(state):
    with pytest.raises((RuntimeError, TypeError)) as theirs:
        torch.Generator().set_state(torch.from_numpy(state))
    with pytest.raises(theirs.type) as ours:
        Generator().set_state(state)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, Generator.clone_state,
                                       lambda g: pickle.loads(pickle.dumps(g))])  # fmt: skip
def test_a_copy_goes_its_own_way(duplicate):
    generator = Generator().manual_seed(1)
    twin = duplicate(generator)
    assert np.array_equal(twin.words(700), generator.words(700))
    twin.words(1)
    assert not np.array_equal(twin.get_state(), generator.get_state())


def test_single_draws_and_keys_come_from_the_same_stream():
    one, many = manual_seed(5), Generator().manual_seed(5)
    assert [one.word(), one.word()] == many.words(2).tolist()
    assert one.long_word() == int(many.long_words(1)[0])
    assert np.array_equal(one.key(), many.words(2))
    one.seed()
    assert one.initial_seed() != 5
