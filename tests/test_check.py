"""What `python -m compat check` says of a code base."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat.check import check, is_there, uses_of

SCRIPT = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import SGD as Descent, nothing_like_it
import numpy as np

net = nn.Sequential(nn.Linear(2, 2), nn.NoSuchLayer())
y = F.relu(torch.ones(2)) + np.torch_like(1)
torch.compile(net)
torch.no_such_function(y)
torch.Tensor.some_method
"""


def test_names_are_found_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    found = uses_of(tmp_path / "script.py")
    assert isinstance(found, list)
    names = {use.name: use.line for use in found}
    assert names["torch.nn.Linear"] == 8 and names["torch.nn.functional.relu"] == 9
    assert names["torch.optim.SGD"] == 5 and "numpy.torch_like" not in names


def test_what_is_missing_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "broken.py").write_text("def (:\n")
    assert check([str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    for name in ("torch.nn.NoSuchLayer", "torch.no_such_function", "torch.optim.nothing_like_it"):
        assert f"  {name} " in out
    assert "broken.py: not read" in err
    (tmp_path / "script.py").write_text("import torch\ntorch.ones(2)\n")
    assert check([str(tmp_path)]) == 0
    assert check([str(tmp_path / "absent")]) == 2


def test_only_modules_are_looked_into() -> None:
    assert is_there("torch.Tensor.anything") and is_there("torch.utils.data.DataLoader")
    assert not is_there("torch.utils.nothing") and not is_there("torch.nothing.at.all")
