"""What one process keeps on disk for the next: marks, records, executables, and their loss."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial

import pytest

import compat
from compat.engine import disk
from compat.ops.declare import OPS

STEPS = """
import json, jax.monitoring
events = []
listen = jax.monitoring.register_event_duration_secs_listener
listen(lambda name, *rest, **more: events.append(name))
import compat as torch
from compat import nn

torch.manual_seed(0)
features = nn.Conv2d(3, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
net = nn.Sequential(*features, nn.Linear(14400, 8))
update = torch.optim.Adam(net.parameters())
x, y = torch.randn(16, 3, 32, 32), torch.arange(16) % 8
losses = []
for _ in range(3):
    update.zero_grad()
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    update.step()
    losses.append(loss.item())
square = torch.randn(70, 70)
values = torch.linalg.svd(square @ square.T)[1].tolist()
count = lambda part: sum(part in name for name in events)
print(json.dumps({
    "losses": losses, "values": values, "traced": count("jaxpr_trace"),
    "compiled": count("backend_compile"), "stats": torch.stats(),
}))
"""


def run(source: str, folder: object, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COMPAT_CACHE_DIR": str(folder), "COMPAT_RUN": "whole"}
    environment |= settings
    return subprocess.run(
        [sys.executable, "-c", source], env=environment, capture_output=True, text=True, timeout=300
    )


def steps(folder: object) -> dict:
    done = run(STEPS, folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_second_run_of_a_script_compiles_nothing_and_hardly_traces(tmp_path):
    first, second = steps(tmp_path), steps(tmp_path)
    assert second["losses"] == first["losses"] and second["values"] == first["values"]
    assert first["compiled"] > 1 and second["compiled"] == 0
    assert second["traced"] < first["traced"] / 4  # LAPACK's functions are readied by lowering
    assert second["stats"]["compiles"] == first["stats"]["compiles"]


def test_without_a_folder_nothing_is_kept(tmp_path):
    done = run(STEPS, "0", HOME=str(tmp_path))
    assert done.returncode == 0 and not list(tmp_path.rglob("*.sqlite"))


@pytest.mark.parametrize("damage", ["all", "middle"])
def test_a_damaged_file_is_made_again(tmp_path, damage):
    first = steps(tmp_path)
    file = tmp_path / disk.FILE
    size = file.stat().st_size
    with open(file, "r+b") as kept:
        kept.seek(0 if damage == "all" else 8192)
        kept.write(b"\x5a" * (size if damage == "all" else size // 2))
    done = run(STEPS, tmp_path)
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout.splitlines()[-1])
    assert again["losses"] == first["losses"] and again["values"] == first["values"]


def test_a_folder_that_cannot_be_made_is_warned_of_and_done_without(tmp_path):
    (tmp_path / "file").write_text("")
    done = run(STEPS, tmp_path / "file" / "below")
    assert done.returncode == 0 and "keeps nothing for the next run" in done.stderr


MARKS = """
from compat.engine import disk
import compat as torch
from compat.ops.declare import OPS
kinds = torch.float32, torch.device("cuda", 1), OPS["torch.add"], torch.optim.SGD, (1, "a", None)
for kind in kinds:
    print(disk.mark(kind, 2.5, (3, torch.Size((4, 5)))).hex())
"""


def test_marks_are_the_same_in_every_process(tmp_path):
    one = run(MARKS, tmp_path, PYTHONHASHSEED="1").stdout.split()
    assert len(set(one)) == 5 and one == run(MARKS, tmp_path, PYTHONHASHSEED="2").stdout.split()
    assert one != run(MARKS, tmp_path, XLA_FLAGS="--xla_cpu_enable_fast_math=true").stdout.split()


def test_what_equals_in_python_has_marks_of_its_own():
    marks = [disk.mark(one) for one in (1, 1.0, True, "1", (1,), ("1",), 0.0, -0.0, None)]
    assert None not in marks and len(set(marks)) == len(marks)


def test_the_default_type_is_part_of_a_mark():
    one = disk.mark(OPS["torch.isclose"])
    compat.set_default_dtype(compat.float64)
    try:
        assert disk.mark(OPS["torch.isclose"]) != one
    finally:
        compat.set_default_dtype(compat.float32)
    assert disk.mark(OPS["torch.isclose"]) == one


class Mine:
    mark = b"mine"


@pytest.mark.parametrize("one", [lambda: 1, partial(max, 1), object(), Mine, Mine(), steps])
def test_what_means_nothing_elsewhere_has_no_mark(one):
    assert disk.mark("a", (one,)) is None
    disk.remember(None, [1])
    assert disk.recall(None) is None


def test_what_was_used_last_longest_ago_goes_first(tmp_path, monkeypatch):
    store = disk.Store(tmp_path)
    monkeypatch.setattr(store, "today", 1)
    for at in range(6):
        store.put(b"old%d" % at, bytes(100_000))
    store.today = 2
    for at in range(5):
        store.put(b"new%d" % at, bytes(100_000))
    assert store.get(b"old0") is not None  # which makes it a new one
    store.close()
    monkeypatch.setattr(disk, "LIMIT", 1_000_000)
    store = disk.Store(tmp_path)
    assert [store.get(b"old%d" % at) is not None for at in range(6)] == [True] + [False] * 5
    assert all(store.get(b"new%d" % at) is not None for at in range(5))
    assert (tmp_path / disk.FILE).stat().st_size < 1_000_000
    store.close()


def test_small_records_are_written_together_and_at_the_end(tmp_path):
    store, other = disk.Store(tmp_path), disk.Store(tmp_path)
    store.put(b"a", b"1")
    assert store.get(b"a") == b"1" and other.get(b"a") is None
    store.close()
    assert other.get(b"a") == b"1"


def test_a_file_that_fails_is_done_without(tmp_path):
    store = disk.Store(tmp_path)
    store.put(b"a", bytes(5000))
    store.base.close()
    with pytest.warns(UserWarning, match="keeps nothing for the next run"):
        assert store.get(b"a") is None
    store.put(b"b", bytes(5000))
    assert store.get(b"b") is None and not store.waiting
