"""Files by URL: checked, kept, whole or not there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import compat
from compat.utils import model_zoo


@pytest.fixture
def published(tmp_path: Path) -> Path:
    plain = tmp_path / "plain.pth"
    compat.save({"weight": compat.arange(3)}, plain)
    digest = hashlib.sha256(plain.read_bytes()).hexdigest()
    named = tmp_path / f"model-{digest[:8]}.pth"
    plain.rename(named)
    return named


def test_a_checkpoint_is_read_once(published: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    state = model_zoo.load_url(published.as_uri(), model_dir=str(kept), progress=False)
    assert state["weight"].tolist() == [0, 1, 2]
    published.unlink()
    again = compat.hub.load_state_dict_from_url(published.as_uri(), model_dir=str(kept))
    assert again["weight"].tolist() == [0, 1, 2]


def test_a_wrong_file_is_refused_and_not_kept(published: Path, tmp_path: Path) -> None:
    wrong = published.with_name("model-00000000.pth")
    published.rename(wrong)
    kept = tmp_path / "kept"
    with pytest.raises(RuntimeError, match="invalid hash value"):
        model_zoo.load_url(wrong.as_uri(), model_dir=str(kept), progress=False)
    assert list(kept.iterdir()) == []


def test_a_model_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "hubconf.py").write_text(
        "dependencies = ['numpy']\ndef tiny(width=2):\n    'A layer.'\n"
        "    import compat\n    return compat.nn.Linear(width, 1)\n"
    )
    assert compat.hub.list(str(tmp_path), source="local") == ["tiny"]
    assert compat.hub.help(str(tmp_path), "tiny", source="local") == "A layer."
    assert compat.hub.load(str(tmp_path), "tiny", source="local", width=3).in_features == 3
    with pytest.raises(RuntimeError, match="Cannot find callable other in hubconf"):
        compat.hub.load(str(tmp_path), "other", source="local")
