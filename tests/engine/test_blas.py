"""The host's products run on one thread, and nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import compat as torch
from compat.engine import blas
from compat.engine.host.rules import SCOPE

seen = []
dot = SCOPE["dot"]
def watched(a, b):
    seen.append(blas._get())
    return dot(a, b)
SCOPE["dot"] = watched
layer, x = torch.nn.Linear(64, 64), torch.randn(4, 64)
before = blas._get()
for _ in range(40):  # one by one, then joined
    layer(x).sum().item()
print(before, set(seen), blas._get(), torch.stats()["on_host"] > 0)
try:
    with blas.OneThread():
        with blas.OneThread():
            raise KeyError
except KeyError:
    print(blas._get())
"""


def test_products_of_the_host_run_on_one_thread():
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=120
    )
    before, *_ = done.stdout.split()
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{before} {{1}} {before} True\n{before}\n", done.stdout
