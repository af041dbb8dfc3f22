"""Batches of all kinds of samples, against PyTorch."""

from collections import Counter, OrderedDict, namedtuple

import numpy as np

from tests.support.both import both

Pair = namedtuple("Pair", "a b")


@both
def test_batches(torch, note):
    data = torch.utils.data
    x = torch.arange(3.0)
    for batch in (
        [1, 2], [1.0, 2.0], [True, False], ["a", "b"], [b"a"], [x, x], [x[:1], x], [None, None],
        [np.float32(1), np.float32(2)], [np.int64(3), np.int64(4)], [np.array(3), np.array(4)],
        [np.ones(2), np.zeros(2)], [np.ones(1), np.ones(2)], [np.ones(2, np.float16)],
        [np.ones(2, bool)], [np.array("a")], [{"a": 1, "b": x}, {"a": 2, "b": x}],
        [{"a": 1}, {"b": 1}], [OrderedDict(a=1)], [Counter(a=1)], [Pair(1, 2.0), Pair(3, 4.0)],
        [(1, "x"), (2, "y")], [[1, 2], [3, 4]], [[1], [1, 2]], [range(2), range(2)], [2**40, 1],
        [object], [], [{"a": [x, (1, "s")]}, {"a": [x, (2, "t")]}],
    ):  # fmt: skip
        note(lambda: data.default_collate(batch))
        note(lambda: data.default_convert(batch))
