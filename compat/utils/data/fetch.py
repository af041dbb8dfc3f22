"""From the sampler's indices to a batch, in whichever process."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import compat as torch
from compat.front.update import pending, run_pending

from .collate import default_collate
from .dataset import IterableDataset, Subset, TensorDataset, many


class Fetcher:
    """Reads samples of a data set and makes batches of them.

    batches    whether an index is a list of indices
    drop_last  leaves out a last batch of a stream that is shorter
    """

    def __init__(
        self, dataset: Any, batches: bool, collate_fn: Callable[[Any], Any], drop_last: bool
    ) -> None:
        self.dataset, self.batches = dataset, batches
        self.collate_fn, self.drop_last = collate_fn, drop_last
        self.stream = iter(dataset) if isinstance(dataset, IterableDataset) else None
        self.ended = False

    def fetch(self, index: Any) -> Any:
        """The batch (or the sample) of an index; StopIteration at the end of a stream."""
        before = pending()
        if self.stream is not None:
            data = self._from_stream(index)
        elif not self.batches:
            data = self.dataset[index]
        else:
            if self.collate_fn is default_collate:
                data = _whole_batch(self.dataset, index)
                if data is not None:
                    return data
            data = many(self.dataset, index)
        batch = self.collate_fn(data)
        # Steps of each sample are many and small, and seldom the same for two batches: apart from
        # the program of the training step they run on the host, and that program is one for all.
        if pending() - before >= (len(index) if self.batches else 2):
            run_pending()
        return batch

    def _from_stream(self, batch: Any) -> Any:
        assert self.stream is not None
        if not self.batches:
            return next(self.stream)
        if self.ended:
            raise StopIteration
        data = list(itertools.islice(self.stream, len(batch)))
        self.ended = len(data) < len(batch)
        if not data or (self.drop_last and self.ended):
            raise StopIteration
        return data


def _whole_batch(dataset: Any, indices: list[int]) -> list[torch.Tensor] | None:
    """What collating the rows of a TensorDataset gives, by one indexing of each tensor."""
    while type(dataset) is Subset:
        indices = [dataset.indices[at] for at in indices]
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset:
        return None
    return [one[indices] for one in dataset.tensors]
