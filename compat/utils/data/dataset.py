"""Data sets: samples by index, or one after the other; and ways to join and split them."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import compat as torch

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Dataset(Generic[T_co]):
    """Samples by index: a subclass defines `__getitem__`, and `__len__` for most uses.

    A `__getitems__` that takes a list of indices, if there is one, loads whole batches.
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Dataset[T_co]) -> ConcatDataset[T_co]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """Samples one after the other: a subclass defines `__iter__`."""

    def __add__(self, other: Dataset[T_co]) -> ChainDataset:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Any, ...]]):
    """The rows of tensors of equal length: sample i is `(a[i], b[i], ...)`."""

    tensors: tuple[torch.Tensor, ...]

    def __init__(
        self, *tensors: torch.Tensor, data_tensor: Any = None, target_tensor: Any = None
    ) -> None:
        # the names that the two tensors had in PyTorch 0.3
        tensors += tuple(one for one in (data_tensor, target_tensor) if one is not None)
        if any(one.size(0) != tensors[0].size(0) for one in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[torch.Tensor, ...]:
        return tuple(one[index] for one in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].size(0)


class StackDataset(Dataset[Any]):
    """Samples of several data sets side by side: as a tuple, or by name as a dict."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "Supported either ``tuple``- (via ``args``) or"
                "``dict``- (via ``kwargs``) like input/output, but both types are given."
            )
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed")
        self.datasets: Any = args or kwargs
        self._length = len(next(iter(self._members())))
        if any(len(one) != self._length for one in self._members()):
            raise ValueError("Size mismatch between datasets")

    def _members(self) -> Iterable[Any]:
        return self.datasets.values() if isinstance(self.datasets, dict) else self.datasets

    def _like_datasets(self, members: Iterable[Any]) -> Any:
        if isinstance(self.datasets, dict):
            return dict(zip(self.datasets, members, strict=True))
        return tuple(members)

    def __getitem__(self, index: Any) -> Any:
        return self._like_datasets(one[index] for one in self._members())

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        columns = []
        for one in self._members():
            samples = many(one, indices)
            if len(samples) != len(indices):
                raise ValueError(
                    "Nested dataset's output size mismatch. "
                    f"Expected {len(indices)}, got {len(samples)}"
                )
            columns.append(samples)
        return [self._like_datasets(row) for row in zip(*columns, strict=True)]

    def __len__(self) -> int:
        return self._length


def many(dataset: Any, indices: list[Any]) -> list[Any]:
    """The samples of several indices, at once if the data set can do that."""
    at_once = getattr(dataset, "__getitems__", None)
    return at_once(indices) if callable(at_once) else [dataset[index] for index in indices]


class ConcatDataset(Dataset[T_co]):
    """Data sets one behind the other."""

    datasets: list[Dataset[T_co]]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Dataset[Any]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(one, IterableDataset) for one in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = self.cumsum(self.datasets)

    @staticmethod
    def cumsum(sequence: Iterable[Any]) -> list[int]:
        """The sums of the lengths so far."""
        return list(itertools.accumulate(len(one) for one in sequence))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx: int) -> T_co:
        if idx < 0:
            if -idx > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            idx += len(self)
        at = bisect.bisect_right(self.cumulative_sizes, idx)
        before = self.cumulative_sizes[at - 1] if at else 0
        return self.datasets[at][idx - before]

    @property
    def cummulative_sizes(self) -> list[int]:
        """The old spelling of `cumulative_sizes`."""
        warnings.warn(
            "`cummulative_sizes` attribute is renamed to `cumulative_sizes`",
            FutureWarning,
            stacklevel=2,
        )
        return self.cumulative_sizes


class ChainDataset(IterableDataset[Any]):
    """Iterable data sets one after the other."""

    def __init__(self, datasets: Iterable[Dataset[Any]]) -> None:
        super().__init__()
        self.datasets = datasets

    def _checked(self) -> Iterator[Any]:
        for one in self.datasets:
            if not isinstance(one, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield one

    def __iter__(self) -> Iterator[Any]:
        for one in self._checked():
            yield from one

    def __len__(self) -> int:
        return sum(len(one) for one in self._checked())


class Subset(Dataset[T_co]):
    """The samples of some indices of a data set."""

    dataset: Dataset[T_co]
    indices: Sequence[int]

    def __init__(self, dataset: Dataset[T_co], indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, idx: Any) -> Any:
        if isinstance(idx, list):
            return self.dataset[[self.indices[at] for at in idx]]
        return self.dataset[self.indices[idx]]

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        return many(self.dataset, [self.indices[at] for at in indices])

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Dataset[T],
    lengths: Sequence[int | float],
    generator: torch.Generator = torch.default_generator,
) -> list[Subset[T]]:
    """Subsets of the given lengths, or fractions that add up to 1, of shuffled indices.

    >>> [len(part) for part in random_split(range(10), [0.7, 0.3])]
    [7, 3]
    """
    size = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _shares(lengths, size)
    if sum(lengths) != size:
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    indices = torch.randperm(int(sum(lengths)), generator=generator).tolist()
    ends = itertools.accumulate(lengths)
    return [
        Subset(dataset, indices[end - length : end])
        for end, length in zip(ends, lengths, strict=True)
    ]


def _shares(fractions: Sequence[float], size: int) -> list[int]:
    """Fractions of a size as whole numbers; what is left goes to the first ones, one each."""
    shares = []
    for at, fraction in enumerate(fractions):
        if fraction < 0 or fraction > 1:
            raise ValueError(f"Fraction at index {at} is not between 0 and 1")
        shares.append(math.floor(size * fraction))
    for at in range(size - sum(shares)):
        shares[at % len(shares)] += 1
    for at, share in enumerate(shares):
        if share == 0:
            warnings.warn(
                f"Length of split at index {at} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return shares
