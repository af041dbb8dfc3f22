"""The oldest format, as PyTorch still reads it: storages, parts of storages, tensors, a pickle."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import compat

torch = pytest.importorskip("torch")

STORAGES = {
    11: (torch.FloatStorage, np.arange(6, dtype="f4")),
    12: (torch.LongStorage, np.arange(4, dtype="i8")),
}
PARTS = [(13, 11, 2, 4)]  # number, of which storage, from where, how many
TENSORS = [
    (21, 11, torch.FloatTensor, (2, 3), (3, 1), 0),
    (22, 12, torch.LongTensor, (2,), (2,), 1),
    (23, 13, torch.FloatTensor, (2, 2), (2, 1), 0),
]


class Reference(str):
    """The number of a tensor."""


class Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> str | None:
        return str(obj) if isinstance(obj, Reference) else None


def written(thing: Any) -> bytes:
    storages, tensors, main, whole = (io.BytesIO() for _ in range(4))
    pickle.dump(len(STORAGES), storages, 2)
    for key, (kind, numbers) in STORAGES.items():
        pickle.dump((key, "cpu", kind), storages, 2)
        storages.write(struct.pack("<q", len(numbers)) + numbers.tobytes())
    pickle.dump(PARTS, storages, 2)
    pickle.dump(len(TENSORS), tensors, 2)
    for key, storage, kind, size, stride, offset in TENSORS:
        pickle.dump((key, storage, kind), tensors, 2)
        tensors.write(struct.pack("<ii", len(size), 0))
        tensors.write(struct.pack(f"<{2 * len(size) + 1}q", *size, *stride, offset))
    Pickler(main, 2).dump(thing)
    with tarfile.open(fileobj=whole, mode="w:", format=tarfile.PAX_FORMAT) as archive:
        for name, part in (("storages", storages), ("tensors", tensors), ("pickle", main)):
            entry = tarfile.TarInfo(name)
            entry.size = len(part.getvalue())
            archive.addfile(entry, io.BytesIO(part.getvalue()))
    return whole.getvalue()


THING = {"a": Reference("21"), "b": [Reference("22"), Reference("23")], "n": 3}


def test_an_archive_is_read_as_pytorch_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "old.t7"
    path.write_bytes(written(THING))
    for t in (torch, compat):
        found = t.load(path, weights_only=False)
        assert found["n"] == 3
        assert found["a"].tolist() == [[0, 1, 2], [3, 4, 5]] and found["a"].dtype == t.float32
        assert found["b"][0].tolist() == [1, 3] and found["b"][0].dtype == t.int64
        found["a"][0, 2] = 99  # the other tensor is over a part of the same storage
        assert found["b"][1].tolist() == [[99, 3], [4, 5]]
        with pytest.raises(RuntimeError, match="legacy .tar format"):
            t.load(path)


def test_a_damaged_archive_is_refused() -> None:
    data = written(THING)
    used = data.rstrip(b"\0")
    for length in range(512, len(used), 61):
        with pytest.raises((RuntimeError, pickle.UnpicklingError, EOFError)):
            compat.load(io.BytesIO(data[:length]), weights_only=False)
    with pytest.raises(RuntimeError, match="number 24 is missing"):
        compat.load(io.BytesIO(written(Reference("24"))), weights_only=False)
