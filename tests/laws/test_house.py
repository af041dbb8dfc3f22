"""The house tests itself: floors, names, docs, and no PyTorch underneath."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = {
    "core": 1, "engine": 2, "ops": 2, "tape": 3, "front": 4,
    "autograd": 5, "serialization": 5, "sparse": 5, "optim": 6, "utils": 6, "distributions": 6,
    "vision": 7,
}  # fmt: skip
STRANGERS = {("engine", "ops"), ("ops", "engine")}


def _sources() -> list[Path]:
    return sorted([*(ROOT / "compat").rglob("*.py"), *(ROOT / "compat_nn").rglob("*.py")])


def _imports(path: Path, top_only: bool) -> list[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_only else list(ast.walk(tree))
    found: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", _sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_down(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    if parts[0] != "compat" or parts[1] not in FLOORS:
        return
    mine = parts[1]
    for name in _imports(path, top_only=True):
        if not name.startswith("compat."):
            continue
        theirs = name.split(".")[1]
        if theirs in FLOORS and theirs != mine:
            assert FLOORS[theirs] <= FLOORS[mine], f"{path} imports {name} from a floor above"
            assert (mine, theirs) not in STRANGERS, f"{path} imports {name}"


@pytest.mark.parametrize("path", _sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_imports_torch(path: Path) -> None:
    for name in _imports(path, top_only=False):
        assert name.split(".")[0] not in ("torch", "torchvision", "torchax"), f"{path}: {name}"


def test_tests_can_be_collected_without_torch() -> None:
    """They take it by `importorskip`, so that a user's run skips and counts them."""
    asking = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if any(name.split(".")[0] == "torch" for name in _imports(path, top_only=True))
    ]
    assert not asking


@pytest.mark.parametrize("path", _sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_say_what_they_are_for(path: Path) -> None:
    text = path.read_text()
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), f"{path} has no opening sentence"


def test_every_op_has_a_docstring() -> None:
    import compat  # noqa: F401
    from compat.ops.declare import OPS, VIEWS

    bare = [op.name for op in OPS.values() if not op.body.__doc__]
    bare += [view.name for view in VIEWS.values() if not view.geometry.__doc__]
    assert bare == []


def test_no_module_hides_a_function() -> None:
    import compat
    from compat.front.derive import FUNCTIONS

    for name in FUNCTIONS["torch"]:
        assert not isinstance(getattr(compat, name), type(compat)), name


def test_runs_without_torch_installed() -> None:
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'torch': raise ImportError('torch was asked for')\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "import compat as torch\n"
        "m = torch.nn.Linear(3, 2)\n"
        "loss = m(torch.ones(4, 3)).sum()\n"
        "loss.backward()\n"
        "torch.optim.SGD(m.parameters(), lr=0.1).step()\n"
        "assert not [n for n in sys.modules if n == 'torch' or n.startswith('torch.')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_importing_leaves_jax_alone() -> None:
    code = (
        "import compat, jax; assert not jax.config.jax_enable_x64; print(compat.tensor([1]).dtype)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)
    assert done.stdout.split() == [b"torch.int64"]
