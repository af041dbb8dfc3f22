"""Files of scripted modules: our own archives, with the module as a pickled object."""

from __future__ import annotations

import os
import zipfile
from typing import Any

import compat as torch


def save(m: Any, f: Any, _extra_files: dict[str, Any] | None = None) -> None:
    """Writes what `script` or `trace` gave, with more files' contents by name."""
    extra = {
        name: text.encode() if isinstance(text, str) else bytes(text)
        for name, text in (_extra_files or {}).items()
    }
    torch.save({"compat.jit": 1, "module": m, "extra": extra}, f)


def load(
    f: Any, map_location: Any = None, _extra_files: dict[str, Any] | None = None,
    _restore_shapes: bool = False,
) -> Any:  # fmt: skip
    """What `save` has written. As with any pickled module, load only files that you trust.

    NotImplementedError for a file that PyTorch's own TorchScript has written.
    """
    place = None if hasattr(f, "read") else os.fspath(f)
    if place is not None and not os.path.exists(place):
        raise ValueError(f"The provided filename {place} does not exist")
    start = f.tell() if place is None else 0
    if zipfile.is_zipfile(f if place is None else place):
        if place is None:
            f.seek(start)
        with zipfile.ZipFile(f if place is None else place) as archive:
            if any("/code/" in name for name in archive.namelist()):
                raise NotImplementedError(
                    "compat.jit.load cannot run archives of TorchScript code; load the state "
                    "dict, or save from Python, instead"
                )
    if place is None:
        f.seek(start)
    found = torch.load(f, map_location=map_location, weights_only=False)
    if not isinstance(found, dict) or found.get("compat.jit") != 1:
        raise RuntimeError("torch.jit.load: the file was not written by torch.jit.save")
    for name in _extra_files or {}:
        _extra_files[name] = found["extra"].get(name, b"")  # type: ignore[index]
    return found["module"]
