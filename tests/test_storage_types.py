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
