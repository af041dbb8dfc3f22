"""Batches on their way to the accelerator, which is another name of the CPU here."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import gc, numpy as np, compat as torch
from compat.front import ahead
from compat.utils.data import DataLoader, Dataset, TensorDataset

class Pair:
    def __init__(self, samples):
        self.x = torch.stack([x for x, _ in samples])
    def pin_memory(self):
        self.was_pinned = True
        return self

def shouts(samples):
    return Pair(samples)

def begun():
    gc.collect()
    return len(ahead._begun)

if __name__ == "__main__":
    x, y = torch.randn(64, 5), torch.arange(64)
    for workers in (0, 2):
        loader = DataLoader(TensorDataset(x, y), 8, num_workers=workers, pin_memory=True)
        seen, most = [], 0
        for a, b in loader:
            most = max(most, begun())
            assert a.device.type == "cpu"
            sent = ahead._begun[a._storage.value]
            there = a.to("cuda", non_blocking=True)
            assert there.device == torch.device("cuda", 0) and there._storage.value is sent
            assert a.cuda()._storage.value is not sent  # each one has memory of its own
            b += 1  # what was sent is of no use any more
            assert (b.cuda().cpu() == b).all() and (b.cpu() == b).all()
            seen.append(there.cpu())
        assert torch.equal(torch.cat(seen), x)
        assert most == 2 if workers == 0 else most >= 2, most
        del a, b, there, sent
        assert begun() == 0
        for pair in DataLoader(TensorDataset(x, y), 8, num_workers=workers, pin_memory=True,
                               collate_fn=shouts):
            assert pair.was_pinned
    plain = DataLoader(TensorDataset(x, y), 8)
    next(iter(plain))
    assert begun() == 0
    nested = DataLoader([{"a": (x[0], "name"), "b": [y]}] * 4, 2, pin_memory=True)
    next(iter(nested))
    print("fine")
"""


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_batches_are_sent_as_soon_as_they_are_there(tmp_path, start):
    file = tmp_path / "script.py"
    begin = f"import multiprocessing; multiprocessing.set_start_method({start!r}, force=True)\n"
    file.write_text(SCRIPT.replace('"__main__":\n', '"__main__":\n    ' + begin))
    environment = {**os.environ, "COMPAT_CUDA_MEANS": "cpu"}
    done = subprocess.run(
        [sys.executable, str(file)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and done.stdout == "fine\n", done.stderr
