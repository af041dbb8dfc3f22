"""Forty common operations, each at a small and a large size: what one call costs.

Compat runs them as they are called (eager) or recorded. Small ones are called in batches of a
hundred, whose results are kept so that none can be left out; since they are equal XLA may compute
them once, so that "recorded" tells what recording costs. Large ones are called one by one. Times
are CPU time on one pinned core.
"""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

Call = Callable[[], Any]
SMALL, LARGE = 8, 1024  # the side of a matrix
WARM = 0.4  # seconds of calls before an operation is measured


def calls(torch: Any, n: int) -> dict[str, Call]:
    """The operations by name, on operands of this size."""
    F, linalg = torch.nn.functional, torch.linalg
    torch.manual_seed(0)
    a, b = torch.randn(n, n), torch.randn(n, n)
    positive, mask, row = a.abs() + 0.5, a > 0, torch.randn(n)
    places = torch.randint(n, (n, n))
    few = torch.randint(n, (max(n // 4, 4),))
    side = max(n // 8, 8)  # of what is decomposed
    square = torch.randn(side, side)
    definite = square @ square.T + side * torch.eye(side)
    batch = torch.randn(max(n // 64, 2), max(n // 8, 8), max(n // 8, 8))
    images = torch.randn(4, max(n // 64, 3), max(n // 16, 8), max(n // 16, 8))
    kernel = torch.randn(16, images.shape[1], 3, 3)
    mean, var = torch.zeros(images.shape[1]), torch.ones(images.shape[1])
    weight, bias = torch.randn(n, n), torch.randn(n)
    table = torch.randn(1000, n)
    words = torch.randint(1000, (n,))
    classes = torch.randint(n, (n,))
    return {
        "add": lambda: a + b, "mul": lambda: a * b, "div": lambda: a / positive,
        "add scalar": lambda: a + 1.5, "add row": lambda: a + row, "exp": lambda: a.exp(),
        "log": lambda: positive.log(), "tanh": lambda: a.tanh(), "sigmoid": lambda: a.sigmoid(),
        "relu": lambda: F.relu(a), "gelu": lambda: F.gelu(a), "pow": lambda: positive**1.7,
        "sqrt": lambda: positive.sqrt(), "clamp": lambda: a.clamp(-1, 1),
        "compare": lambda: a < b, "where": lambda: torch.where(mask, a, b),
        "masked_fill": lambda: a.masked_fill(mask, 0.0), "to float64": lambda: a.double(),
        "sum": lambda: a.sum(), "mean of rows": lambda: a.mean(1), "max of rows": lambda: a.max(1),
        "argmax": lambda: a.argmax(1), "norm": lambda: a.norm(), "cumsum": lambda: a.cumsum(1),
        "softmax": lambda: F.softmax(a, 1), "layer_norm": lambda: F.layer_norm(a, (n,)),
        "transpose": lambda: a.t().contiguous(), "cat": lambda: torch.cat([a, b], 1),
        "index_select": lambda: a.index_select(0, few), "gather": lambda: a.gather(1, places),
        "scatter_add": lambda: a.scatter_add(1, places, b), "sort": lambda: a.sort(1),
        "topk": lambda: a.topk(4, 1), "embedding": lambda: F.embedding(words, table),
        "matmul": lambda: a @ b, "bmm": lambda: batch @ batch,
        "linear": lambda: F.linear(a, weight, bias), "conv2d": lambda: F.conv2d(images, kernel),
        "max_pool2d": lambda: F.max_pool2d(images, 2),
        "batch_norm": lambda: F.batch_norm(images, mean, var, training=True),
        "cross_entropy": lambda: F.cross_entropy(a, classes), "fft": lambda: torch.fft.fft(a),
        "cholesky": lambda: linalg.cholesky(definite),
        "solve": lambda: linalg.solve(definite, square), "svd": lambda: linalg.svd(square),
    }  # fmt: skip


def measure(
    torch: Any, wait: Callable[[Any], None], only: Collection[str] = ()
) -> dict[str, list[float]]:
    """Microseconds a call of each operation, small and large: the least of several batches.

    wait   is given the last result of a batch, and comes back when it is computed
    only   the operations to measure, by default all
    """
    found: dict[str, list[float]] = {}
    for n in (SMALL, LARGE):
        for name, call in calls(torch, n).items():
            if only and name not in only:
                continue
            wait(call())
            count = 100 if n == SMALL else 1
            end = time.process_time() + WARM  # until what is worth compiling is compiled
            while time.process_time() < end:
                _batch(call, count, wait)
            rounds = 30
            found.setdefault(name, []).append(
                min(_batch(call, count, wait) for _ in range(rounds)) / count * 1e6
            )
    return found


def profile(torch: Any, name: str, wait: Callable[[Any], None]) -> dict[str, float]:
    """Microseconds of a large call: the whole ("call", by the clock), and each of XLA's loops in
    it, as JAX's own profiler has them."""
    import jax

    call, rounds = calls(torch, LARGE)[name], 30
    end = time.process_time() + WARM
    while time.process_time() < end:
        _batch(call, 1, wait)
    whole = min(_batch(call, 1, wait) for _ in range(rounds))
    loops: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            for _ in range(rounds):
                wait(call())
        (trace,) = Path(folder).rglob("*.trace.json.gz")
        for event in json.loads(gzip.decompress(trace.read_bytes()))["traceEvents"]:
            if "hlo_op" in event.get("args", {}) and "dur" in event:
                loops[event["args"]["hlo_op"]] += event["dur"] / rounds
    return {"call": whole * 1e6, **dict(loops.most_common(3))}


def _batch(call: Call, count: int, wait: Callable[[Any], None]) -> float:
    begin = time.process_time()
    kept = [call() for _ in range(count)]
    wait(kept[-1])
    return time.process_time() - begin
