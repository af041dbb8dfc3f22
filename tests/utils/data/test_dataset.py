"""Data sets and their splits, against PyTorch."""

from tests.support.both import both


def rows(torch):
    return torch.utils.data.TensorDataset(torch.arange(10.0), torch.arange(20).reshape(10, 2))


def stream(torch):
    class Stream(torch.utils.data.IterableDataset):
        def __init__(self, count):
            self.count = count

        def __iter__(self):
            return iter(range(self.count))

    return Stream


@both
def test_data_sets(torch, note):
    data, ten, Stream = torch.utils.data, rows(torch), stream(torch)
    joined = data.ConcatDataset([ten, data.Subset(ten, [1, 2])])
    pairs = data.StackDataset(ten, ten.tensors[1])
    named = data.StackDataset(a=ten, b=ten.tensors[1])
    some = data.Subset(ten, [5, 6, 7])
    for step in (
        lambda: ten[3], lambda: ten[2:4], lambda: len(ten), lambda: len(ten + ten),
        lambda: data.TensorDataset(torch.ones(2), torch.ones(3)), lambda: data.Dataset()[0],
        lambda: len(data.Dataset()), lambda: (len(joined), joined[10], joined[-1]),
        lambda: joined.cummulative_sizes, lambda: joined[12], lambda: joined[-13],
        lambda: data.ConcatDataset([]), lambda: data.ConcatDataset([Stream(2)]),
        lambda: list(Stream(3) + Stream(2)), lambda: len(Stream(3) + Stream(2)),
        lambda: list(data.ChainDataset([ten])), lambda: Stream(3)[0],
        lambda: (len(pairs), pairs[2], named[1]), lambda: pairs.__getitems__([1, 2]),
        lambda: named.__getitems__([0]), lambda: data.StackDataset(ten, b=ten),
        lambda: data.StackDataset(), lambda: data.StackDataset(ten, [1]),
        lambda: (some[1], some[[0, 2]], len(some), some.__getitems__([0, 1])),
    ):  # fmt: skip
        note(step)


@both
def test_random_split(torch, note):
    data, ten = torch.utils.data, rows(torch)
    torch.manual_seed(0)
    for lengths in (
        [7, 3], [0.35, 0.35, 0.3], [5, 4], [0.95, 0.05], [0.5, 0.4], [1.2, -0.2], [0.1, 0.9],
    ):  # fmt: skip
        note(lambda: [part.indices for part in data.random_split(ten, lengths)])
        note(lambda: torch.rand(1))
    generator = torch.Generator().manual_seed(1)
    note(lambda: [part.indices for part in data.random_split(ten, [4, 6], generator)])
