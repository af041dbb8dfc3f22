"""Storages convert, map files and take buffers, as those of PyTorch 0.4 did."""

from __future__ import annotations

from pathlib import Path

import compat as torch


def test_conversions() -> None:
    storage = torch.FloatStorage([1.5, 2])
    assert storage.type() == "torch.FloatStorage" and storage.float() is storage
    assert storage.long().tolist() == [1, 2] and storage.type("torch.DoubleStorage").size() == 2
    assert storage.type(new_type=torch.ByteStorage).type() == "torch.ByteStorage"
    assert storage.new(3).size() == 3 and storage.cpu() is storage and not storage.is_pinned()
    assert not storage.is_shared() and storage.share_memory_().is_shared()


def test_buffers_and_files(tmp_path: Path) -> None:
    made = torch.ShortStorage.from_buffer(b"\x00\x01\x00\x02", "big")
    assert made.tolist() == [1, 2]
    name = str(tmp_path / "numbers")
    mapped = torch.IntStorage.from_file(name, shared=True, size=3)
    mapped[1] = 7
    assert torch.IntStorage.from_file(name, size=3).tolist() == [0, 7, 0]


def test_a_vector_over_a_file(tmp_path: Path) -> None:
    name = str(tmp_path / "numbers")
    shared = torch.from_file(name, shared=True, size=3)
    shared.add_(2)[1] = 7
    assert torch.from_file(name, size=3, dtype=torch.float32).tolist() == [2, 7, 2]
    own = torch.from_file(name, shared=False, size=3)
    own.zero_()
    assert torch.from_file(name, size=3).tolist() == [2, 7, 2] and own.tolist() == [0, 0, 0]


def test_classes() -> None:
    assert torch.Storage is torch.FloatStorage and torch.ones(1).storage_type() is torch.Storage
    assert torch.zeros(1, dtype=torch.int64).storage_type() is torch.LongStorage
    assert not torch.ByteTensor.all(torch.tensor([1, 0]))
