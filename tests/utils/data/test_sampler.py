"""The order of samples: the same seed gives PyTorch's, and leaves the stream where PyTorch's is."""

from tests.support.both import both

TEN = range(10)


@both
def test_orders(torch, note):
    data = torch.utils.data
    for make in (
        lambda: data.SequentialSampler(TEN), lambda: data.RandomSampler(TEN),
        lambda: data.RandomSampler(TEN, num_samples=23), lambda: data.RandomSampler(TEN, True),
        lambda: data.RandomSampler(TEN, replacement=True, num_samples=70),
        lambda: data.RandomSampler(TEN, generator=torch.Generator().manual_seed(2)),
        lambda: data.SubsetRandomSampler([4, 5, 6, 9]),
        lambda: data.WeightedRandomSampler([0.1, 0.2, 0.7], 5),
        lambda: data.WeightedRandomSampler([0.1, 0.2, 0.7], 2, replacement=False),
        lambda: data.BatchSampler(data.RandomSampler(TEN), 3, False),
        lambda: data.BatchSampler(data.SequentialSampler(TEN), 3, True),
        lambda: data.BatchSampler([3, 4, 5], 2, False),
        lambda: data.DistributedSampler(TEN, 3, 1),
        lambda: data.DistributedSampler(TEN, 3, 2, False),
        lambda: data.DistributedSampler(TEN, 3, 0, drop_last=True, seed=3),
        lambda: data.DistributedSampler(range(2), 5, 4),
    ):  # fmt: skip
        torch.manual_seed(5)
        sampler = make()
        note(lambda: (list(sampler), len(sampler), list(sampler)))
        note(lambda: torch.rand(1))


@both
def test_messages(torch, note):
    data = torch.utils.data
    for step in (
        lambda: data.RandomSampler(TEN, 5), lambda: data.RandomSampler(TEN, num_samples=-1),
        lambda: data.RandomSampler([]), lambda: len(data.Sampler()), lambda: iter(data.Sampler()),
        lambda: data.WeightedRandomSampler([0.1], 0),
        lambda: data.WeightedRandomSampler([0.1], True),
        lambda: data.WeightedRandomSampler([0.1], 2, replacement=5),
        lambda: data.WeightedRandomSampler([[0.1]], 2), lambda: data.BatchSampler(TEN, 0, False),
        lambda: data.BatchSampler(TEN, True, False), lambda: data.BatchSampler(TEN, 2, 5),
        lambda: data.DistributedSampler(TEN, 3, 3),
    ):  # fmt: skip
        note(step)
