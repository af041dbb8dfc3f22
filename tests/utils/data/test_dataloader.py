"""Passes over data: batches, order, random stream and messages, against PyTorch."""

import pytest

from tests.support.both import both


def rows(torch):
    return torch.utils.data.TensorDataset(torch.arange(10.0), torch.arange(20).reshape(10, 2))


OPTIONS = [
    {}, {"batch_size": 4}, {"batch_size": 4, "drop_last": True}, {"batch_size": 3, "shuffle": True},
    {"batch_size": None}, {"batch_size": None, "shuffle": True},
    {"batch_size": 4, "collate_fn": len},
    {"sampler": [3, 4, 5], "batch_size": 2}, {"batch_sampler": [[1, 2], [3]]},
    {"batch_size": None, "sampler": [[1, 2], [3]]}, {"sampler": [20]},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS)
@both
def test_passes(torch, note, options):
    torch.manual_seed(9)
    loader = torch.utils.data.DataLoader(rows(torch), **options)
    for _ in range(2):
        note(lambda: list(loader))
        note(lambda: torch.rand(1))
    names = ("batch_size", "drop_last")
    note(lambda: [getattr(loader, name) for name in names])
    note(lambda: [type(one).__name__ for one in (loader.sampler, loader.batch_sampler)])
    note(lambda: len(loader))


@both
def test_other_data(torch, note):
    data, ten = torch.utils.data, rows(torch)

    class Tens:
        def __len__(self):
            return 3

        def __getitems__(self, indices):
            return [index * 10 for index in indices]

    generator = torch.Generator().manual_seed(1)
    note(lambda: list(data.DataLoader(Tens(), 2)))
    note(lambda: list(data.DataLoader([5, 6, 7], 2)))
    note(lambda: list(data.DataLoader(ten, 3, shuffle=True, generator=generator)))
    note(lambda: list(data.DataLoader(data.random_split(ten, [5, 5], generator)[1], 2)))
    note(lambda: list(data.DataLoader(data.Subset(data.Subset(ten, [4, 3, 2]), [2, 0]), 2)))
    note(lambda: list(data.DataLoader(data.StackDataset(ten, ten), 6)))
    note(lambda: list(data.DataLoader(data.ConcatDataset([ten, ten]), 8)))
    torch.manual_seed(9)
    one_pass = iter(data.DataLoader(ten, batch_size=4))
    note(
        lambda: (
            torch.rand(1),
            len(one_pass),
            next(one_pass),
            torch.rand(1),
            iter(one_pass) is one_pass,
        )
    )


@both
def test_streams(torch, note):
    data = torch.utils.data

    class Stream(data.IterableDataset):
        def __iter__(self):
            return iter(range(5))

        def __repr__(self):
            return "Stream()"

    class Known(Stream):
        def __len__(self):
            return 2

    for kind in (Stream, Known):
        for options in (
            {},
            {"batch_size": 2},
            {"batch_size": 2, "drop_last": True},
            {"batch_size": None},
        ):
            loader = data.DataLoader(kind(), **options)
            note(lambda: list(loader))
            note(lambda: len(loader))
            note(lambda: list(loader))
    for options in ({"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}):
        note(lambda: data.DataLoader(Stream(), **options))


@both
def test_messages(torch, note):
    data, ten = torch.utils.data, rows(torch)
    for options in (
        {"num_workers": -1}, {"timeout": -1}, {"batch_size": 0}, {"batch_size": 1.5},
        {"sampler": [1], "shuffle": True}, {"batch_sampler": [[1]], "shuffle": True},
        {"batch_sampler": [[1]], "batch_size": 3}, {"batch_size": None, "drop_last": True},
        {"prefetch_factor": 2}, {"persistent_workers": True}, {"multiprocessing_context": "fork"},
        {"timeout": 3},
    ):  # fmt: skip
        note(lambda: list(data.DataLoader(ten, **options)))
    note(lambda: len(list(data.DataLoader(ten, pin_memory=True))))
    loader = data.DataLoader(ten)
    for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset"):
        note(lambda: setattr(loader, name, 1))
    note(data.get_worker_info)


def test_steps_of_samples_are_no_part_of_the_training_step() -> None:
    import compat
    from compat.front.update import pending

    class Halves:
        data = compat.arange(40.0).reshape(10, 4)

        def __len__(self) -> int:
            return 10

        def __getitem__(self, at: int) -> compat.Tensor:
            return self.data[at].clone() / 2

    batches = iter(compat.utils.data.DataLoader(Halves(), batch_size=5))
    before = pending()
    first = next(batches)
    assert pending() <= before
    assert first.tolist() == (compat.arange(20.0).reshape(5, 4) / 2).tolist()
