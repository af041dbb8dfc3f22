"""What all tests share: the oracle is counted when it is missing, and warnings stay quiet."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
HAS_ORACLE = importlib.util.find_spec("torch") is not None
_skipped: list[str] = []


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Without real PyTorch the tests that compare with it are skipped, with the reason."""
    if HAS_ORACLE:
        return
    for item in items:
        if item.get_closest_marker("oracle"):
            item.add_marker(pytest.mark.skip(reason="real PyTorch, the oracle, is not installed"))
            _skipped.append(item.nodeid)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says how many comparisons were left out."""
    if _skipped:
        terminalreporter.write_line(
            f"{len(_skipped)} tests that compare with real PyTorch were skipped: "
            "it is not installed"
        )
