"""Processes that a program starts find torch, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_run import run_script

CHILD = "import torch; print(torch.__version__, torch.arange(3).sum().item())"
SCRIPTS = {
    "subprocess": f"""
import subprocess, sys
print(subprocess.run([sys.executable, "-c", {CHILD!r}], capture_output=True, text=True).stdout)
""",
    **{
        method: f"""
import multiprocessing, torch
def child(out):
    out.put((torch.__version__, torch.arange(3).sum().item()))
if __name__ == "__main__":
    print(torch.ones(3).sum().item())
    kind = multiprocessing.get_context({method!r})
    out = kind.Queue()
    process = kind.Process(target=child, args=(out,))
    process.start()
    print(*out.get(timeout=60))
    process.join()
"""
        for method in ("fork", "spawn", "forkserver")
    },
}


@pytest.mark.parametrize("how", SCRIPTS)
def test_children_find_ours(tmp_path: Path, how: str) -> None:
    ended = run_script(tmp_path, SCRIPTS[how])
    assert ended.returncode == 0, ended.stderr
    assert "2.13.0+compat 3" in ended.stdout, ended.stderr
