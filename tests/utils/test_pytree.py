"""Nested containers are flattened and restored as PyTorch does it."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from typing import Any

import pytest

from compat.utils import _pytree as ours

theirs = pytest.importorskip("torch.utils._pytree")

Point = namedtuple("Point", "x y")
TREES: list[Any] = [
    3, None, [1, (2, None), {"b": 3, "a": [4]}], Point(1, [2, 3]), {},
    OrderedDict(z=1, a=2), defaultdict(list, k=[1, 2]), deque([1, 2], maxlen=3), {2: 1, "a": 2},
]  # fmt: skip


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_there_and_back(tree: Any) -> None:
    leaves, structure = ours.tree_flatten(tree)
    assert leaves == theirs.tree_flatten(tree)[0]
    assert structure.num_leaves == len(leaves)
    again = ours.tree_unflatten(leaves, structure)
    assert again == tree and type(again) is type(tree)
    assert ours.tree_map(lambda one: [one], tree) == theirs.tree_map(lambda one: [one], tree)


def test_a_type_of_a_librarys_own() -> None:
    class Box:
        def __init__(self, inside: Any) -> None:
            self.inside = inside

    assert ours.tree_leaves(Box(1))[0].inside == 1
    ours.register_pytree_node(Box, lambda box: ([box.inside], ["rest"]), lambda one, _: Box(*one))
    assert ours.tree_leaves({"a": Box([1, 2])}) == [1, 2]
    assert ours.tree_map(lambda one: one + 1, Box(1)).inside == 2
    with pytest.raises(ValueError, match="has length 1 but the spec refers to a pytree that holds"):
        ours.tree_unflatten([1], ours.tree_structure([1, 2]))
