"""The command line, and what a program under `compat.install()` sees."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*arguments: str, where: Path) -> subprocess.CompletedProcess[str]:
    """`python` with these arguments, in a folder, with the library on the path."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=where, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def run_script(where: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Writes a script and runs it with torch meaning compat."""
    (where / "script.py").write_text(text)
    return run("-m", "compat", "run", "script.py", *arguments, where=where)


def test_an_error_shows_the_users_line_and_ends_with_1(tmp_path: Path) -> None:
    ended = run_script(tmp_path, "import torch\nx = torch.ones(2)\nx + torch.ones(3)  # here\n")
    assert ended.returncode == 1
    assert 'script.py", line 3, in <module>' in ended.stderr
    assert "x + torch.ones(3)  # here" in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("RuntimeError: The size of tensor a (2)")
    assert "__main__.py" not in ended.stderr  # the launcher's frames are no news to the user


def test_the_script_is_main_with_its_own_arguments(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("VALUE = 7\n")
    text = (
        "import sys, beside\n"
        "print(__name__, sys.argv, __file__, beside.VALUE)\n"
        "print(sys.modules['__main__'].__dict__ is globals())\n"
    )
    ended = run_script(tmp_path, text, "--lr", "0.1")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        "__main__ ['script.py', '--lr', '0.1'] script.py 7",
        "True",
    ]


@pytest.mark.parametrize(
    ("given", "status"), [("", 0), ("None", 0), ("0", 0), ("3", 3), ("'no data'", 1)]
)
def test_exit_status(tmp_path: Path, given: str, status: int) -> None:
    ended = run_script(tmp_path, f"import sys\nsys.exit({given})\n")
    assert ended.returncode == status
    assert ended.stderr.strip() == ("no data" if status == 1 else "")


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    ended = run("-m", "compat", "run", "nowhere.py", where=tmp_path)
    assert ended.returncode == 2
    assert "can't open file 'nowhere.py'" in ended.stderr


def test_a_package_runs_as_a_module(tmp_path: Path) -> None:
    package = tmp_path / "trainer"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "model.py").write_text("import torch\nSIZE = torch.Size([2])\n")
    (package / "__main__.py").write_text(
        "import sys\nfrom .model import SIZE\nprint(__name__, SIZE, sys.argv[1:])\n"
    )
    ended = run("-m", "compat", "run", "-m", "trainer", "--epochs", "2", where=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "__main__ torch.Size([2]) ['--epochs', '2']"


def test_what_other_packages_ask_of_torch(tmp_path: Path) -> None:
    text = (
        "import importlib.metadata, importlib.util\n"
        "print(importlib.util.find_spec('torch') is not None)\n"
        "print(importlib.util.find_spec('torch.nn.functional') is not None)\n"
        "print(importlib.util.find_spec('torch.nowhere'))\n"
        "import torch, torch.nn as nn\n"
        "import torch.nn.functional as F\n"
        "print(importlib.metadata.version('torch') == torch.__version__)\n"
        "print(nn is torch.nn, F is torch.nn.functional, torch.__name__)\n"
        "import sys, compat\n"
        "print(sys.modules['torch'] is compat)\n"
    )
    ended = run_script(tmp_path, text)
    assert ended.returncode == 0, ended.stderr
    first, second, third, fourth, fifth, sixth = ended.stdout.splitlines()
    assert (first, second, third, fourth) == ("True", "True", "None", "True")
    assert fifth.startswith("True True") and sixth == "True"


def test_missing_names_say_so(tmp_path: Path) -> None:
    text = (
        "import torch\n"
        "print(hasattr(torch, 'nowhere'), hasattr(torch.nn, 'Nowhere'))\n"
        "try:\n    from torch import nowhere\nexcept ImportError as error:\n    print(error)\n"
        "torch.nowhere\n"
    )
    ended = run_script(tmp_path, text)
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[0] == "False False"
    assert "cannot import name 'nowhere'" in ended.stdout
    assert "AttributeError: module 'torch' has no attribute 'nowhere'" in ended.stderr


def test_torchvision_is_found(tmp_path: Path) -> None:
    ended = run_script(tmp_path, "import torchvision\nprint(torchvision.__name__)\n")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.oracle
def test_install_is_refused_beside_real_torch(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    text = "import torch, compat\ncompat.install()\n"
    (tmp_path / "beside.py").write_text(text)
    ended = run("beside.py", where=tmp_path)
    assert ended.returncode == 1
    assert "RuntimeError: compat.install(): the real torch has been imported" in ended.stderr


def test_ops_says_where_an_op_is_declared(tmp_path: Path) -> None:
    found = run("-m", "compat", "ops", "add", where=ROOT)
    assert found.returncode == 0 and "arithmetic.py:" in found.stdout
    assert run("-m", "compat", "ops", "nowhere", where=ROOT).returncode == 1


def test_report_says_what_ran_and_where_it_looked(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import torch\nfor _ in range(3):\n    print(torch.ones(3).sum().item())\n"
    )
    ended = run("-m", "compat", "run", "--report", "script.py", where=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "sections         3" in ended.stderr
    assert "       3  script.py:3" in ended.stderr


def test_annotations_are_objects(tmp_path: Path) -> None:
    ended = run_script(tmp_path, "def f(x: int): ...\nprint(f.__annotations__)\n")
    assert ended.stdout == "{'x': <class 'int'>}\n"
